"""Finds a Chromium for the browser tests, and installs Debian's where that can be done quietly."""

import os
import shutil
import subprocess
import sys

# The first is the browser without its windows, which costs a third less.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What a browser needs to run as root in a container, to leave the network alone, and to be cheap.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # One process for the pages of all sites: what keeps sites apart costs more than the pages.
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    # Every page is new to it: what it would compile to be fast later is thrown away before.
    "--js-flags=--no-opt --no-maglev",
)
MISSING = "The browser tests are skipped: there is no Chromium on this machine."


def find_chromium() -> str | None:
    """Return the path of a Chromium that starts, if there is one."""
    for name in NAMES:
        if (path := shutil.which(name)) and _starts(path):
            return path
    return None


def provide_chromium() -> None:
    """See that there is a Chromium: as root with apt by installing it, else by saying it's not."""
    if find_chromium() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("Installing Debian's chromium for the browser tests ...\n")
        _apt("update")
        for package in (SHELL, "chromium"):  # not every Debian or Ubuntu has the first
            if find_chromium() is None:
                _apt("install", "--yes", "--no-install-recommends", package)
    if find_chromium() is None:
        sys.stderr.write(f"{MISSING}\n")


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser may be a stub that only tells how to install it.
    command = [path, "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", "--quiet", *arguments]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
