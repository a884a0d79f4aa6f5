"""A TCP proxy that breaks connections on command: it stands between two processes and lies.

One thread carries any number of links. A link passes bytes, or holds, swallows, delays, throttles,
cuts or resets them, for the connections that are open as well as for new ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from enum import StrEnum
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 64 * 1024
LOOK_AGAIN_SECONDS: Final = 0.02
DELAY_SECONDS: Final = 0.4
THROTTLED_BYTES_PER_SECOND: Final = 2048
# Closing with a linger of zero makes the kernel send a reset.
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Mode(StrEnum):
    """What a link does with bytes."""

    CLEAR = "clear"
    BLACK_HOLE = "black_hole"  # swallowed: they never arrive, and the connection says nothing
    STALL = "stall"  # held back, and delivered once the mode ends
    RESET = "reset"  # whoever sends finds the connection reset
    HALF = "half"  # of an answer the first half arrives, then the connection closes
    DELAY = "delay"
    THROTTLE = "throttle"


class Link:
    """One way through the proxy: a port of ours, and where it leads (a port or a unix socket)."""

    def __init__(self, name: str, upstream: tuple[str, int] | Path) -> None:
        self.name = name
        self.mode = Mode.CLEAR
        self.port = 0
        self._upstream = upstream

    async def listen(self) -> asyncio.Server:
        """Take a free port and serve it."""
        server = await asyncio.start_server(self._carry, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await self._connect()
        except OSError:
            _close(writer, reset=True)
            return
        pumps = [
            asyncio.ensure_future(self._pump(reader, there[1], writer, answers=False)),
            asyncio.ensure_future(self._pump(there[0], writer, writer, answers=True)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for one in (writer, there[1]):
                _close(one)
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection(*self._upstream)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        """Carry one direction until it ends, or until the mode ends the connection."""
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK_BYTES):
                swallowed = self.mode is Mode.BLACK_HOLE
                while self.mode in (Mode.STALL, Mode.BLACK_HOLE):  # noqa: ASYNC110 - set by threads
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
                if swallowed:
                    return
                if self.mode is Mode.RESET:
                    _close(client, reset=True)
                    return
                if self.mode is Mode.HALF and answers:
                    sink.write(data[: len(data) // 2])
                    await sink.drain()
                    return
                await self._slow_down(len(data))
                sink.write(data)
                await sink.drain()

    async def _slow_down(self, size: int) -> None:
        if self.mode is Mode.DELAY:
            await asyncio.sleep(DELAY_SECONDS)
        elif self.mode is Mode.THROTTLE:
            await asyncio.sleep(size / THROTTLED_BYTES_PER_SECOND)


def _close(writer: asyncio.StreamWriter, *, reset: bool = False) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        if reset:
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            writer.transport.abort()
        else:
            writer.close()


class Proxy:
    """Carries links in a thread of its own, from `start` to `stop`."""

    def __init__(self, *links: Link) -> None:
        self.links = {link.name: link for link in links}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._servers: list[asyncio.Server] = []

    def start(self) -> None:
        """Serve every link; their ports are known afterwards."""
        self._thread.start()
        for link in self.links.values():
            serving = asyncio.run_coroutine_threadsafe(link.listen(), self._loop)
            self._servers.append(serving.result(10))

    def set(self, name: str, mode: Mode) -> None:
        """Let a link behave so from now on."""
        self.links[name].mode = mode

    def end(self, name: str, mode: Mode) -> None:
        """Let a link pass again, unless it behaves otherwise by now."""
        if self.links[name].mode is mode:
            self.links[name].mode = Mode.CLEAR

    def stop(self) -> None:
        """Close every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end_all(self) -> None:
        for server in self._servers:
            server.close()
        ours = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not ours]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Transports close in the next turns of the loop.
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
