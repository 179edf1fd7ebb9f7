"""A name that repeats its path, as `shelves/7` in Google's APIs (AIP-122), is read and removed by its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from importing import holding, imported, openapi, taking
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.wire.encode import shorten_names
from small_api import verified

TEXT = {"type": "string"}
STATUS = {"default": {"description": "An unexpected error", **holding({"type": "object"})}}
SCHEMAS = {
    "Shelf": {"type": "object", "properties": {"name": TEXT, "title": TEXT}},
    "Book": {"type": "object", "properties": {"name": TEXT, "title": TEXT}},
}
TITLE = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}


def _operation(id: str, answer: Any, **more: Any) -> dict[str, Any]:
    return {
        "operationId": id,
        "responses": {"200": {"description": "It", **holding(answer)}, **STATUS},
        **more,
    }


def _paths(kind: str, at: str) -> dict[str, Any]:
    name = kind.lower()
    one, many = {"$ref": f"#/components/schemas/{kind}"}, at.rpartition("/")[2]
    listed = {"type": "object", "properties": {many: {"type": "array", "items": one}}}
    names = [part[1:-1] for part in f"{at}/{{{name}}}".split("/") if part.startswith("{")]
    given = [{"in": "path", "name": each, "required": True, "schema": TEXT} for each in names]
    return {
        at: {
            "parameters": given[:-1],
            "get": _operation(f"list_{many}", listed),
            "post": _operation(f"create_{name}", one, requestBody=taking(TITLE)),
        },
        f"{at}/{{{name}}}": {
            "parameters": given,
            "get": _operation(f"get_{name}", one),
            "delete": _operation(f"delete_{name}", {"type": "object"}),
        },
    }


BOOKS = _paths("Book", "/v1/shelves/{shelf}/books")
DESTINATION = {"type": "object", "required": ["destination"], "properties": {"destination": TEXT}}
MOVE = {
    "parameters": BOOKS["/v1/shelves/{shelf}/books/{book}"]["parameters"],
    "post": _operation("move_book", {"type": "object"}, requestBody=taking(DESTINATION)),
}
DOCUMENT = openapi(
    {**_paths("Shelf", "/v1/shelves"), **BOOKS, "/v1/shelves/{shelf}/books/{book}:move": MOVE},
    components={"schemas": SCHEMAS},
)


@dataclass
class Library:
    """Shelves with books, by their names. A shelf with books is not removed: FAILED_PRECONDITION, a 400."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(101))
    asked: list[str] = field(default_factory=list)
    moving: Any = field(default_factory=lambda: {"code": 3, "message": "destination: no such shelf"})
    """The answer to each move."""

    def __call__(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.path}")
        name = request.path.removeprefix("/v1/").rstrip("/")
        parent, _, kind = name.rpartition("/")
        if kind in ("shelves", "books") and (not parent or parent in self.rows):
            return self._many(request, name, kind)
        if name.endswith(":move") and name.removesuffix(":move") in self.rows:
            return self._answer(400, self.moving)
        if name not in self.rows or request.method not in ("GET", "DELETE"):
            return self._answer(404, {"code": 5})
        if request.method == "GET":
            return self._answer(200, self.rows[name])
        if any(other.startswith(f"{name}/") for other in self.rows):
            return self._answer(400, {"code": 9})
        del self.rows[name]
        return self._answer(200, {})

    def _many(self, request: Request, name: str, kind: str) -> Response:
        if request.method == "GET":
            own = [row for id, row in self.rows.items() if id.rpartition("/")[0] == name]
            return self._answer(200, {kind: own})
        try:
            title = read_json(request.body).value["title"]
        except (TypeError, KeyError):
            title = None
        if request.method != "POST" or not isinstance(title, str):
            return self._answer(400, {"code": 3})
        made = f"{name}/{next(self.numbers)}"
        self.rows[made] = {"name": made, "title": title}
        return self._answer(200, self.rows[made])

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def _run(server: Library) -> Report:
    return verified(imported(DOCUMENT).model, server, allow_writes=True)


def test_what_is_named_by_its_path_is_read_and_removed() -> None:
    server = Library()
    report = _run(server)
    told = {r.contract.id: (r.verdict, r.reason) for r in report.results}
    for action in ("get_shelf", "delete_shelf", "get_book", "delete_book"):
        assert told[f"valid_calls/ordinary/{action}@rest"] == (Verdict.KEPT, "")
    verdict, reason = told["valid_calls/ordinary/move_book@rest"]
    assert (verdict, reason[:38]) == (Verdict.UNTESTED, "destination is an id that was made up,")
    assert [f"{f.contract.id}: {f.actual}" for f in report.findings] == []
    assert [reason for _, reason in told.values() if "delete_shelf answered" in reason] == []
    assert server.rows == {}


def test_refusal_that_only_repeats_an_argument_does_not_speak_of_it() -> None:
    """Pydantic's errors have the whole input."""
    missing = {"type": "missing", "loc": ["body", "place"], "input": {"destination": "x"}}
    report = _run(Library(moving={"detail": [missing]}))
    told = {r.contract.id: r.verdict for r in report.results}
    assert told["valid_calls/ordinary/move_book@rest"] is Verdict.ODD


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({"shelf": "shelves/7"}, {"shelf": "7"}),
        ({"shelf": "v1/shelves/7"}, {"shelf": "7"}),
        ({"shelf": "7/8"}, {"shelf": "7/8"}),
        ({"shelf": "elves/7"}, {"shelf": "elves/7"}),
        ({"shelf": "shelves/"}, {"shelf": "shelves/"}),
        ({"shelf": "shelves/ "}, {"shelf": "shelves/ "}),
        ({"book": "shelves/7/books/2", "shelf": "shelves/7"}, {"book": "2", "shelf": "7"}),
        ({"book": "shelves/8/books/2", "shelf": "7"}, {"book": "shelves/8/books/2", "shelf": "7"}),
    ],
)
def test_only_the_path_before_its_place_is_cut_from_a_name(
    values: dict[str, Any], sent: dict[str, Any]
) -> None:
    action = imported(DOCUMENT).model.action("get_book" if "book" in values else "list_books")
    assert action is not None

    def shorten(action: Any, *, authored: bool = False) -> Mapping[str, Any]:
        call = SimpleNamespace(endpoint=SimpleNamespace(action=action), authored=authored)
        return shorten_names(cast(Any, call), values)

    assert shorten(action) == sent
    assert shorten(action, authored=True) == values, "it is what its author wrote"
    whole = replace(action, params=tuple(replace(param, reserved=True) for param in action.params))
    assert shorten(whole) == values, "the document says that slashes are sent"
