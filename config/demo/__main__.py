"""bin/demo: runs the demo until Ctrl-C, or with --check plays its journeys and stops."""

import argparse
import sys
import threading
from collections.abc import Sequence

from config.demo import Demo, DemoFailed
from config.demo.check.run import check
from config.demo.console import Console
from config.devserver import NoServers
from config.stopping import Stopped, stop_requests


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 after Ctrl-C or a check that agreed, 1 when something did not start or agree."""
    options = _parser().parse_args(arguments)
    console = Console()
    stopping = stop_requests()
    try:
        if options.check:
            return check(options.port, options.sandbox_port, console.report, stopping)
        return _run(options.port, options.sandbox_port, console, stopping)
    except Stopped:
        console.report("demo", "stopped before everything was started")
        return 1
    except (DemoFailed, NoServers) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1


def _run(port: int, sandbox_port: int, console: Console, stopping: threading.Event) -> int:
    demo = Demo(
        "demo", port=port, sandbox_port=sandbox_port, report=console.report, stopping=stopping
    )
    try:
        console.banner(demo.start())
        stopping.wait()
        console.report("demo", "stopping")
    finally:
        demo.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/demo", description="Run BPS with a demo shop, a sandbox PSP and an issuer bank."
    )
    parser.add_argument("--port", type=int, default=8000, help="of BPS (default: 8000)")
    parser.add_argument("--sandbox-port", type=int, default=8001, help="(default: 8001)")
    parser.add_argument(
        "--check",
        action="store_true",
        help="play every journey, compare with the PSP's books, print a table, and stop",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
