"""What the database refuses, whoever asks: SQL run directly, without the ORM."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.sql")
