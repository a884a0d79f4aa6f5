"""python -m config.demo.prepare: brings the database of BPS up to date, then runs seed_demo.

One process for both: until Django is loaded takes longer than either has to do on a later start.
"""

import sys

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("seed_demo", *sys.argv[1:])
