"""Notes on the standard library's http.server: `python -m evaluation.right.notes`.

It knows ETag and If-Match. A removal (204 without a body) keeps the row, which is answered 410 until it is
restored. All errors have one shape, a method that nobody knows is answered 501, and the list has no pages.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "notes-key-1"
METHODS = {"/notes": ("GET", "HEAD", "POST"), "/notes/ID": ("GET", "HEAD", "PUT", "DELETE")}
METHODS["/notes/ID/restore"] = ("POST",)
NOTES: dict[str, dict[str, Any]] = {}
DELETED: set[str] = set()
LOCK = Lock()


class Refused(Exception):
    """A call that is answered with this status, sentence, and header fields."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_call(self) -> None:
        """Answer a call of any method that this server knows."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with LOCK:
                status, answer, headers = self._act(body)
        except Refused as refused:
            self._write(refused.status, {"error": {"message": refused.message}}, refused.headers)
        else:
            self._write(status, answer, headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_call

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself refuses, in the one shape of errors."""
        self.close_connection = True
        self._write(code, {"error": {"message": message or explain or "refused"}}, {"Connection": "close"})

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _write(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        body = b"" if answer is None else json.dumps(answer).encode()
        fields = {"Content-Type": "application/json"} if body else {}
        fields |= {"Content-Length": str(len(body))} if status not in (204, 304) else {}
        self.send_response(status)
        for name, value in (fields | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _act(self, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Return the status, the answer (None: no body) and the header fields of a call."""
        url = urlsplit(self.path)
        parts = url.path.split("/")[1:]
        id = parts[1] if len(parts) > 1 else ""
        route = "/".join(("", parts[0], *(["ID"] if id else parts[1:2]), *parts[2:]))
        if route not in METHODS:
            raise Refused(404, "there is no such path")
        if self.command not in METHODS[route]:
            raise Refused(405, "this path has no such method", Allow=", ".join(METHODS[route]))
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key != KEY:
            raise Refused(401, "a key is needed", **{"WWW-Authenticate": "Bearer"})
        if route == "/notes" and self.command == "POST":
            id = str(uuid.uuid4())
            NOTES[id] = note = {"id": id, **self._read_note(body)}
            return 201, note, {"Location": f"/notes/{id}", "ETag": tag_of(note)}
        if route == "/notes":
            return 200, {"notes": self._list(parse_qs(url.query, keep_blank_values=True))}, {}
        note = NOTES.get(id)
        if note is None:
            raise Refused(404, "there is no such note")
        if route.endswith("/restore"):
            DELETED.discard(id)
            return 200, note, {"ETag": tag_of(note)}
        if id in DELETED:
            raise Refused(410, "the note was removed")
        if self.command in ("GET", "HEAD"):
            wanted = self.headers.get("If-None-Match", "")
            same = wanted == "*" or tag_of(note) in wanted
            return (304 if same else 200), (None if same else note), {"ETag": tag_of(note)}
        changed = self._read_note(body) if self.command == "PUT" else {}
        if self.headers.get("If-Match", "*") not in ("*", tag_of(note)):
            raise Refused(412, "the note was changed meanwhile")
        if self.command == "DELETE":
            DELETED.add(id)
        else:
            NOTES[id] = note = {"id": id, **changed}
        return 204, None, {"ETag": tag_of(note)} if self.command == "PUT" else {}

    def _list(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Return the notes, the removed ones alone if the query says `deleted=true`."""
        asked = query.get("deleted", ["false"])
        if asked not in (["true"], ["false"]):
            raise Refused(422, "deleted is true or false")
        return [note for id, note in NOTES.items() if (id in DELETED) == (asked == ["true"])]

    def _read_note(self, body: bytes) -> dict[str, Any]:
        """Return the members of a note with their defaults."""
        if self.headers.get_content_type() != "application/json":
            raise Refused(415, "the body is to be application/json")
        try:
            sent = json.loads(body.decode("utf-8"), parse_constant=lambda name: name)
        except (ValueError, RecursionError):
            raise Refused(400, "the body is not JSON") from None
        if not isinstance(sent, dict) or not sent.keys() <= {"title", "priority", "done"}:
            raise Refused(422, "a note has title, priority and done")
        title, priority, done = sent.get("title"), sent.get("priority", 3), sent.get("done", False)
        if not isinstance(title, str) or not re.fullmatch(r"[^\ud800-\udfff]{1,80}", title, re.DOTALL):
            raise Refused(422, "title has 1 to 80 characters")
        if isinstance(priority, bool) or not isinstance(priority, int | float) or priority not in range(10):
            raise Refused(422, "priority is a whole number from 0 to 9")
        if not isinstance(done, bool):
            raise Refused(422, "done is true or false")
        return {"title": title, "priority": int(priority), "done": done}


def tag_of(note: dict[str, Any]) -> str:
    """Return the ETag of a note."""
    return f'"{hashlib.sha256(json.dumps(note).encode()).hexdigest()[:16]}"'


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
