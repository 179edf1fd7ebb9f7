"""A right server of a small library, and its OpenAPI document. Each fault changes one thing of it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any

from pgagents.base.http import Request, Response, json_bytes, read_json

KEY, OTHER = "test_key_1", "test_key_2"
"""The keys of two readers; neither may see the other's books."""
MOST_DIGITS = 12
GENRES = ("novel", "poetry", "travel")
_REFUSED = {
    "description": "Refused",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
YEAR_DIGITS = 4
YEAR = "^[0-9]{4}$|now"
"""A pattern that anchors one of its alternatives alone, so that `0now` fits it."""
_BOOK: dict[str, Any] = {
    "title": {"type": "string", "minLength": 1, "maxLength": 40, "examples": ["The Peregrine"]},
    "pages": {"type": "integer", "minimum": 1, "maximum": 5000, "examples": [191]},
    "genre": {"type": "string", "enum": list(GENRES)},
}
_ID = {"name": "book_id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_CODE = {
    "name": "code",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 40},
}
_LINKS = {"Shelf": {"operationId": "getShelf", "parameters": {"code": "$response.body#/shelf_code"}}}


def _answers(status: str, schema: Mapping[str, Any] | None, *others: str, **more: Any) -> dict[str, Any]:
    """Return the responses of an operation: one success, and refusals by these statuses."""
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    return {
        status: {"description": "Success", **content, **more},
        **dict.fromkeys(("401", *others), _REFUSED),
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_COUNT = {"X-Total": {"required": True, "schema": {"type": "integer", "minimum": 0}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Library", "version": "1.0.0", "description": "Books and their shelves."},
    "servers": [{"url": "https://api.example.com"}],
    "security": [{"key": []}],
    "paths": {
        "/books": {
            "get": {
                "operationId": "listBooks",
                "summary": "List books",
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 50},
                    },
                    {"name": "genre", "in": "query", "schema": {"type": "string", "enum": list(GENRES)}},
                ],
                "responses": _answers("200", _ref("Books"), "422", headers=_COUNT),
            },
            "post": {
                "operationId": "createBook",
                "summary": "Add a book",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("NewBook")}},
                },
                "responses": _answers("201", _ref("Book"), "400", "415", "422", links=_LINKS),
            },
        },
        "/books/{book_id}": {
            "get": {
                "operationId": "getBook",
                "summary": "Get a book",
                "parameters": [_ID],
                "responses": _answers("200", _ref("Book"), "404", "422", links=_LINKS),
            },
            "delete": {
                "operationId": "deleteBook",
                "summary": "Remove a book",
                "parameters": [_ID],
                "responses": _answers("204", None, "404", "422"),
            },
        },
        "/shelves/{code}": {
            "get": {
                "operationId": "getShelf",
                "summary": "Find the shelf of a book",
                "parameters": [_CODE],
                "responses": _answers("200", _ref("Shelf"), "404", "422"),
            }
        },
        "/report": {
            "get": {
                "operationId": "getReport",
                "summary": "Count the books of a branch",
                "parameters": [
                    {
                        "name": "X-Branch",
                        "in": "header",
                        "required": True,
                        "schema": {"type": "string", "enum": ["north", "south"]},
                    },
                    {"name": "year", "in": "query", "schema": {"type": "string", "pattern": YEAR}},
                ],
                "responses": _answers("200", _ref("Report"), "422"),
            }
        },
    },
    "components": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "NewBook": {
                "type": "object",
                "required": ["title", "pages"],
                "properties": _BOOK,
                "additionalProperties": False,
            },
            "Book": {
                "type": "object",
                "required": ["id", "title", "pages", "shelf_code"],
                "properties": {**_BOOK, "id": {"type": "integer"}, "shelf_code": {"type": "string"}},
            },
            "Books": {
                "type": "object",
                "required": ["books"],
                "properties": {"books": {"type": "array", "items": _ref("Book")}},
            },
            "Shelf": {
                "type": "object",
                "required": ["code", "floor"],
                "properties": {"code": {"type": "string"}, "floor": {"type": "integer"}},
            },
            "Report": {"type": "object", "required": ["books"], "properties": {"books": {"type": "integer"}}},
            "Error": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}},
        },
    },
}
METHODS = {
    "/books": ("GET", "POST"),
    "/books/": ("GET", "DELETE"),
    "/shelves/": ("GET",),
    "/report": ("GET",),
}


def answer(status: int, body: Any = None, **headers: str) -> Response:
    """Return an answer in JSON, or one without a body."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    if body is None:
        return Response(status, named, b"")
    return Response(status, (("Content-Type", "application/json"), *named), json_bytes(body))


def refuse(status: int, detail: str, **headers: str) -> Response:
    """Return a refusal."""
    return answer(status, {"detail": detail}, **headers)


@dataclass
class Shelf:
    """The right server. A fault overrides a method, or changes an answer in `change`."""

    books: dict[int, dict[str, Any]] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    removed: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        return self.change(request, self.serve(request))

    def change(self, request: Request, came: Response) -> Response:
        """Return the answer that is sent in place of the right one."""
        del request
        return came

    def is_key(self, given: str) -> bool:
        """True for the value of a header `Authorization` that has a key."""
        scheme, _, key = given.partition(" ")
        return scheme.lower() == "bearer" and key in (KEY, OTHER)

    def serve(self, request: Request) -> Response:
        """Return the right answer."""
        methods = self.find_methods(request.path)
        if methods is None:
            return refuse(404, "no such path")
        if request.method == "OPTIONS":
            return answer(204, Allow=", ".join(methods))
        if request.method not in methods:
            return refuse(405, "no such method", Allow=", ".join(methods))
        given = request.header("authorization") or ""
        owner = given.partition(" ")[2]
        if not self.is_key(given):
            return refuse(401, "no key", WWW_Authenticate="Bearer")
        if request.path == "/report":
            return self.report(request)
        if request.path.startswith("/shelves/"):
            return self.find_shelf(request.path.removeprefix("/shelves/"), owner)
        if request.path == "/books":
            return self.list_books(request, owner) if request.method == "GET" else self.create(request, owner)
        return self.at_book(request, owner)

    def find_methods(self, path: str) -> tuple[str, ...] | None:
        """Return the methods of a path; None for an unknown path."""
        if path in METHODS:
            return METHODS[path]
        head, _, rest = path[1:].partition("/")
        return METHODS.get(f"/{head}/") if rest and "/" not in rest else None

    def report(self, request: Request) -> Response:
        """Answer `getReport`."""
        if request.header("x-branch") not in ("north", "south"):
            return refuse(422, "X-Branch is north or south")
        if not all(map(self.is_year, (text for name, text in request.query if name == "year"))):
            return refuse(422, "year has four digits, or is now")
        return answer(200, {"books": len(self.books)})

    def is_year(self, text: str) -> bool:
        """True for a text that `year` allows."""
        return "now" in text or (text.isascii() and text.isdecimal() and len(text) == YEAR_DIGITS)

    def find_shelf(self, code: str, owner: str) -> Response:
        """Answer `getShelf`."""
        if not any(self.shelf_of(book) == code and book["owner"] == owner for book in self.books.values()):
            return refuse(404, "no such shelf")
        return answer(200, {"code": code, "floor": 1})

    def shelf_of(self, book: Mapping[str, Any]) -> str:
        """Return the code of a book's shelf."""
        return str(book["shelf_code"])

    def list_books(self, request: Request, owner: str) -> Response:
        """Answer `listBooks`."""
        query = dict(request.query)
        if len(query) != len(request.query):
            return refuse(422, "an argument was given twice")
        limit = query.get("limit", "20")
        if not self.is_limit(limit):
            return refuse(422, "limit is 1 to 50")
        genre = query.get("genre")
        if genre is not None and genre not in GENRES:
            return refuse(422, "no such genre")
        found = [b for b in self.books.values() if b["owner"] == owner and genre in (None, b.get("genre"))]
        shown = [self.show(b) for b in found[: int(limit)]]
        return answer(200, {"books": shown}, X_Total=str(len(found)))

    def is_limit(self, text: str) -> bool:
        """True for a text that `limit` allows."""
        return text.isascii() and text.isdecimal() and len(text) < 3 and 1 <= int(text) <= 50

    def show(self, book: Mapping[str, Any]) -> dict[str, Any]:
        """Return a book as answers have it."""
        return {name: value for name, value in book.items() if name != "owner"}

    def create(self, request: Request, owner: str) -> Response:
        """Answer `createBook`."""
        if (request.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
            return refuse(415, "send JSON")
        given, problem = self.read_book(request.body)
        if problem:
            return problem
        book = {**given, "id": next(self.ids), "shelf_code": secrets.token_hex(8), "owner": owner}
        self.books[book["id"]] = book
        return answer(201, self.show(book))

    def read_book(self, body: bytes) -> tuple[dict[str, Any], Response | None]:
        """Return the members of a body, or the refusal."""
        try:
            given = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_without_doubles)
        except (ValueError, RecursionError):
            return {}, refuse(400, "this is not JSON")
        wrong = not isinstance(given, dict) or not given.keys() <= _BOOK.keys() or not self.is_book(given)
        return ({}, refuse(422, "this is not a book")) if wrong else (given, None)

    def is_book(self, given: Mapping[str, Any]) -> bool:
        """True for members that make a book."""
        title, pages = given.get("title"), given.get("pages")
        if not isinstance(title, str) or not 1 <= len(title) <= 40:
            return False
        whole = (
            isinstance(pages, int) or (isinstance(pages, float) and pages.is_integer())
        ) and not isinstance(pages, bool)
        return whole and 1 <= pages <= 5000 and given.get("genre", "novel") in GENRES  # type: ignore[operator]  # it is a number

    def at_book(self, request: Request, owner: str) -> Response:
        """Answer `getBook` and `deleteBook`."""
        text = request.path.removeprefix("/books/")
        if not text.isascii() or not text.isdecimal() or not text.strip("0"):
            return refuse(422, "book_id is a number from 1")
        book = self.books.get(int(text)) if len(text) < MOST_DIGITS else None
        if book is None or not self.may_see(book, owner):
            return refuse(404, "no such book")
        if request.method == "GET":
            return answer(200, self.show(book))
        self.removed[book["id"]] = self.books.pop(book["id"])
        return answer(204)

    def may_see(self, book: Mapping[str, Any], owner: str) -> bool:
        """True if a reader may see a book."""
        return bool(book["owner"] == owner)


def _refuse_constant(word: str) -> Any:
    raise ValueError(word)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member was given twice")
    return found


def body_of(came: Response) -> Any:
    """Return the JSON of an answer."""
    return read_json(came.body).value


@contextmanager
def serving(server: Shelf) -> Iterator[str]:
    """Serve on a free port of this machine, for every method; yield the URL."""

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # header and body leave together

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.reply
            raise AttributeError(name)

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            came = server(Request(self.command, self.path, tuple(self.headers.items()), body))
            self.send_response_only(came.status)
            for name, value in came.headers:
                self.send_header(name, value)
            if came.status != 204:
                self.send_header("Content-Length", str(len(came.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(came.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    listening = Server(("127.0.0.1", 0), Endpoint)
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
