"""The door for PSPs: what is let in, what is kept as evidence, and what a PSP is told."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.psp")
