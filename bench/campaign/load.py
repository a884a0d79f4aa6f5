"""The load: shoppers at a steady rate, whatever becomes of those before them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from bench.campaign.setup import Setup
from bench.campaign.shop import Shop
from bench.campaign.shoppers import Shopper

SHOPPERS_AT_ONCE: Final = 96


class Load:
    """Sends shoppers at a steady rate, whatever becomes of those before them."""

    def __init__(self, setup: Setup, shop: Shop) -> None:
        self._setup = setup
        self._shop = shop
        self._pool = ThreadPoolExecutor(SHOPPERS_AT_ONCE, thread_name_prefix="shopper")
        self._visits: list[Future[None]] = []
        self._thread = threading.Thread(target=self._send, name="load", daemon=True)
        self._enough = threading.Event()
        self.faults: list[str] = []
        self.sent = 0
        self.turned_away = 0

    def start(self) -> None:
        """Begin to send shoppers, for the length of the run."""
        self._thread.start()

    def send_no_more(self) -> None:
        """Send nobody after those who came."""
        self._enough.set()

    def wait_until_all_came(self) -> None:
        """Return once the last shopper has been sent.

        Whoever still waits for her turn then is turned away: more came than the machine could play.
        """
        self._thread.join()
        self.turned_away = sum(visit.cancel() for visit in self._visits)

    def wait_until_all_left(self) -> None:
        """Return once the last shopper has done what she came for."""
        wait(self._visits)
        played = (visit for visit in self._visits if not visit.cancelled())
        self.faults = [repr(error) for visit in played if (error := visit.exception())]
        self._pool.shutdown()

    def stop(self) -> None:
        """Send nobody any more, and ask nothing again. Harmless when repeated."""
        self._enough.set()
        self._shop.closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self) -> None:
        began = time.monotonic()
        for number in range(int(self._setup.seconds * self._setup.rate)):
            pause = began + number / self._setup.rate - time.monotonic()
            if self._enough.wait(max(0.0, pause)):
                return
            self._visits.append(self._pool.submit(Shopper(self._setup, self._shop, number).play))
            self.sent += 1
