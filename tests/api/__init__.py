"""The API for shops: what it answers, and that whoever is refused has changed nothing."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.answers")
