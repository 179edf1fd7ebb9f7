"""Many small APIs in one process, each with a port of its own, that note who calls them when.

Their catalogues differ (`catalogues.py`), and some of the servers have a fault.
"""

from __future__ import annotations

import json
import re
import selectors
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

from evaluation.fleet.catalogues import CLOSED, FAULTS, write_catalogue
from pgagents.base.http import Request, Silence
from pgagents.catalogue.load import load_text
from pgagents.sandbox.sandbox import Sandbox, open_sandbox

MARK = re.compile(rb"pgv-?([0-9a-f]{16})-?\d+", re.I)
"""The mark in texts that a run makes: its tag is the run's own."""


@dataclass
class Host:
    """One API. `calls` has the time of each request, with the tag of the run if the request shows it."""

    name: str
    catalogue: Path
    box: Sandbox
    url: str = ""
    calls: list[tuple[float, bytes]] = field(default_factory=list)
    at_start: dict[str, Any] = field(default_factory=dict)

    def list_overlaps(self) -> list[tuple[bytes, bytes]]:
        """Return the pairs of runs of which one called between the first and the last call of the other."""
        spans: dict[bytes, tuple[float, float]] = {}
        for moment, tag in self.calls:
            if tag:
                first, _ = spans.get(tag, (moment, moment))
                spans[tag] = (first, moment)
        ordered = sorted(spans.items(), key=lambda item: item[1])
        return [(one, other) for (one, (_, end)), (other, (begin, _)) in pairwise(ordered) if begin < end]

    def list_left(self) -> list[str]:
        """Return what is on the server, was not at its start, and has not ended."""
        rows = rows_of(self.box)
        return sorted(key for key in rows.keys() - self.at_start.keys() if rows[key].get("state") != CLOSED)


def rows_of(box: Sandbox) -> dict[str, Any]:
    """Return what a sandbox holds, by kind and id."""
    store = box.front.store
    with store.lock:
        rows = store.rows("SELECT kind, place, id, data FROM instance WHERE gone = 0")
    return {f"{row['kind']} {row['place']} {row['id']}": json.loads(row["data"]) for row in rows}


class _Connection(BaseHTTPRequestHandler):
    """Any method is passed on to the host of the port."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for the client's acknowledgement of its head
    wbufsize = -1
    host: Host

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, tuple(self.headers.items()), body)
        match = MARK.search(body) or MARK.search(self.path.encode())
        self.host.calls.append((time.monotonic(), match.group(1).lower() if match else b""))
        answer = self.host.box.handler(request)
        if isinstance(answer, Silence):
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for key, value in answer.headers:
            self.send_header(key, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def serving(count: int, folder: Path) -> Iterator[list[Host]]:
    """Yield so many hosts that listen; their catalogues are in the folder."""
    with selectors.DefaultSelector() as selector, ExitStack() as stack:
        hosts = []
        for number in range(count):
            text = write_catalogue(number)
            model = load_text(text)
            path = folder / f"{model.api.id}.yaml"
            path.write_text(text, encoding="utf-8")
            box = open_sandbox(model, seed=number, faults=FAULTS[number % len(FAULTS)])
            host = Host(model.api.id, path, box, at_start=rows_of(box))
            server = stack.enter_context(_Server(host))
            selector.register(server, selectors.EVENT_READ, server)
            host.url = f"http://127.0.0.1:{server.server_port}"
            hosts.append(host)
        ended = threading.Event()
        thread = threading.Thread(target=_accept, args=(selector, ended), daemon=True)
        thread.start()
        try:
            yield hosts
        finally:
            ended.set()
            thread.join()


class _Server(ThreadingHTTPServer):
    """Listens for one host, and has a thread for each connection."""

    daemon_threads = True
    timeout = 0
    request_queue_size = 64

    def __init__(self, host: Host) -> None:
        super().__init__(("127.0.0.1", 0), type("Connection", (_Connection,), {"host": host}))


def _accept(selector: selectors.BaseSelector, ended: threading.Event) -> None:
    """Take the connections of all servers, so that those which nobody calls cost nothing."""
    while not ended.is_set():
        for key, _ in selector.select(0.5):
            key.data.handle_request()


def write_fleet(path: Path, hosts: Sequence[Host], *, shards: int = 1) -> dict[str, str]:
    """Write the fleet file of all hosts, and return the environment with their keys."""
    keys: dict[str, str] = {}
    apis: dict[str, dict[str, Any]] = {}
    for host in hosts:
        variable = f"KEY_OF_{host.name.upper()}"
        tokens = dict(host.box.tokens)
        secret = tokens.get("unlimited") or next(iter(tokens.values()), "")
        apis[host.name] = {"catalogue": host.catalogue.name, "url": host.url, "shards": shards}
        if secret:
            keys[variable] = secret
            apis[host.name]["token"] = variable
    fleet = {"fleet": 1, "defaults": {"allow_writes": True, "workers": 1}, "apis": apis}
    path.write_text(json.dumps(fleet), encoding="utf-8")
    return keys
