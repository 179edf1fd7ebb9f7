"""Three small APIs of notes on loopback, written with the standard library alone. One asks for a key in
X-API-Key, one for HTTP Basic, one for nothing. Each can have a bug in how it admits calls, or a legal habit.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "k3y-8f2a61c09be74d53"
USER, PASSWORD = "ada", "correct-Horse-7-battery"
SECRETS = {"header": KEY, "token": KEY, "bearer": KEY, "basic": f"{USER}:{PASSWORD}", "none": ""}
SCHEMES: dict[str, dict[str, str] | None] = {
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": 'A key with the required prefix "Token"',
    },
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "none": None,
}
Headers = Mapping[str, str]


def pair_of(presented: str) -> tuple[str, str] | None:
    """User and password of their Base64."""
    try:
        user, colon, password = base64.b64decode(presented, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


@dataclass(frozen=True)
class Call:
    """A call's headers, with names in small letters, and its query."""

    headers: Headers
    query: Mapping[str, str]

    @property
    def proof(self) -> str:
        """The header Authorization."""
        return self.headers.get("authorization", "")

    @property
    def scheme(self) -> str:
        """Its first word, in small letters."""
        return self.proof.partition(" ")[0].lower()

    @property
    def rest(self) -> str:
        """The text behind the scheme's name."""
        return self.proof.partition(" ")[2].strip()

    @property
    def key(self) -> str:
        """The header X-API-Key."""
        return self.headers.get("x-api-key", "")

    def bears(self) -> bool:
        """True if the key comes as a bearer token."""
        return (self.scheme, self.rest) == ("bearer", KEY)


Admits = Callable[[Call], bool]
"""Decides whether a call may pass."""


RIGHT: dict[str, Admits] = {
    "header": lambda call: call.key == KEY,
    "token": lambda call: call.proof == f"Token {KEY}",
    "bearer": lambda call: call.bears(),
    "basic": lambda call: call.scheme == "basic" and pair_of(call.rest) == (USER, PASSWORD),
    "none": lambda _: True,
}


def _basic(fits: Callable[[str, str], bool]) -> Admits:
    """Admits by user and password as a bug compares them."""

    def admits(call: Call) -> bool:
        pair = pair_of(call.rest) if call.scheme == "basic" else None
        return pair is not None and fits(*pair)

    return admits


def _or(kind: str, more: Admits) -> Admits:
    """Admits what is right, and something else."""
    return lambda call: RIGHT[kind](call) or more(call)


BUGS: dict[str, dict[str, tuple[Admits, str]]] = {
    "header": {
        "open": (lambda _: True, "none"),
        "any key": (lambda call: bool(call.key), "garbage"),
        "key without regard to case": (
            lambda call: call.key.lower() == KEY.lower(),
            "flip",
        ),
        "key in the query": (_or("header", lambda call: KEY in call.query.values()), "query"),
    },
    "token": {
        "word not looked at": (
            lambda call: call.proof.endswith(f" {KEY}"),
            "basic",
        ),
        "key without its word": (
            _or("token", lambda call: call.proof == KEY),
            "bare",
        ),
    },
    "bearer": {
        "key without its scheme": (
            _or("bearer", lambda call: call.proof == KEY),
            "bare",
        ),
        "scheme in one case": (
            lambda call: call.proof == f"Bearer {KEY}",
            "either_case",
        ),
    },
    "basic": {
        "open": (lambda _: True, "none"),
        "any user and password": (_basic(lambda *_: True), "garbage"),
        "password not looked at": (_basic(lambda user, _: user == USER), "flip"),
        "password without regard to case": (
            _basic(lambda user, password: user == USER and password.lower() == PASSWORD.lower()),
            "flip",
        ),
        "password cut": (
            _basic(lambda user, password: user == USER and password[:8] == PASSWORD[:8]),
            "flip",
        ),
        "no Base64": (
            _or("basic", lambda call: call.rest == f"{USER}:{PASSWORD}"),
            "plain",
        ),
        "any scheme": (
            lambda call: pair_of(call.rest) == (USER, PASSWORD),
            "bearer",
        ),
        "no scheme": (
            _or("basic", lambda call: pair_of(call.proof) == (USER, PASSWORD)),
            "bare",
        ),
        "user and password in the query": (
            _or("basic", lambda call: {USER, PASSWORD} <= set(call.query.values())),
            "query",
        ),
        "scheme in one case": (
            lambda call: call.proof.startswith("Basic ") and RIGHT["basic"](call),
            "either_case",
        ),
    },
}
"""Bugs by kind, each with the contract of `key_authentication` that it breaks."""
HABITS: dict[str, dict[str, Admits]] = {
    "header": {
        "a bearer key is taken too": _or("header", lambda call: call.bears()),
        "blanks around the key": lambda call: call.key.strip() == KEY,
    },
    "token": {
        "the word in either case": lambda call: (call.scheme, call.rest) == ("token", KEY),
        "a bearer key is taken too": _or("token", lambda call: call.bears()),
    },
    "basic": {
        "any user with the password": _basic(lambda _, password: password == PASSWORD),
        "a bearer key is taken too": _or("basic", lambda call: call.bears()),
    },
}
"""Legal habits by kind, which nothing may report."""


def description(kind: str, url: str) -> dict[str, Any]:
    """The OpenAPI document of an API."""
    note = {"$ref": "#/components/schemas/Note"}
    refused = {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
    }
    scheme = SCHEMES[kind]
    common = {"401": refused} if scheme else {}
    one = {
        "name": "note_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 20},
    }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": f"Notes ({kind})", "version": "1.0.0", "contact": {"email": "notes@example.com"}},
        "servers": [{"url": url}],
        "paths": {
            "/notes": {
                "get": {
                    "operationId": "listNotes",
                    "summary": "List notes",
                    "description": "Lists all notes.",
                    "responses": {
                        "200": {
                            "description": "All notes",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "properties": {"notes": {"type": "array", "items": note}},
                                        "required": ["notes"],
                                    }
                                }
                            },
                        },
                        **common,
                    },
                },
            },
            "/notes/{note_id}": {
                "get": {
                    "operationId": "getNote",
                    "summary": "Get a note",
                    "description": "Gets one note.",
                    "parameters": [one],
                    "responses": {
                        "200": {"description": "The note", "content": {"application/json": {"schema": note}}},
                        "404": refused,
                        "422": refused,
                        **common,
                    },
                }
            },
        },
        "components": {
            "schemas": {
                "Note": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "text": {"type": "string"}},
                    "required": ["id", "text"],
                },
                "Refusal": {
                    "type": "object",
                    "properties": {"message": {"type": "string"}},
                    "required": ["message"],
                },
            },
        },
    }
    if scheme is not None:
        document["security"] = [{"theKey": []}]
        document["components"]["securitySchemes"] = {"theKey": scheme}
    return document


NOTES = {"n1": "Buy milk", "n2": "Call Bob"}


@contextmanager
def serving(admits: Admits, log: list[Headers] | None = None) -> Iterator[str]:
    """The URL of a server that admits calls as it is told; `log` gets the headers of each call."""

    class Notes(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            url = urlsplit(self.path)
            if log is not None:
                log.append(headers)
            status, data = _serve(self.command, url.path, admits(Call(headers, dict(parse_qsl(url.query)))))
            body = b"" if self.command == "HEAD" else json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="Notes"')
            if status == 405:
                self.send_header("Allow", "GET, HEAD")
            self.end_headers()
            self.wfile.write(body)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._answer
            raise AttributeError(name)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Notes)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _serve(method: str, path: str, admitted: bool) -> tuple[int, Any]:
    """Status and body."""
    parts = path.strip("/").split("/")
    if parts[0] != "notes" or len(parts) > 2:
        return 404, {"message": "there is no such path"}
    if not admitted:
        return 401, {"message": "who are you?"}
    if method not in ("GET", "HEAD"):
        return 405, {"message": "notes can only be read"}
    if len(parts) == 1:
        return 200, {"notes": [{"id": id, "text": text} for id, text in NOTES.items()]}
    if not 1 <= len(parts[1]) <= 20:
        return 422, {"message": "an id has at most 20 characters"}
    if parts[1] not in NOTES:
        return 404, {"message": "there is no such note"}
    return 200, {"id": parts[1], "text": NOTES[parts[1]]}
