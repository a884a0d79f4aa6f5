"""The only socket to PSPs: sends one call once, and tells "not sent" from "in doubt".

It never retries, follows a redirect, heeds a proxy variable, keeps a cookie, or puts a header
or a body into an error. It neither waits longer nor takes more bytes than it was allowed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from psp_clients.connection import BoundedAdapter, exchange
from psp_clients.contract import InDoubt, NotSent, Operation, PspError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# More threads than this may call at once; the connections beyond it are not kept.
KEPT_CONNECTIONS = 32

PIECE_BYTES = 64 * 1024

LOOKUPS = frozenset({Operation.FETCH, Operation.FETCH_REFUND, Operation.TRANSACTIONS})


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer, neither redirect nor interim. `headers` ignore case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport:
    """Sends calls to one PSP. Threads may share it; a forked child opens its own connections.

    `money_timeout` (for calls that change something) and `lookup_timeout` are seconds from the
    request's first byte to the answer's last; `connect_timeout` is seconds per address tried.
    `before_send` is called before every send; what it raises stops the send. `after_send` is called
    once the request has left, before the answer is waited for.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float,
        money_timeout: float,
        lookup_timeout: float,
        before_send: Callable[[], None] = lambda: None,
        after_send: Callable[[], None] = lambda: None,
    ) -> None:
        """Raise ValueError if `base_url` is not a plain http(s) address."""
        self._base_url = _checked(base_url)
        self._connect_timeout = connect_timeout
        self._money_timeout = money_timeout
        self._lookup_timeout = lookup_timeout
        self._before_send = before_send
        self._after_send = after_send
        self._session, self._session_pid = _Session(), os.getpid()

    def __repr__(self) -> str:
        return f"Transport({self._base_url!r})"

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        operation: Operation,
    ) -> Answer:
        """Send once and return the answer, whatever its status says, unless it is a redirect.

        Raises NotSent if not one byte of the request left, else InDoubt: the PSP may have acted.
        """
        if not path.startswith("/"):
            raise ValueError("a path starts with a slash: without it, it could name another host")
        self._before_send()
        seconds = self._lookup_timeout if operation in LOOKUPS else self._money_timeout
        exchange.prepare(seconds, self._after_send)
        outcome = self._attempt(method, path, headers, body, seconds)
        if isinstance(outcome, Answer):
            return _final(outcome, operation)
        # Raised out here, not where it was caught: the libraries' errors hold the request, the
        # Authorization header included, and would travel along as this error's context.
        raise _verdict(outcome, operation)

    def _attempt(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Answer | str:
        """Return the answer, or else the name of the innermost error."""
        try:
            request = requests.Request(
                method, self._base_url + path, headers=dict(headers), data=body or None
            )
            session = self._own_session()
            with session.send(
                session.prepare_request(request),
                stream=True,
                timeout=(self._connect_timeout, seconds),
                allow_redirects=False,
            ) as response:
                # In pieces, or a huge Content-Length would be allocated at once; not decoded, or
                # the cap on bytes would not hold for what a compressed answer unpacks to.
                content = b"".join(response.raw.stream(PIECE_BYTES, decode_content=False))
            return Answer(response.status_code, CaseInsensitiveDict(response.headers), content)
        except (requests.RequestException, HTTPError, OSError) as error:
            return type(_innermost(error)).__name__

    def _own_session(self) -> _Session:
        if self._session_pid != os.getpid():
            # Two processes on one connection would read each other's answers.
            self._session, self._session_pid = _Session(), os.getpid()
        return self._session


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.headers.update({"User-Agent": "BPS", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        adapter = BoundedAdapter(
            pool_connections=1, pool_maxsize=KEPT_CONNECTIONS, max_retries=Retry(0, read=False)
        )
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """See no redirects: even unfollowed, requests would read and decode their bodies."""
        return


def url_fault(base_url: str) -> str:
    """Say what is wrong with a base URL, or nothing."""
    try:
        _checked(base_url)
    except ValueError:
        return "must be http(s)://host[:port][/path], without credentials or query"
    return ""


def url_or_https_fault(base_url: str) -> str:
    """Say what is wrong with a base URL over which an API key is shown, or nothing."""
    if fault := url_fault(base_url):
        return fault
    if urlsplit(base_url).scheme == "http" and not is_loopback(base_url):
        return "must be https, or the API key could be read on the way"
    return ""


def is_loopback(base_url: str) -> bool:
    """Tell whether a good base URL leads to this machine, where only tests and demos are."""
    return not url_fault(base_url) and urlsplit(base_url).hostname in LOOPBACK


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.port == 0
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise ValueError(
            "a PSP's base URL is http(s)://host[:port][/path], without credentials or query"
        )
    return base_url.rstrip("/")


def _final(answer: Answer, operation: Operation) -> Answer:
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES or (
        answer.status >= HTTPStatus.BAD_REQUEST
    ):
        return answer
    raise InDoubt(f"{operation}: sent; answered {answer.status}, which settles nothing")


def _verdict(cause: str, operation: Operation) -> PspError:
    if exchange.begun:
        return InDoubt(f"{operation}: sent, and no whole answer came ({cause})")
    return NotSent(f"{operation}: nothing was sent ({cause})")


def _innermost(error: BaseException) -> BaseException:
    """Follow the wrappers of requests and urllib3 to the error that says what happened."""
    for inner in (getattr(error, "reason", None), error.__cause__, *error.args):
        if isinstance(inner, BaseException):
            return _innermost(inner)
    return error
