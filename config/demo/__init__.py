"""The demo: BPS, its sandbox and their servers, run together on this machine.

For trying BPS out and for proving it; production runs the same processes under its own runner.
"""

from config.demo.demo import Demo
from config.demo.faults import DemoFailed

__all__ = ["Demo", "DemoFailed"]
