"""What the demo prints: log lines behind the coloured name of their process, and the banner."""

import os
import sys
from typing import TextIO

COLOURS = {"demo": 1, "web": 32, "worker": 36, "beat": 35, "sandbox": 33, "clock": 34}
RESET = "\033[0m"


class Console:
    """Writes whole lines, so that those of different processes don't mix."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._coloured = stream.isatty() and "NO_COLOR" not in os.environ

    def report(self, name: str, line: str) -> None:
        """Print a line of the named process."""
        label = f"{name:<8}|"
        if self._coloured:
            label = f"\033[{COLOURS[name]}m{label}{RESET}"
        self._write(f"{label} {line}\n")

    def banner(self, known: dict[str, str]) -> None:
        """Print where everything is and how to get in."""
        bps, sandbox = known["bps_url"], known["sandbox_url"]
        login = f"{known['staff_user']} / {known['staff_password']}"
        second = f"{known['approver_user']} / {known['approver_password']}"
        self._write(
            f"""
  Demo shop    {sandbox}/
  Mid-office   {bps}/mid-office/   login {login}
  Four eyes    {second}   agrees to what staff asks for
  Admin        {bps}/admin/   the login of staff
  API docs     {bps}/api/docs/
  API key      {known["api_key"]}

  All of this stands in .dev/demo.json too. Ctrl-C stops everything.

"""
        )

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
