"""HTTP straight to a server of a test, as `requests` has it but for the environment.

`requests` looks there for proxies, all variables of it, and pytest changes one between two tests:
a thread that outlives its test would find that variable gone under its hands.
"""

from typing import Any

import requests


def request(method: str, url: str, **words: Any) -> requests.Response:
    """Send a request; the words are those of `requests.request`."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **words)


def get(url: str, **words: Any) -> requests.Response:
    """Send a GET."""
    return request("GET", url, **words)


def post(url: str, **words: Any) -> requests.Response:
    """Send a POST."""
    return request("POST", url, **words)
