"""Many small APIs in one process, each with a port of its own, that note who calls them when.

The catalogues are copies of one of the tests' with other names, and some of the servers have a fault.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

from pgagents.base.http import Request, Silence
from pgagents.catalogue.load import load_text
from pgagents.sandbox.sandbox import Sandbox, open_sandbox

NOTES = Path(__file__).parents[2] / "tests/catalogues/notes.yaml"
FAULTS = ((), (), (), ("accept-unknown-member",), (), (), ("absent-as-invalid",))
"""The faults of the servers in turn, so that not all verdicts are alike."""
MARK = re.compile(rb"pgv-?([a-z0-9]{4,}?)-?\d+", re.I)
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
        """Return what is on the server and was not at its start."""
        return sorted(rows_of(self.box).keys() - self.at_start.keys())


def rows_of(box: Sandbox) -> dict[str, Any]:
    """Return what a sandbox holds, by kind and id."""
    store = box.front.store
    with store.lock:
        rows = store.rows("SELECT kind, place, id, data FROM instance WHERE gone = 0")
    return {f"{row['kind']} {row['place']} {row['id']}": json.loads(row["data"]) for row in rows}


class _Connection(BaseHTTPRequestHandler):
    """Any method is passed on to the host of the port."""

    protocol_version = "HTTP/1.1"
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
    text = NOTES.read_text(encoding="utf-8")
    with ExitStack() as stack:
        hosts = []
        for number in range(count):
            name = f"notes{number:04}"
            path = folder / f"{name}.yaml"
            path.write_text(
                text.replace("  id: notes\n", f"  id: {name}\n").replace("title: Notes", f"title: {name}", 1)
            )
            model = load_text(path.read_text(encoding="utf-8"))
            host = Host(name, path, open_sandbox(model, seed=number, faults=FAULTS[number % len(FAULTS)]))
            host.at_start = rows_of(host.box)
            host.url = stack.enter_context(_listening(host))
            hosts.append(host)
        yield hosts


@contextmanager
def _listening(host: Host) -> Iterator[str]:
    connection = type("Connection", (_Connection,), {"host": host})
    server = ThreadingHTTPServer(("127.0.0.1", 0), connection)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.5,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def write_fleet(path: Path, hosts: Sequence[Host], *, shards: int = 1) -> dict[str, str]:
    """Write the fleet file of all hosts, and return the environment with their keys."""
    keys = {}
    apis = {}
    for host in hosts:
        variable = f"KEY_OF_{host.name.upper()}"
        tokens = dict(host.box.tokens)
        keys[variable] = tokens.get("unlimited") or next(iter(tokens.values()))
        apis[host.name] = {
            "catalogue": host.catalogue.name, "url": host.url, "token": variable, "shards": shards,
        }  # fmt: skip
    fleet = {"fleet": 1, "defaults": {"allow_writes": True, "workers": 1}, "apis": apis}
    path.write_text(json.dumps(fleet), encoding="utf-8")
    return keys
