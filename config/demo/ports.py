"""Finds out before anything starts whether ports are free."""

import secrets
import socket

from config.demo.faults import DemoFailed

HOST = "127.0.0.1"
# Below those that kernels hand out unasked: one of them may be somebody's before we listen there.
UNASKED_FOR = range(20_000, 32_768)


class PortTaken(DemoFailed):
    """Another program listens where we would."""


def refuse_taken_ports(port: int, sandbox_port: int) -> None:
    """Raise `PortTaken` with what to do about it unless both ports are free and differ."""
    if port == sandbox_port:
        raise PortTaken(f"BPS and the sandbox can't share port {port}. Choose two.")
    for number, option in ((port, "--port"), (sandbox_port, "--sandbox-port")):
        if not _is_free(number):
            raise PortTaken(
                f"Port {number} is taken by another program. "
                f"Stop it, or choose another port: bin/demo {option} {number + 10}"
            )


def free_port() -> int:
    """Return a port that nobody listens on, and that nobody gets who doesn't ask for it."""
    while not _is_free(port := secrets.choice(UNASKED_FOR)):
        pass
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Otherwise a connection of a server that ended a moment ago would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
