"""Puts a server under load: one client, loopback, keep-alive, each connection one request at a time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

Next = Callable[[], bytes]
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """The outcome of a load: the seconds of each request, of all together, and of the server's processor."""

    times_s: tuple[float, ...]
    seconds: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        """Requests a second."""
        return len(self.times_s) / self.seconds


def put_under_load(
    pids: Sequence[int], port: int, following: Next, connections: int, seconds: float, wrong: bytes = b""
) -> Load:
    """Send requests for so many seconds. The processor time is that of the processes `pids` together."""
    before = sum(map(cpu_s, pids))
    times, took = asyncio.run(
        send(port, connections, following, lambda _, passed: passed >= seconds, wrong=wrong)
    )
    return Load(tuple(times), took, sum(map(cpu_s, pids)) - before)


async def send(
    port: int,
    connections: int,
    following: Next,
    over: Callable[[int, float], bool],
    *,
    wrong: bytes = b"",
) -> tuple[list[float], float]:
    """Send until `over(requests, seconds)`; return seconds of each request, and of all together.

    Raises RuntimeError for an answer that is no success, or that has the bytes `wrong`.
    """
    loop = asyncio.get_running_loop()
    times: list[float] = []
    begun = time.perf_counter()
    ends = [loop.create_future() for _ in range(connections)]

    def has_ended() -> bool:
        return over(len(times), time.perf_counter() - begun)

    for done in ends:
        made = partial(_Connection, following, times, has_ended, done, wrong)
        await loop.create_connection(made, "127.0.0.1", port)
    await asyncio.gather(*ends)
    return times, time.perf_counter() - begun


def cpu_s(pid: int) -> float:
    """Seconds of the processor that a process has used; 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024


class _Connection(asyncio.Protocol):
    """One connection that sends the next request when an answer is whole."""

    def __init__(
        self,
        following: Next,
        times: list[float],
        over: Callable[[], bool],
        done: asyncio.Future[None],
        wrong: bytes,
    ) -> None:
        self.following, self.times, self.over, self.done = following, times, over, done
        self.wrong = wrong
        self.buffer = b""
        self.head = 0
        self.whole = 0
        self.begun = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError("the server closed the connection"))

    def _send(self) -> None:
        self.begun = time.perf_counter()
        self.transport.write(self.following())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.head:
            self._read_head()
        if not self.head or not self._is_whole():
            return
        if self.wrong and self.wrong in self.buffer:
            self._fail()
            return
        self.times.append(time.perf_counter() - self.begun)
        self.buffer, self.head, self.whole = b"", 0, 0
        if not self.over():
            self._send()
            return
        if not self.done.done():
            self.done.set_result(None)
        self.transport.close()

    def _read_head(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        if not head.startswith(b"http/1.1 2"):
            self._fail()
            return
        self.head = end + 4
        _, named, rest = head.partition(b"content-length: ")
        self.whole = self.head + int(rest.partition(b"\r\n")[0]) if named else 0

    def _is_whole(self) -> bool:
        """Without a length the body is chunked, and its last chunk is empty."""
        return len(self.buffer) >= self.whole if self.whole else self.buffer.endswith(LAST_CHUNK)

    def _fail(self) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(self.buffer.decode(errors="replace")))
        self.transport.close()
