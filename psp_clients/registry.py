"""Which PSPs there are, by name, and how a client of each is built. Holds no settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from psp_clients.contract import PspClient
from psp_clients.http import Transport
from psp_clients.sandbox import KEY_WINDOW, SandboxClient


@dataclass(frozen=True, slots=True)
class PspConfig:
    """What one PSP is reached with. Timeouts are in seconds. Its repr shows no secret.

    `webhook_secrets` are all accepted, so that they can be rotated. `key_window` is given only
    where this account's keys are remembered for another time than the PSP documents.
    """

    base_url: str
    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    connect_timeout: float
    money_timeout: float
    lookup_timeout: float
    key_window: timedelta | None = None


class UnknownPsp(LookupError):
    """No PSP client bears this name."""


def _sandbox(config: PspConfig, transport: Transport) -> PspClient:
    return SandboxClient(
        transport,
        api_key=config.api_key,
        webhook_secrets=config.webhook_secrets,
        key_window=config.key_window or KEY_WINDOW,
    )


BUILDERS: dict[str, Callable[[PspConfig, Transport], PspClient]] = {
    "sandbox": _sandbox,
}


def build(
    name: str,
    config: PspConfig,
    before_send: Callable[[], None],
    after_send: Callable[[], None] = lambda: None,
) -> PspClient:
    """Return a client of the PSP `name`, to be kept and shared by threads; it opens no socket yet.

    `before_send` is called before every send, and stops it by raising; `after_send` once a whole
    request has left, before anything of the answer is read. Raises UnknownPsp, or
    ValueError where the base URL, the key or a secret cannot be one.
    """
    if name not in BUILDERS:
        raise UnknownPsp(
            f"no PSP client is named {name!r}; there are: {', '.join(sorted(BUILDERS))}"
        )
    transport = Transport(
        config.base_url,
        connect_timeout=config.connect_timeout,
        money_timeout=config.money_timeout,
        lookup_timeout=config.lookup_timeout,
        before_send=before_send,
        after_send=after_send,
    )
    return BUILDERS[name](config, transport)
