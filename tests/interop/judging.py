"""Give the judges of formats their catalogues and documents, and an echo of what is sent."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from importing import imported
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FORMATS = HERE / "format_judges"
CATALOGUES = {
    "park_graph": ROOT / "catalogue/park_graph.yaml",
    "library": ROOT / "tests/catalogues/library.yaml",
    "payments": ROOT / "tests/catalogues/payments.yaml",
    "documents": ROOT / "tests/catalogues/documents.yaml",
}
DOCUMENTS = {
    "notes.json": ROOT / "tests/data/overlay/notes.json",
    "foreign_payments": ROOT / "evaluation/foreign/payments/openapi.yaml",
}


def offer(name: str, *surfaces: str) -> Model:
    """Return the model of a catalogue, or of an imported document, with all actions on these surfaces."""
    path = CATALOGUES.get(name) or DOCUMENTS[name]
    text = path.read_text(encoding="utf-8") if name in CATALOGUES else imported(path).text
    data: Any = parse(text, path.name).data
    head = "".join(f"  {one}: {{actions: all}}\n" for one in surfaces if one not in data["surfaces"])
    text = re.sub(r"^surfaces:\n", f"surfaces:\n{head}", text, count=1, flags=re.M)
    return load_text(text, str(path.with_suffix(".yaml")))


def write(files: Any, folder: Path) -> Path:
    """Write the files of a build into a folder."""
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return folder


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    """By names in lower case."""
    body: bytes


@contextmanager
def echo() -> Iterator[tuple[str, list[Received]]]:
    """Serve on loopback; answers the URL and the list of what came. Every answer is `{}`."""
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _take(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = headers.get("content-length")
            body = self.rfile.read(int(length)) if length is not None else self._read_chunks(headers)
            received.append(Received(self.command, self.path, headers, body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def _read_chunks(self, headers: dict[str, str]) -> bytes:
            body = b""
            while headers.get("transfer-encoding") == "chunked":
                size = int(self.rfile.readline().split(b";")[0], 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    break
            return body

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_QUERY = _take

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()


Installer = Callable[[Path], str]
