"""What every PSP client must keep, and the one transport proved against broken sockets."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.suite")
