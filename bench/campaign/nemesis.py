"""Carries out the plan against the stand, and writes down what it did to whom."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from bench.campaign.plan import BURST_SHARE, Fault
from bench.campaign.processes import Process
from bench.campaign.proxy import Mode
from bench.campaign.stand import WORKERS, Stand

Found = TypeVar("Found")

# How long a victim that is just being started again is waited for.
VICTIM_SECONDS: Final = 3.0
LOOK_AGAIN_SECONDS: Final = 0.05
CRASH_AT_THE_LATEST: Final = 6
# These are passed by the web process too.
OF_WEB: Final = frozenset(
    {
        "after_intent_commit",
        "before_send",
        "after_send",
        "after_answer",
        "before_record_commit",
        "after_record_commit",
        "after_receipt_commit",
    }
)
ONLY_OF_WEB: Final = frozenset({"after_receipt_commit"})
MOST_BURSTS: Final = 3


@dataclass
class Done:
    """A fault as it was: seconds after the load began, and whom or what it struck."""

    fault: Fault
    began: float
    ended: float
    struck: str


class Nemesis:
    """Runs the plan from `start`, and has undone every fault when `wait` returns."""

    ends_the_load = False

    def __init__(self, stand: Stand, plan: Iterable[Fault]) -> None:
        self.done: list[Done] = []
        self._stand = stand
        self._plan = list(plan)
        self._lock = threading.Lock()
        self._bursts: list[str] = []
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="nemesis")
        self._thread = threading.Thread(target=self._run, name="nemesis", daemon=True)
        self._began_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._began_at = time.monotonic()
        self._thread.start()

    def wait(self) -> None:
        """Return once every fault has ended."""
        self._thread.join()
        self._pool.shutdown(wait=True)
        for name in list(self._stand.proxy.links):
            self._stand.proxy.set(name, Mode.CLEAR)
        self._stand.valkey.ensure_running()
        self._stand.postgres.ensure_running()
        self._stand.control("outage", {"seconds": 0})
        self._stand.control("faults", {"rates": {}})

    def _run(self) -> None:
        for fault in self._plan:
            time.sleep(max(0.0, self._began_at + fault.at - time.monotonic()))
            self._pool.submit(self._strike, fault)

    def _strike(self, fault: Fault) -> None:
        began = time.monotonic() - self._began_at
        try:
            struck = self._carry_out(fault)
        except Exception as error:  # noqa: BLE001 - a fault that fails is noted, not a reason to end
            struck = f"failed: {type(error).__name__}: {error}"
        ended = time.monotonic() - self._began_at
        with self._lock:
            self.done.append(Done(fault, round(began, 2), round(ended, 2), struck))

    def _carry_out(self, fault: Fault) -> str:
        head, _, rest = fault.kind.partition(":")
        if head in Mode.__members__.values():
            return self._break_link(Mode(head), rest, fault.seconds)
        if head == "burst":
            return self._burst(rest, fault.seconds)
        if head == "outage":
            return self._outage(rest, fault.seconds)
        if head == "crash":
            return self._crash(rest, fault)
        acts: dict[str, Callable[[Fault], str]] = {
            "kill_web_worker": lambda f: self._signal_child(("web",), f),
            "kill_pool_child": lambda f: self._signal_child(WORKERS, f),
            "pause_web_worker": lambda f: self._pause_child(("web",), f),
            "pause_pool_child": lambda f: self._pause_child(WORKERS, f),
            "kill_web": lambda _: self._kill("web"),
            "kill_worker": lambda f: self._kill(_one_of(WORKERS, f.lot)),
            "kill_beat": lambda _: self._kill("beat"),
            "kill_psp_clock": lambda _: self._kill("clock"),
            "restart_postgres": lambda _: self._restart_postgres(),
            "cut_connections": lambda _: self._cut_connections(),
            "flush_valkey": lambda _: self._flush_valkey(),
            "stop_valkey": lambda f: self._stop_valkey(f.seconds),
            "hang_valkey": lambda f: self._break_link(Mode.STALL, "valkey", f.seconds),
            "outage_beyond_key_window": lambda f: self._outage("drop", f.seconds),
        }
        return acts[fault.kind](fault)

    def _kill(self, name: str) -> str:
        process = self._stand.processes[name]
        pid = _patiently(lambda: process.pid)
        process.kill()
        return f"{name} {pid}"

    def _signal_child(self, names: tuple[str, ...], fault: Fault) -> str:
        name, pid = self._child(names, fault)
        os.kill(pid, signal.SIGKILL)
        return f"{name} child {pid}"

    def _pause_child(self, names: tuple[str, ...], fault: Fault) -> str:
        name, pid = self._child(names, fault)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(fault.seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return f"{name} child {pid}"

    def _child(self, names: tuple[str, ...], fault: Fault) -> tuple[str, int]:
        name = _one_of(names, fault.lot)
        process: Process = self._stand.processes[name]
        children = _patiently(process.children)
        return name, _one_of(tuple(children), fault.lot * 7919 % 1)

    def _crash(self, point: str, fault: Fault) -> str:
        web = point in ONLY_OF_WEB or (point in OF_WEB and fault.lot < 0.5)  # noqa: PLR2004
        name = "web" if web else _one_of(WORKERS, fault.lot * 7919 % 1)
        passage = 1 + int(fault.lot * 104729 % 1 * CRASH_AT_THE_LATEST)
        self._stand.restart(name, {"BPS_CRASH_AT": f"{point}:{passage}"})
        time.sleep(fault.seconds)
        self._stand.restart(name, {})
        return f"{name} at passage {passage}"

    def _break_link(self, mode: Mode, link: str, seconds: float) -> str:
        self._stand.proxy.set(link, mode)
        time.sleep(seconds)
        self._stand.proxy.end(link, mode)
        return link

    def _burst(self, scenario: str, seconds: float) -> str:
        self._set_bursts(add=scenario)
        time.sleep(seconds)
        self._set_bursts(remove=scenario)
        return scenario

    def _set_bursts(self, *, add: str = "", remove: str = "") -> None:
        with self._lock:
            if add:
                self._bursts.append(add)
            if remove:
                self._bursts.remove(remove)
            latest = list(dict.fromkeys(reversed(self._bursts)))[:MOST_BURSTS]
            seed = len(self.done)
        self._stand.control("faults", {"rates": dict.fromkeys(latest, BURST_SHARE), "seed": seed})

    def _outage(self, mode: str, seconds: float) -> str:
        self._stand.control("outage", {"seconds": seconds, "mode": mode})
        time.sleep(seconds)
        return f"the PSP, {mode}"

    def _restart_postgres(self) -> str:
        self._stand.restart_postgres()
        return "PostgreSQL"

    def _cut_connections(self) -> str:
        self._stand.cut_connections()
        return "PostgreSQL's connections"

    def _flush_valkey(self) -> str:
        self._stand.flush_valkey()
        return "Valkey"

    def _stop_valkey(self, seconds: float) -> str:
        self._stand.valkey.stop()
        time.sleep(seconds)
        self._stand.valkey.ensure_running()
        return "Valkey"


def _one_of(candidates: tuple[Found, ...], lot: float) -> Found:
    return candidates[int(lot * len(candidates))]


def _patiently(look: Callable[[], Found]) -> Found:
    """Return what is found, waiting a little for a process that is being started again."""
    until = time.monotonic() + VICTIM_SECONDS
    while not (found := look()) and time.monotonic() < until:
        time.sleep(LOOK_AGAIN_SECONDS)
    if not found:
        raise LookupError("nobody was there")
    return found
