"""Tells who is on the same machine: the sandbox's controls are for nobody else."""

import ipaddress


def is_loopback(address: str) -> bool:
    """Whether a client at this address came over the loopback interface."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback
