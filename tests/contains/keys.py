"""What `schemathesis run` can find, key by key: each with a server that has exactly that fault."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contains.shelf import Shelf, answer, refuse
from pgagents.http import Request, Response, json_bytes, read_json


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that Schemathesis finds.

    `check` and `phases` are those of Schemathesis; `found` is the beginning of our contract's id, or empty with
    a reason in `why_not`. `server` has the fault.
    """

    check: str
    kind: str
    phases: str
    server: type[Shelf]
    found: str
    why_not: str = ""


def with_header(came: Response, name: str, value: str | None) -> Response:
    """Return the answer with another value of a header, or without it."""
    kept = tuple((n, v) for n, v in came.headers if n.lower() != name.lower())
    return Response(came.status, (*kept, *(((name, value),) if value is not None else ())), came.body)


def is_list(request: Request, came: Response) -> bool:
    """True for a successful list."""
    return request.path == "/books" and request.method == "GET" and came.status == 200


class CrashOnExample(Shelf):
    """Crashes at the example of the document."""

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
    """Crashes for a combination that is no boundary of anything: a long travel book."""

    def create(self, request: Request, owner: str) -> Response:
        given = read_json(request.body).value
        if isinstance(given, dict) and given.get("genre") == "travel":
            pages = given.get("pages")
            if isinstance(pages, int) and 2 < pages < 4999 and pages % 2:
                return refuse(500, "oops")
        return super().create(request, owner)


class CrashBehindLink(Shelf):
    """Crashes for a shelf that exists, whose code only a link leads to."""

    def find_shelf(self, code: str, owner: str) -> Response:
        came = super().find_shelf(code, owner)
        return refuse(500, "oops") if came.status == 200 else came


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
    """Answers a list with a text that is no media type."""

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
        return Response(422, came.headers, json_bytes({"detail": 7})) if came.status == 422 else came


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
        if self.find_methods(request.path) and request.method in ("PATCH", "PUT", "DELETE", "TRACE", "QUERY"):
            if request.method not in (self.find_methods(request.path) or ()):
                return answer(200, {})
        return super().serve(request)


class NotFoundForMethod(Shelf):
    """Answers 404 to any method that the path does not have."""

    def change(self, request: Request, came: Response) -> Response:
        return refuse(404, "no such method") if came.status == 405 else came


class NoAllow(Shelf):
    """Refuses a method without an Allow header."""

    def change(self, request: Request, came: Response) -> Response:
        return with_header(came, "Allow", None) if came.status == 405 else came


class WrongAllow(Shelf):
    """Lists other methods in the answer to OPTIONS."""

    def change(self, request: Request, came: Response) -> Response:
        wrong = request.method == "OPTIONS" and came.header("allow") is not None
        return with_header(came, "Allow", "GET, PUT") if wrong else came


class StillThere(Shelf):
    """Answers a book that was removed."""

    def at_book(self, request: Request, owner: str) -> Response:
        came = super().at_book(request, owner)
        number = request.path.removeprefix("/books/")
        if came.status == 404 and number.isascii() and number.isdecimal() and len(number) < 12:
            if request.method == "GET" and (book := self.removed.get(int(number))) is not None:
                return answer(200, self.show(book))
        return came


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
        return True


class Slow(Shelf):
    """Takes its time."""

    def report(self, request: Request) -> Response:
        time.sleep(1.2)
        return super().report(request)


KEYS = {
    "crash-example": Key("not_a_server_error", "ServerError", "examples", CrashOnExample, "no_crashes/create_book"),
    "crash-boundary": Key("not_a_server_error", "ServerError", "coverage", CrashAtMaximum, "no_crashes/create_book"),
    "crash-combination": Key("not_a_server_error", "ServerError", "fuzzing", CrashInBetween, "no_crashes/create_book"),
    "crash-link": Key("not_a_server_error", "ServerError", "stateful", CrashBehindLink, "no_crashes/get_shelf"),
    "crash-wrong-body": Key("not_a_server_error", "ServerError", "coverage", CrashOnBrokenBody, "no_crashes/create_book"),
    "status": Key("status_code_conformance", "UndefinedStatusCode", "coverage", OtherStatus, "documented_status/list_books"),
    "type-other": Key("content_type_conformance", "UndefinedContentType", "coverage", OtherType, "content_type/list_books"),
    "type-none": Key("content_type_conformance", "MissingContentType", "coverage", NoType, "content_type/list_books"),
    "type-broken": Key("content_type_conformance", "MalformedMediaType", "coverage", BrokenType, "content_type/list_books"),
    "header-missing": Key("response_headers_conformance", "MissingHeaders", "coverage", NoHeader, "response_headers/"),
    "header-wrong": Key("response_headers_conformance", "JsonSchemaError", "coverage", WrongHeader, "response_headers/"),
    "body-type": Key("response_schema_conformance", "JsonSchemaError", "coverage", WrongMember, "response_schema/"),
    "body-member": Key("response_schema_conformance", "JsonSchemaError", "coverage", NoMember, "response_schema/"),
    "body-json": Key("response_schema_conformance", "MalformedJson", "coverage", BrokenJson, "content_type/list_books"),
    "body-refusal": Key("response_schema_conformance", "JsonSchemaError", "coverage", BrokenRefusal, "error_envelope/"),
    "accepts-query": Key("negative_data_rejection", "AcceptedNegativeData", "coverage", AcceptsQuery, "invalid_input/maximum/limit/list_books"),
    "accepts-body": Key("negative_data_rejection", "AcceptedNegativeData", "coverage", AcceptsBody, "invalid_input/maxLength/title/create_book"),
    "accepts-no-member": Key("negative_data_rejection", "AcceptedNegativeData", "coverage", AcceptsNoMember, "invalid_input/required/pages/create_book"),
    "refuses-boundary": Key("positive_data_acceptance", "RejectedPositiveData", "coverage", RefusesValid, "valid_calls/"),
    "refuses-enum": Key("positive_data_acceptance", "RejectedPositiveData", "coverage", RefusesGenre, "valid_calls/"),
    "header-required": Key("missing_required_header", "MissingHeaderNotRejected", "coverage", NeedsNoHeader, "invalid_input/required/x_branch/get_report"),
    "method-accepted": Key("unsupported_method", "UnsupportedMethodResponse", "coverage", TakesOtherMethod, "framework/"),
    "method-not-found": Key("unsupported_method", "UnsupportedMethodResponse", "coverage", NotFoundForMethod, "framework/"),
    "method-allow": Key("unsupported_method", "UnsupportedMethodResponse", "coverage", NoAllow, "framework/"),
    "options-allow": Key("allow_header_conformance", "AllowHeaderMismatch", "coverage", WrongAllow, "framework/"),
    "removed-read": Key("use_after_free", "UseAfterFree", "stateful", StillThere, "removals/"),
    "made-missing": Key("ensure_resource_availability", "EnsureResourceAvailability", "stateful", NotThere, "read_after_write/"),
    "key-none": Key("ignored_auth", "IgnoredAuth", "coverage", NeedsNoKey, "key_authentication/none/get_report"),
    "key-any": Key("ignored_auth", "IgnoredAuth", "coverage", TakesAnyKey, "key_authentication/"),
    "other-readers": Key("object_level_authorization", "ObjectLevelAuthorizationViolation", "fuzzing,stateful", ShowsOthers, "project_isolation/"),
    "slow": Key("max_response_time", "ResponseTimeExceeded", "coverage", Slow, ""),
}
