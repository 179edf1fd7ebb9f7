"""An app that `--start` starts: its items are gone at its end, and each start gives ids from 1 again.

Its arguments are a file to which it adds a line at each start, and a file where it notes removals of somebody
else's items. The third is the number of requests after which its first life ends. At each start it has three
items of somebody else more.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

STARTS, HARM, DIES_AT = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
ITEM = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
}
GIVEN = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 90}},
}
ID = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}]


def answers(schema: dict[str, Any] | None, status: str = "200") -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    return {
        status: {"description": "Done", **content},
        "404": {"description": "Absent"},
        "422": {"description": "Refused"},
    }


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Items", "version": "1.0.0"},
    "paths": {
        "/items": {
            "get": {"operationId": "listItems", "responses": answers({"type": "array", "items": ITEM})},
            "post": {
                "operationId": "createItem",
                "requestBody": {"required": True, "content": {"application/json": {"schema": GIVEN}}},
                "responses": answers(ITEM, "201"),
            },
        },
        "/items/{id}": {
            "get": {"operationId": "getItem", "parameters": ID, "responses": answers(ITEM)},
            "delete": {"operationId": "deleteItem", "parameters": ID, "responses": answers(None, "204")},
        },
    },
}  # fmt: skip

with STARTS.open("a") as stream:
    stream.write(f"{os.getpid()}\n")
life = len(STARTS.read_text().splitlines())
others = range(1, 3 * life + 1)
items = {id: {"id": id, "name": f"Of somebody else, {id}"} for id in others}
ids, requests = count(len(items) + 1), count(1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if next(requests) >= DIES_AT and life == 1:
            os._exit(1)
        status, data = self.answer(body)
        raw = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw if self.command != "HEAD" else b"")

    def answer(self, body: bytes) -> tuple[int, Any]:
        path = self.path.partition("?")[0]
        if path == "/openapi.json":
            return 200, DOCUMENT
        if path == "/items" and self.command == "GET":
            return 200, list(items.values())
        if path == "/items" and self.command == "POST":
            try:
                name = json.loads(body)["name"]
            except (ValueError, TypeError, KeyError):
                name = None
            if not isinstance(name, str) or not 1 <= len(name) <= 90:
                return 422, {"error": "refused"}
            item = {"id": next(ids), "name": name}
            items[item["id"]] = item
            return 201, item
        id = path.removeprefix("/items/")
        if (
            not path.startswith("/items/")
            or not id.isascii()
            or not id.isdecimal()
            or int(id[:9]) not in items
        ):
            return 404, {"error": "absent"}
        if self.command == "DELETE":
            if int(id) in others:
                with HARM.open("a") as stream:
                    stream.write(f"life {life}: DELETE {id}\n")
            del items[int(id)]
            return 204, None
        return (200, items[int(id)]) if self.command == "GET" else (405, {"error": "wrong method"})

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
server.daemon_threads = True
server.serve_forever()
