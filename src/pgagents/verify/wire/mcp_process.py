"""Run an MCP server as a process, and exchange messages over stdin and stdout, limited in time, lengths and
lines.

Each request is one line, and its answer is the line with the same id. The end of the process's stderr is
kept, and shown if the process ends.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.verify.wire.lease import Permit, may_send

MAX_LINE = 4_000_000
MOST_LINES = 1_000
"""The most lines read besides the answer to one request; servers send few progress and log messages."""
TIMEOUT_S = 30.0
END_S = 2.0
MOST_STDERR = 4_000
SHOWN_STDERR = 300
JSON = (("Content-Type", "application/json"),)


class Stdio:
    """A handler that sends to a process.

    Use it as a context manager, or call `close`. Raises PgagentsError if the process cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        timeout_s: float = TIMEOUT_S,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            self._child = subprocess.Popen(  # in a group of its own, so that its own processes end with it
                list(command),
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise PgagentsError(
                f"cannot start {command[0]}: {why}", "give the command line that starts the MCP server"
            ) from None
        self._timeout_s, self._timer = timeout_s, timer
        self.most_s: float | None = None
        """Seconds that the next message may take, if that is less than the usual time-out."""
        self.stream_s: float | None = None
        self._lines: queue.Queue[bytes | Silence] = queue.Queue(maxsize=64)
        self._stderr = b""
        self._closed = threading.Event()
        self._ended: Silence | None = None
        self.noise = ""
        """The first line on stdout that was not a message."""
        self._listening = self._start(self._listen)
        self._reading = self._start(self._read)

    def __enter__(self) -> Stdio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, request: Request) -> Response | Silence:
        """Write the body as a line and wait for its answer; a notification gets none.

        Raises nothing, even if the process ends or writes invalid lines.
        """
        permit = Permit(self._timeout_s if self.most_s is None else min(self._timeout_s, self.most_s))
        if permit.refusal is not None:
            return permit.refusal
        most_s = permit.most_s
        until = self._timer() + most_s
        asked = read_json(request.body).value
        id = asked.get("id") if isinstance(asked, Mapping) else None
        if (failed := self._write(request.body.replace(b"\n", b" ") + b"\n", until)) is not None:
            return failed
        if isinstance(asked, Mapping) and "id" not in asked:
            return Response(202)
        for _ in range(MOST_LINES):
            try:
                came = self._lines.get(timeout=max(0.001, until - self._timer()))
            except queue.Empty:
                return permit.explain(Silence("timeout", f"no answer within {most_s:.3g} s{self._words()}"))
            if isinstance(came, Silence):
                self._lines.put(came)  # so that later calls find the end, too
                return came
            told = read_json(came)
            if not isinstance(told.value, Mapping):
                self.noise = (
                    self.noise or f"{told.problem or 'no object'}: {came[:80].decode('utf-8', 'replace')}"
                )
            elif ("result" in told.value or "error" in told.value) and (
                told.value.get("id") == id or told.value.get("id") is None
            ):
                return Response(200, JSON, came)
        return Silence("protocol", f"{MOST_LINES:,} lines came, and no answer", begun=True)

    def close(self) -> None:
        """End the process: close its stdin, as the protocol demands, then terminate it, then kill it."""
        self._closed.set()
        with contextlib.suppress(OSError):
            if self._child.stdin:
                self._child.stdin.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                self._signal(number)
            try:
                self._child.wait(END_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self._signal(signal.SIGKILL)  # also end the processes that it has left behind
        while not self._lines.empty():
            self._lines.get_nowait()
        for thread in (self._reading, self._listening):
            thread.join(END_S)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._child.pid, number)

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def _write(self, line: bytes, until: float) -> Silence | None:
        """Write a line within the time limit; a process that does not read fills the pipe."""
        done: list[Silence | None] = []

        def work() -> None:
            try:
                assert self._child.stdin
                if not may_send():  # the process may have stood still meanwhile
                    return
                self._child.stdin.write(line)
                self._child.stdin.flush()
                done.append(None)
            except (OSError, ValueError):
                done.append(self._over())

        if len(line) <= 4_096:  # a pipe accepts this much at once, unless it is full
            work()
        else:
            writing = self._start(work)
            writing.join(max(0.001, until - self._timer()))
        return done[0] if done else Silence("timeout", "it does not read its stdin")

    def _read(self) -> None:
        out = self._child.stdout
        assert out
        while not self._closed.is_set():
            line = _line(out)
            if line is None:
                self._put(
                    Silence("too-large", f"a line of its stdout has more than {MAX_LINE:,} bytes", begun=True)
                )
                return
            if not line:
                self._put(self._over())
                return
            if line.strip():
                self._put(line.strip())

    def _put(self, item: bytes | Silence) -> None:
        """Queue a line. If a process floods its stdout, wait until the queue is read."""
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(item, timeout=0.2)
                return

    def _listen(self) -> None:
        errors = self._child.stderr
        assert errors
        while chunk := os.read(errors.fileno(), 65_536):
            self._stderr = (self._stderr + chunk)[-MOST_STDERR:]

    def _over(self) -> Silence:
        """Return a Silence that says how the process ended.

        Its pipe closes shortly before the process ends and before its last stderr is read. So this waits once
        for both.
        """
        if self._ended is not None:
            return self._ended
        try:
            end = f"ended with {self._child.wait(END_S)}"
        except subprocess.TimeoutExpired:
            end = "closed its stdin or stdout, and goes on"
        self._listening.join(END_S)
        self._ended = Silence("reset", f"the process {end}{self._words()}")
        return self._ended

    def _words(self) -> str:
        said = " ".join(self._stderr.decode("utf-8", "replace").split())
        return f"; its stderr: {said[-SHOWN_STDERR:]}" if said else ""


def _line(out: IO[Any]) -> bytes | None:
    """Return the next line; None if it is too long, empty bytes at the end."""
    found: bytes = out.readline(MAX_LINE + 1)
    return None if len(found) > MAX_LINE else found
