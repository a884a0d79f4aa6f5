"""`run_clock`: the process in which time passes for the sandbox PSP."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from sandbox.psp.clockwork import Clockwork


class Command(BaseCommand):
    """Runs until it is told to stop by SIGTERM or SIGINT."""

    help = "Carries out what is due: issuers' answers, expiry, refunds, webhook deliveries."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Start the clockwork in this thread."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Clockwork(stop).run()
