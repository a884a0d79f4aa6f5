"""Which PSPs there are, by name, and where the settings of each are read from. Holds no values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from psp_clients import adyen, mollie, paypal, sandbox, stripe
from psp_clients.contract import PspClient, PspReference
from psp_clients.http import Transport
from psp_clients.settings import Mode, Setting


class PspPackage(Protocol):
    """What the package of a PSP offers. One of its settings is the URL that its API is at."""

    @property
    def SETTINGS(self) -> Sequence[Setting]:  # noqa: N802 - a constant of a module
        """What has to be known of an account, each with its name."""
        ...

    def mode(self, values: Mapping[str, str], /) -> Mode:
        """Tell whether an account moves real money."""
        ...

    def build(self, values: Mapping[str, str], transport: Transport, /) -> PspClient:
        """Return a client of an account. Raises ValueError where a value cannot be one."""
        ...

    def dashboard_url(self, values: Mapping[str, str], ref: PspReference, /) -> str:
        """Return where a person sees a payment at the PSP; "" where there is no such page."""
        ...


PSPS: Final[dict[str, PspPackage]] = {
    "adyen": adyen,
    "mollie": mollie,
    "paypal": paypal,
    "sandbox": sandbox,
    "stripe": stripe,
}

# Where an environment variable does not begin with the PSP's name in capitals.
_PREFIXES: Final = MappingProxyType({"sandbox": "SANDBOX_PSP"})


class UnknownPsp(LookupError):
    """No PSP client bears this name."""


def psp_package(name: str) -> PspPackage:
    """Return what is known of a PSP. Raises UnknownPsp."""
    if name not in PSPS:
        raise UnknownPsp(f"no PSP client is named {name!r}; there are: {', '.join(sorted(PSPS))}")
    return PSPS[name]


def variable(psp: str, setting: str) -> str:
    """Return the environment variable that a setting of a PSP is read from."""
    return f"{_PREFIXES.get(psp, psp.upper())}_{setting}"
