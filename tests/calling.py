"""Servers for the tests of the client and the MCP server: a handler or hostile bytes on a socket, a script of
answers.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from offering import shop as _shop
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.client.client import Client
from pgagents.client.send import sending
from sandboxes import Caller
from sandboxes import model as _model

JSON = (("Content-Type", "application/json"),)


def park() -> Model:
    """Park Graph, read once."""
    return _model("park_graph")


@cache
def shop() -> Model:
    """The shop on every surface, read once."""
    return _shop()


class Script:
    """Answers in turn, and what it was asked; the last one again and again."""

    def __init__(self, *answers: Response | Silence) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Response | Silence:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def answered(status: int, data: Any = None, **headers: str) -> Response:
    """An answer with a JSON body."""
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, (*JSON, *more), b"" if data is None else json_bytes(data))


class World:
    """A clock that only sleeping moves, and how long was slept."""

    def __init__(self) -> None:
        self.now_s = 1_776_528_000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds

    def clock(self) -> float:
        return self.now_s


def client_of(
    model: Model, handler: Handler, key: str = "pk_test_k", *, factory: World | None = None, **more: Any
) -> Client:
    """A client of a handler in this process, with a clock of its own."""
    factory = factory or World()
    return Client(
        model, sending(handler), key, sleep=factory.sleep, clock=factory.clock, rng=random.Random(1), **more
    )


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine function to its end, within a bound."""

    async def bounded() -> Any:
        async with asyncio.timeout(600):
            return await work()

    return asyncio.run(bounded())


@contextmanager
def served(handler: Handler) -> Iterator[str]:
    """A handler on a free port of this machine; yields its URL."""

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            came = handler(Request(self.command, self.path, tuple(self.headers.items()), body))
            assert isinstance(came, Response)
            self.send_response_only(came.status)
            for name, value in came.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(came.body)))
            self.end_headers()
            self.wfile.write(came.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def hostile(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A socket on which each connection gets what `talk` says; yields its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                connection.settimeout(60)
                connection.recv(65_536)
                talk(connection)
            except OSError:
                pass

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stopped.set()
        listening.close()


def sandboxed(name: str = "park_graph", key: str = "unlimited", **more: Any) -> tuple[Caller, Client]:
    """A sandbox and a client of it."""
    caller = Caller(name, **more)
    return caller, client_of(caller.sandbox.front.model, caller.sandbox.handler, caller.tokens[key])


def told(message: Any) -> Any:
    """The JSON in a text."""
    return json.loads(message)
