"""The database keeps the books: no charge or refund is changed or deleted, by whatever code.

Also the one row of conditions, without which neither process can tell the time.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

KEEP_THE_BOOKS = """
CREATE FUNCTION psp_refuse_to_change_the_books() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books are append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TRIGGER charges_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON psp_charge
    FOR EACH STATEMENT EXECUTE FUNCTION psp_refuse_to_change_the_books();

CREATE TRIGGER refunds_are_never_deleted BEFORE DELETE OR TRUNCATE ON psp_refund
    FOR EACH STATEMENT EXECUTE FUNCTION psp_refuse_to_change_the_books();

CREATE TRIGGER only_a_pending_refund_ends BEFORE UPDATE ON psp_refund
    FOR EACH ROW WHEN (
        OLD.status <> 'pending'
        OR NEW.status = 'pending'
        OR (NEW.id, NEW.refund_id, NEW.session_id, NEW.attempt, NEW.amount_minor, NEW.booked_at)
           IS DISTINCT FROM
           (OLD.id, OLD.refund_id, OLD.session_id, OLD.attempt, OLD.amount_minor, OLD.booked_at)
    )
    EXECUTE FUNCTION psp_refuse_to_change_the_books();
"""

LET_THE_BOOKS_GO = """
DROP TRIGGER charges_are_final ON psp_charge;
DROP TRIGGER refunds_are_never_deleted ON psp_refund;
DROP TRIGGER only_a_pending_refund_ends ON psp_refund;
DROP FUNCTION psp_refuse_to_change_the_books();
"""


def create_conditions(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the clocks begin."""
    apps.get_model("psp", "Conditions").objects.create(pk=1)


class Migration(migrations.Migration):
    """After the tables."""

    dependencies = (("psp", "0001_initial"),)
    operations = (
        migrations.RunSQL(KEEP_THE_BOOKS, LET_THE_BOOKS_GO),
        migrations.RunPython(create_conditions, migrations.RunPython.noop),
    )
