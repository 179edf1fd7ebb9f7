"""Talks to an MCP server over its stdin and stdout, as a host does that starts it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
PATIENCE_S = 60.0


class Command(NamedTuple):
    """A command that starts a server: its words, and what its environment has besides."""

    words: Sequence[str]
    env: Mapping[str, str]


@dataclass(slots=True)
class Talk:
    """A running server, and what it wrote to stdout that is not a message."""

    child: subprocess.Popen[bytes]
    noise: list[bytes] = field(default_factory=list)
    _rest: bytes = b""
    _last: int = 0

    def ask(self, method: str, params: Any = None, patience_s: float = PATIENCE_S) -> Any:
        """Ask and wait for the answer; what else comes in between is passed over. Raises TimeoutError or
        EOFError where none comes.
        """
        self._last += 1
        self.tell(method, params, id=self._last)
        until = time.monotonic() + patience_s
        while True:
            line = self._line(until)
            try:
                message = json.loads(line)
            except ValueError:
                self.noise.append(line)
                continue
            if message.get("id") == self._last and "method" not in message:
                return message

    def tell(self, method: str, params: Any = None, **more: Any) -> None:
        """Send a message."""
        assert self.child.stdin
        message = {
            "jsonrpc": "2.0",
            "method": method,
            **more,
            **({} if params is None else {"params": params}),
        }
        self.child.stdin.write(json.dumps(message).encode() + b"\n")
        self.child.stdin.flush()

    def hello(self) -> None:
        """The handshake of the era of 2025-11-25."""
        self.ask("initialize", HELLO)
        self.tell("notifications/initialized")

    def call(self, tool: str, arguments: Any, patience_s: float = PATIENCE_S) -> Any:
        """Call a tool; the whole answer."""
        return self.ask("tools/call", {"name": tool, "arguments": arguments}, patience_s)

    def _line(self, until: float) -> bytes:
        assert self.child.stdout
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.child.stdout], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("the server has not answered")
            more = os.read(self.child.stdout.fileno(), 1 << 16)
            if not more:
                raise EOFError("the server has ended")
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        return line


def start(command: Command, stderr: Any = None) -> Talk:
    """Start a server; it has not been greeted yet. Its stderr goes to this process's, or to `stderr`."""
    env = {**os.environ, **command.env}
    return Talk(
        subprocess.Popen(command.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, env=env)
    )


@contextmanager
def talking(command: Command, stderr: Any = None) -> Iterator[Talk]:
    """A server that has been greeted; it is stopped at the end."""
    talk = start(command, stderr)
    try:
        talk.hello()
        yield talk
    finally:
        stop(talk.child)


def stop(child: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, and close its pipes."""
    if child.returncode is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()
