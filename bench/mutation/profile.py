"""A pytest plugin: hypothesis draws the same examples for every mutant."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mutation",
    settings(
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
        max_examples=40,
    ),
)


def pytest_collection() -> None:
    """Choose the profile, after conftest has registered its own."""
    settings.load_profile("mutation")
