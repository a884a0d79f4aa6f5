#!/usr/bin/env python
"""Django's command line for the sandbox: `python -m sandbox.manage <command>`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"
    execute_from_command_line(sys.argv)
