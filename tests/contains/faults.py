"""Servers with one fault each, in the order of `keys.yaml`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from contains.shelf import Shelf, answer, refuse
from pgagents.base.http import Request, Response, json_bytes, read_json


def with_header(came: Response, name: str, value: str | None) -> Response:
    """Return the answer with another value of a header, or without it."""
    kept = tuple((n, v) for n, v in came.headers if n.lower() != name.lower())
    return Response(came.status, (*kept, *(((name, value),) if value is not None else ())), came.body)


def is_list(request: Request, came: Response) -> bool:
    """True for a successful list."""
    return request.path == "/books" and request.method == "GET" and came.status == 200


class CrashOnExample(Shelf):
    """Crashes at a number that is an example of the document."""

    def create(self, request: Request, owner: str) -> Response:
        given = read_json(request.body).value
        if isinstance(given, dict) and given.get("pages") == 191:
            return refuse(500, "oops")
        return super().create(request, owner)


class CrashOnTitle(Shelf):
    """Crashes at a title that is an example of the document."""

    def create(self, request: Request, owner: str) -> Response:
        if b"The Peregrine" in request.body:
            return refuse(500, "oops")
        return super().create(request, owner)


class CrashAtMaximum(Shelf):
    """Crashes at the largest number of pages."""

    def create(self, request: Request, owner: str) -> Response:
        given = read_json(request.body).value
        if isinstance(given, dict) and given.get("pages") == 5000:
            return refuse(500, "oops")
        return super().create(request, owner)


class CrashInBetween(Shelf):
    """Crashes for a combination in which no value is a boundary or an example: a genre and some pages."""

    def create(self, request: Request, owner: str) -> Response:
        given = read_json(request.body).value
        pages = given.get("pages") if isinstance(given, dict) and "genre" in given else None
        if isinstance(pages, int) and 2 < pages < 4999 and pages != 191:
            return refuse(500, "oops")
        return super().create(request, owner)


class CrashOnAlternative(Shelf):
    """Crashes at a text around the open alternative of a pattern."""

    def report(self, request: Request) -> Response:
        year = dict(request.query).get("year", "now")
        return refuse(500, "oops") if "now" in year and year != "now" else super().report(request)


class CrashBehindLink(Shelf):
    """Crashes for a shelf that exists, whose code only a link leads to."""

    def find_shelf(self, code: str, owner: str) -> Response:
        came = super().find_shelf(code, owner)
        return refuse(500, "oops") if came.status == 200 else came


class CrashOnRead(Shelf):
    """Crashes at a read of a book whose pages are neither a boundary nor an example."""

    def at_book(self, request: Request, owner: str) -> Response:
        came = super().at_book(request, owner)
        pages = read_json(came.body).value["pages"] if request.method == "GET" and came.status == 200 else 1
        return refuse(500, "oops") if 2 < pages < 4999 and pages != 191 else came


class CrashOnBrokenBody(Shelf):
    """Crashes at a body that is wrong."""

    def read_book(self, body: bytes) -> tuple[dict[str, Any], Response | None]:
        given, problem = super().read_book(body)
        return (given, refuse(500, "oops")) if problem is not None else (given, None)


class OtherStatus(Shelf):
    """Answers a list with a status that is not documented."""

    def change(self, request: Request, came: Response) -> Response:
        return Response(203, came.headers, came.body) if is_list(request, came) else came


class OtherType(Shelf):
    """Answers a list as another media type."""

    def change(self, request: Request, came: Response) -> Response:
        return with_header(came, "Content-Type", "text/html") if is_list(request, came) else came


class NoType(Shelf):
    """Answers a list without a media type."""

    def change(self, request: Request, came: Response) -> Response:
        return with_header(came, "Content-Type", None) if is_list(request, came) else came


class BrokenType(Shelf):
    """Answers a list with a text that is not a media type."""

    def change(self, request: Request, came: Response) -> Response:
        return with_header(came, "Content-Type", "json") if is_list(request, came) else came


class NoHeader(Shelf):
    """Leaves out a required header."""

    def change(self, request: Request, came: Response) -> Response:
        return with_header(came, "X-Total", None) if is_list(request, came) else came


class WrongHeader(Shelf):
    """Gives a header that does not fit its schema."""

    def change(self, request: Request, came: Response) -> Response:
        return with_header(came, "X-Total", "many") if is_list(request, came) else came


class WrongMember(Shelf):
    """Answers with a member of another type."""

    def show(self, book: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().show(book), "pages": str(book["pages"])}


class NoMember(Shelf):
    """Answers without a required member."""

    def show(self, book: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in super().show(book).items() if name != "title"}


class BrokenJson(Shelf):
    """Answers a list with broken JSON."""

    def change(self, request: Request, came: Response) -> Response:
        return Response(200, came.headers, came.body[:-1]) if is_list(request, came) else came


class BrokenRefusal(Shelf):
    """Refuses with a body that does not fit its schema."""

    def change(self, request: Request, came: Response) -> Response:
        wrong = request.path.startswith("/books") and came.status == 422
        return Response(422, came.headers, json_bytes({"detail": 7})) if wrong else came


class AcceptsQuery(Shelf):
    """Accepts a limit that is out of bounds."""

    def is_limit(self, text: str) -> bool:
        return text.isascii() and text.isdecimal() and len(text) < 6


class AcceptsBody(Shelf):
    """Accepts a title of any length."""

    def is_book(self, given: Mapping[str, Any]) -> bool:
        title = given.get("title")
        return super().is_book({**given, "title": "x"} if isinstance(title, str) else given)


class AcceptsNoMember(Shelf):
    """Accepts a body without a required member."""

    def is_book(self, given: Mapping[str, Any]) -> bool:
        return super().is_book({"pages": 1, **given})


class RefusesValid(Shelf):
    """Refuses the largest limit that is allowed."""

    def is_limit(self, text: str) -> bool:
        return super().is_limit(text) and text != "50"


class RefusesGenre(Shelf):
    """Refuses one value of an enumeration."""

    def is_book(self, given: Mapping[str, Any]) -> bool:
        return super().is_book(given) and given.get("genre") != "travel"


class NeedsNoHeader(Shelf):
    """Accepts a call without a header that is required."""

    def report(self, request: Request) -> Response:
        if request.header("x-branch") is None:
            return answer(200, {"books": 0})
        return super().report(request)


class TakesOtherMethod(Shelf):
    """Answers a method that is not documented."""

    def serve(self, request: Request) -> Response:
        methods = self.find_methods(request.path)
        if methods is not None and request.method not in (*methods, "OPTIONS", "HEAD"):
            return answer(200, {})
        return super().serve(request)


class NotFoundForMethod(Shelf):
    """Answers 404 to any method that the path does not have."""

    def serve(self, request: Request) -> Response:
        came = super().serve(request)
        return refuse(404, "no such method") if came.status == 405 else came


class NoAllow(Shelf):
    """Refuses a method without an Allow header."""

    def serve(self, request: Request) -> Response:
        came = super().serve(request)
        return with_header(came, "Allow", None) if came.status == 405 else came


class WrongAllow(Shelf):
    """Lists other methods in the answer to OPTIONS."""

    def change(self, request: Request, came: Response) -> Response:
        wrong = request.method == "OPTIONS" and came.header("allow") is not None
        return with_header(came, "Allow", "GET, PUT") if wrong else came


class PartOfAllow(Shelf):
    """Refuses OPTIONS with one of the methods of a path in Allow."""

    def change(self, request: Request, came: Response) -> Response:
        refused = request.method == "OPTIONS" and came.header("allow") is not None
        return refuse(405, "no such method", Allow="GET") if refused else came


class StillThere(Shelf):
    """Answers a book that was removed."""

    def at_book(self, request: Request, owner: str) -> Response:
        came = super().at_book(request, owner)
        number = request.path.removeprefix("/books/")
        known = came.status == 404 and request.method == "GET" and len(number) < 12
        book = self.removed.get(int(number)) if known else None
        return answer(200, self.show(book)) if book is not None else came


class NotThere(Shelf):
    """Does not know a book that it has just made."""

    def at_book(self, request: Request, owner: str) -> Response:
        came = super().at_book(request, owner)
        return refuse(404, "no such book") if came.status == 200 else came


class NeedsNoKey(Shelf):
    """Answers without a key."""

    def serve(self, request: Request) -> Response:
        if request.path == "/report" and request.method == "GET" and request.header("authorization") is None:
            return self.report(request)
        return super().serve(request)


class TakesAnyKey(Shelf):
    """Answers with any key."""

    def is_key(self, given: str) -> bool:
        return given.lower().startswith("bearer ")


class ShowsOthers(Shelf):
    """Shows a reader the books of another one."""

    def may_see(self, book: Mapping[str, Any], owner: str) -> bool:
        return bool(book and owner)


class Slow(Shelf):
    """Takes its time."""

    def report(self, request: Request) -> Response:
        time.sleep(1.2)
        return super().report(request)
