"""bin/demo --check: drives the demo's journeys as shop and shopper would, failures included.

It knows BPS and the sandbox by HTTP alone, and compares what BPS says with the PSP's books.
"""

from config.demo.check.run import check

__all__ = ["check"]
