"""What tests have forked ends with them, however they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
A_TEST = """
import os, signal, time
from tests.nursery import nursery
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started us may ignore it
with nursery(os.environ, ()) as processes:
    print(processes.start("import time; time.sleep(600)"), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_leaves_nothing_behind(how: signal.Signals):
    with subprocess.Popen(
        [sys.executable, "-c", A_TEST],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as test:
        assert test.stdout is not None
        assert test.stdout.readline().strip().isdigit()

        os.killpg(test.pid, how)

        test.communicate(timeout=PATIENCE_SECONDS)  # all that writes to its pipes has ended
