"""One of the small servers behind a socket of this machine, and the command that verifies it as a process
of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harm.cases import CASES
from harm.runs import text_of
from harm.servers.base import KEYS, Answer
from pgagents.base.http import Request, Silence


class _Connection(BaseHTTPRequestHandler):
    """Any method is passed on."""

    protocol_version = "HTTP/1.1"
    before: Callable[[Request], None]
    server_of: Callable[[Request], Answer]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, tuple(self.headers.items()), body)
        answer = self.server_of(request)
        type(self).before(request)
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
def loopback(
    server: Callable[[Request], Answer], after: Callable[[Request], None] = lambda _: None
) -> Iterator[str]:
    """The server's base URL; `after` is called when a request has done its work and is not answered yet."""
    connection = type(
        "Connection", (_Connection,), {"server_of": staticmethod(server), "before": staticmethod(after)}
    )
    listening = ThreadingHTTPServer(("127.0.0.1", 0), connection)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def verifying(name: str, url: str, folder: Path, *more: str) -> subprocess.Popen[str]:
    """`pgagents verify` of a case, started with both customers' keys."""
    catalogue = folder / f"{name}.yaml"
    catalogue.write_text(text_of(CASES[name]), encoding="utf-8")
    command = [sys.executable, "-m", "pgagents", "verify", str(catalogue), "--url", url, *more]
    if not CASES[name].imported:
        command += ["--identity", "second=SECOND"]
    env = {
        **os.environ,
        "PGAGENTS_TOKEN": KEYS["main"],
        "SECOND": KEYS["second"],
        "XDG_CACHE_HOME": str(folder),
        "HOME": str(folder),
    }
    return subprocess.Popen(
        command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
