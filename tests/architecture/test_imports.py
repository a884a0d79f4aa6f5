"""Who may import whom: the contracts in pyproject.toml."""

import subprocess
import sys
from pathlib import Path


def test_keep_every_contract():
    lint_imports = Path(sys.executable).with_name("lint-imports")

    run = subprocess.run([lint_imports, "--no-cache"], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout
