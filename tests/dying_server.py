"""A server of notes that ends in a chosen way, run by its supervisor as a process of its own.

Its argument is a JSON object. It has `port`, or `fd` of a socket that listens already. `store` is a file that
outlives the process. `supervised` describes the rest.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

KEY = "test_key_1"


class Endpoint(BaseHTTPRequestHandler):
    """Answers as the catalogue of `small_api` says, until it ends."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    ways: ClassVar[dict[str, Any]] = {}
    lock = threading.Lock()
    memory: ClassVar[dict[str, str] | None] = None
    """The notes of a server that forgets them when it ends."""

    def log_message(self, *_: Any) -> None:
        pass

    def handle_any(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.lock:
            number = self.count()
        if self.ways.get("slow_s"):
            time.sleep(self.ways["slow_s"])
        if self.command == self.ways.get("dies") and not self.ways.get("after"):
            os._exit(1)
        if number == self.ways.get("drops"):
            self.close_connection = True
            return
        with self.lock:
            status, body = self.find_answer(sent)
        self.reply(status, body)
        if self.command == self.ways.get("dies"):
            os._exit(1)
        if number == self.ways.get("leaves"):
            threading.Thread(target=self.server.shutdown).start()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_PGVERIFY = handle_any

    def count(self) -> int:
        """Return the number of this request, which outlives the process."""
        file = Path(self.ways["store"] + ".count")
        number = int(file.read_text() or 0) + 1 if file.exists() else 1
        _replace(file, str(number))
        return number

    def read(self) -> dict[str, str]:
        file = Path(self.ways["store"])
        return json.loads(file.read_text()) if file.exists() else {}

    def find_answer(self, sent: bytes) -> tuple[int, Any]:
        if self.ways.get("forgets"):
            if Endpoint.memory is None:
                Endpoint.memory = self.read()
            return self.act(Endpoint.memory, sent)
        notes = self.read()
        before = dict(notes)
        status, body = self.act(notes, sent)
        if notes != before:
            _replace(Path(self.ways["store"]), json.dumps(notes))
        return status, body

    def act(self, notes: dict[str, str], sent: bytes) -> tuple[int, Any]:
        scheme, _, key = (self.headers.get("Authorization") or "").partition(" ")
        if (scheme.lower(), key) != ("bearer", KEY):
            return 401, {"detail": "no key"}
        path = self.path.partition("?")[0]
        _, collection, *rest = path.split("/")
        if collection != "notes" or len(rest) > 1:
            return 404, {"detail": "no such path"}
        try:
            text = json.loads(sent)["text"] if self.command in ("POST", "PUT") else ""
            if self.command in ("POST", "PUT") and not (isinstance(text, str) and 1 <= len(text) <= 40):
                return 422, {"detail": "a wrong text"}
        except (ValueError, KeyError, TypeError):
            return 422, {"detail": "no text"}
        if not rest:
            if self.command == "POST":
                id = str(max(map(int, notes), default=0) + 1)
                notes[id] = text
                return 201, {"id": id, "text": text}
            if self.command == "GET":
                return 200, {"notes": [{"id": k, "text": v} for k, v in notes.items()]}
            return 405, {"detail": "no such method"}
        if not 1 <= len(rest[0]) <= 40:
            return 422, {"detail": "a wrong id"}
        if rest[0] not in notes:
            return 404, {"detail": "no such note"}
        if self.command == "DELETE":
            del notes[rest[0]]
            return 204, None
        if self.command == "PUT":
            notes[rest[0]] = text
        elif self.command != "GET":
            return 405, {"detail": "no such method"}
        return 200, {"id": rest[0], "text": notes[rest[0]]}

    def reply(self, status: int, body: Any) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        if status == 405:
            self.send_header("Allow", "GET, PUT, DELETE" if self.path.count("/") > 1 else "GET, POST")
        if body is not None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
        if self.ways.get("closes") == "announced":
            self.send_header("Connection", "close")
        elif self.ways.get("closes"):
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _replace(file: Path, text: str) -> None:
    """Write a file at one stroke, as the process may end at any time."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


class Heir(ThreadingHTTPServer):
    """Serves on a socket that its supervisor holds, so that the port stays open while it starts."""

    def __init__(self, fd: int) -> None:
        super().__init__(("127.0.0.1", 0), Endpoint, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=fd)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


def main() -> None:
    ways = json.loads(sys.argv[1])
    Endpoint.ways = ways
    fd = ways.get("fd")
    server = Heir(fd) if fd is not None else ThreadingHTTPServer(("127.0.0.1", ways["port"]), Endpoint)
    server.daemon_threads = not ways.get("leaves")  # else those under way are answered first
    server.serve_forever(poll_interval=0.01)


class Supervisor:
    """Starts the server, and starts it again when it ends, at most `lives` times in each of its processes."""

    def __init__(
        self, ways: dict[str, Any], *, lives: int, pause_s: float, processes: int, held: bool
    ) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._held = held
        if held:
            self._listener.listen(64)
            ways = {**ways, "fd": self._listener.fileno()}
        else:
            self._listener.close()
        self._ways = json.dumps({**ways, "port": self.port})
        self._pause_s, self.ends = pause_s, 0
        self._children: list[subprocess.Popen[bytes]] = []
        self._over = threading.Event()
        first = [self._spawn() for _ in range(processes)]
        self._threads = [threading.Thread(target=self._watch, args=(one, lives - 1)) for one in first]
        for thread in self._threads:
            thread.start()
        self._await_port()

    def _spawn(self) -> subprocess.Popen[bytes]:
        given = (self._listener.fileno(),) if self._held else ()
        child = subprocess.Popen(
            [sys.executable, __file__, self._ways], pass_fds=given, stderr=subprocess.DEVNULL
        )
        self._children.append(child)
        return child

    def _watch(self, child: subprocess.Popen[bytes], lives: int) -> None:
        while True:
            child.wait()
            if self._over.is_set():
                return
            self.ends += 1
            if not lives:
                if self._held and all(one.poll() is not None for one in self._children):
                    self._listener.close()
                return
            lives -= 1
            if self._over.wait(self._pause_s):
                return
            child = self._spawn()

    def _await_port(self) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server did not start")

    def close(self) -> None:
        """End everything."""
        self._over.set()
        for child in self._children:
            child.kill()
        for thread in self._threads:
            thread.join(10)
        if self._held:
            self._listener.close()


@contextmanager
def supervised(
    store: Path, *, lives: int = 50, pause_s: float = 0.2, processes: int = 1, held: bool = False, **ways: Any
) -> Iterator[Supervisor]:
    """A server whose supervisor starts it again `pause_s` seconds after its end; `held` keeps its port open.

    `ways` has `dies` (a method) and `after` (it answers first). `drops` and `leaves` number a request.
    `closes` and `slow_s` are about each answer. With `forgets`, what it holds ends with the process.
    """
    supervisor = Supervisor(
        {**ways, "store": str(store)}, lives=lives, pause_s=pause_s, processes=processes, held=held
    )
    try:
        yield supervisor
    finally:
        supervisor.close()


if __name__ == "__main__":
    main()
