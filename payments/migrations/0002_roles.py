"""Makes a group for each role. Roles that are changed here later are changed by a migration."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

from payments.domain.roles import ROLES


def make_groups(apps: Any, schema_editor: Any) -> None:
    # Permissions are otherwise made only after the last migration.
    create_permissions(installed.get_app_config("payments"), verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        found = Permission.objects.filter(
            content_type__app_label="payments", codename__in=codenames
        )
        group.permissions.set(found)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
