"""Translates REDIS_URL into the dialect of Celery's transport. It opens no connection."""

from urllib.parse import parse_qs, urlsplit


def broker_url(redis_url: str) -> str:
    """Return the broker URL for the same server: only sockets (`unix://`) are spelled otherwise."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"
