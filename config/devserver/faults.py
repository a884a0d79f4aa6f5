"""The one error that users of private servers need to know."""


class NoServers(Exception):
    """There are no servers to work on; the message says why and what to do."""
