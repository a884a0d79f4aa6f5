"""Tells operators whether this installation can do its work, one line for each thing."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from payments.doctor import Diagnosis, Verdict, diagnose


class Command(BaseCommand):
    """Prints a line for each thing; ends with 1 where something is at fault."""

    help = "Look whether BPS can do its work here, and say what to do where it cannot."
    requires_system_checks = []  # noqa: RUF012 - as Django reads it; they are among what is looked at

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option."""
        parser.add_argument(
            "--ask-psps",
            action="store_true",
            help="also reach out to each PSP, without any key, and compare clocks",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and tell."""
        at_fault = False
        for one in diagnose(ask_psps=options["ask_psps"], now=timezone.now()):
            at_fault |= one.verdict is Verdict.FAULT
            self.stdout.write(_line(one))
        if at_fault:
            sys.exit(1)


def _line(one: Diagnosis) -> str:
    line = f"{one.verdict:<5}  {one.what}: {one.found}"
    return f"{line}\n       → {one.to_do}" if one.to_do else line
