"""Lets root run PostgreSQL, which refuses to run as root. Adds no user and changes no folder."""

import os
import shutil
import subprocess

from config.devserver.faults import NoServers

NOBODY = 65534
# A user namespace in which our files stay ours and only our name changes.
NAMESPACE = ["unshare", "-U", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
# Containers often forbid namespaces. The one capability kept lets nobody read our folders.
CAPABILITY = [
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
]


class RootCannotYield(NoServers):
    """We are root, and this machine offers no way to run a program as somebody else."""


def unprivileged_prefix() -> list[str]:
    """Return what to put before a command so that it doesn't run as root."""
    if os.geteuid() != 0:
        return []
    for prefix in (NAMESPACE, CAPABILITY):
        if shutil.which(prefix[0]) and _works(prefix):
            return prefix
    raise RootCannotYield(
        "PostgreSQL refuses to run as root, and neither unshare nor setpriv works here. "
        "Run as an ordinary user, or set DATABASE_URL."
    )


def _works(prefix: list[str]) -> bool:
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
