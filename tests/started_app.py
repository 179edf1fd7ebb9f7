"""An app that `--start` starts. Its argument is a JSON object that says how it behaves.

| key | the app |
|---|---|
| `notes` | the file to which it adds its process's number and PORT at each start |
| `port` | listens there; without it on PORT, and with 0 nowhere |
| `host` | listens on this address; without it on 127.0.0.1 |
| `dies` | ends when it is asked for `/things/{id}` |
| `slow_s` | takes so many seconds for each 500 |
| `prints` | prints this at once |
| `floods` | prints without end |
| `child` | leaves another process behind |
| `leaves` | ends at once |
| `asks` | reads its input |
| `stubborn` | does not end when it is asked to |
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WAYS: dict[str, Any] = json.loads(sys.argv[1])
OBJECT = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "Found", "content": {"application/json": {"schema": schema}}}}


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1.0.0"},
    "security": [{"key": []}],
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "responses": answer(
                    {
                        "type": "object",
                        "required": ["things"],
                        "properties": {"things": {"type": "array", "items": OBJECT}},
                    }
                ),
            }
        },
        "/things/{id}": {
            "get": {
                "operationId": "getThing",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {**answer(OBJECT), "404": {"description": "There is none"}},
            }
        },
    },
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
}


class Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        key = self.headers.get("Authorization")
        if path == "/openapi.json":
            self.reply(200, DOCUMENT)
        elif not key:
            self.reply(401, {"detail": "no key"})
        elif path == "/things":
            self.reply(200, {"things": [{"id": "7"}]})
        elif path == "/things/":  # no thing, so that it ends nothing
            self.reply(404, {"detail": "not found"})
        elif WAYS.get("dies"):
            os._exit(3)
        else:
            time.sleep(WAYS.get("slow_s", 0))
            self.reply(500, {"detail": "it failed"})
            # as many servers do, it tells of the error after it has answered
            print(f"a call with {key}\nKeyError: 'no such thing'", file=sys.stderr)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = lambda self: self.reply(405, {})

    def reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        if status == 405:
            self.send_header("Allow", "GET")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


class Server(ThreadingHTTPServer):
    pass


def flood() -> None:
    while True:
        print("x" * 10_000)


def main() -> None:
    with Path(WAYS["notes"]).open("a") as notes:
        notes.write(f"{os.getpid()} {os.environ['PORT']}\n")
    print(WAYS.get("prints", ""))
    if WAYS.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if WAYS.get("child"):
        subprocess.Popen(["sleep", "300"])
    if WAYS.get("leaves"):
        return
    if WAYS.get("asks"):
        input("Which database? ")
    if WAYS.get("floods"):
        threading.Thread(target=flood, daemon=True).start()
    port = int(WAYS.get("port", os.environ["PORT"]))
    host = WAYS.get("host", "127.0.0.1")
    if port:
        Server.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        Server((host, port), Endpoint).serve_forever(poll_interval=0.02)
    threading.Event().wait()


if __name__ == "__main__":
    main()
