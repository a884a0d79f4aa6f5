"""Reads what each PSP in use has to be told, as the PSP's client lists it; knows no PSP by name."""

from collections.abc import Iterable

from config.environment import Environment
from psp_clients.registry import PSPS, variable
from psp_clients.settings import Mode


def read_psp_settings(
    environment: Environment, psps: Iterable[str], *, debug: bool
) -> dict[str, str]:
    """Return the settings of the PSPs, under the names of their variables.

    A name that no client bears has none, and is refused by a system check. Accounts that move real
    money are refused while debugging.
    """
    read: dict[str, str] = {}
    for psp in psps:
        if psp not in PSPS:
            continue
        values = {}
        for setting in PSPS[psp].SETTINGS:
            name = variable(psp, setting.name)
            values[setting.name] = read[name] = environment.psp_setting(name, setting, psp)
        names = {variable(psp, setting) for setting in values}
        if debug and names.isdisjoint(environment.faults):
            is_live = PSPS[psp].mode(values) is Mode.LIVE
            why = f"names {psp} with live keys, which move real money: refused while DEBUG is on"
            environment.require("BPS_PSPS", not is_live, why)
    return read
