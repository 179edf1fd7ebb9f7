"""A document's 404 may mean a part that an instance need not have, such as its picture: no finding."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from test_open_documents import IN_PATH, SHELF, answers, get

KEY, URL = "k9f4c1e7a2b58d3066f1", "http://127.0.0.1:1"
IN = "0aa0d3b5-11c1-4b5c-9a55-1c2d1b3f8a10"
ID = "5fe0ca00-0aa0-4fdd-8790-371ec9506634"
NAMED = {**SHELF, "required": ["id", "name"]}
NAMED["properties"] = {**SHELF["properties"], "id": {"type": "string", "format": "uuid"}}
BOX = {**IN_PATH, "name": "box_id"}
PATHS = {
    "/shelves": get("listShelves", answers(s200={"type": "array", "items": NAMED})),
    "/shelves/{shelf_id}": get("getShelf", answers(s200=NAMED, s404=None), IN_PATH),
    "/shelves/{shelf_id}/cover": get("getCover", answers(s200=SHELF, s404=None), IN_PATH),
    "/shelves/{shelf_id}/boxes": get(
        "listBoxes", answers(s200={"type": "array", "items": NAMED}, s404=None), IN_PATH
    ),
    "/shelves/{shelf_id}/boxes/{box_id}": get("getBox", answers(s200=NAMED, s404=None), IN_PATH, BOX),
    "/shelves/{shelf_id}/books": get("getBooks", answers(s200={"type": "array"}, s404=None), IN_PATH),
}
FOUND = {
    f"/shelves/{ID}": {"id": ID, "name": "a"},
    f"/shelves/{ID}/cover": {"name": "red"},
    f"/shelves/{ID}/books": [],
    f"/shelves/{ID}/boxes": [{"id": IN, "name": "b"}],
    f"/shelves/{ID}/boxes/{IN}": {"id": IN, "name": "b"},
}


@cache
def model() -> Model:
    return imported(openapi(PATHS, security=[])).model


def run(lost: str = "") -> Report:
    """Verify a server that has one shelf with all its parts but `lost`."""
    shown: dict[str, Any] = {"/shelves": [FOUND[f"/shelves/{ID}"]], **FOUND}
    shown.pop(f"/shelves/{ID}{lost}" if lost != "none" else "", None)
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def server(request: Request) -> Response:
        there = request.method in ("GET", "HEAD") and request.path in shown
        body = json_bytes(shown[request.path]) if there else json_bytes({"detail": "nothing"})
        return Response(200 if there else 404, (("Content-Type", "application/json"),), body)

    return verify(
        model(), server, Identities({"main": KEY}), Options(live=False),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def verdict(report: Report, action: str) -> tuple[str, str]:
    id = f"valid_calls/ordinary/{action}@rest"
    [found] = [result for result in report.results if result.contract.id == id]
    return str(found.verdict.value), found.reason


def test_a_part_that_is_there_is_verified() -> None:
    report = run("none")
    assert verdict(report, "get_cover")[0] == "kept"
    assert report.findings == ()


def test_a_part_that_a_document_lets_be_missing_is_untested() -> None:
    found, reason = verdict(run("/cover"), "get_cover")
    assert found == "untested"
    assert reason.startswith("`cover` may be missing where the rest exists")


@pytest.mark.parametrize(
    ("lost", "action"), [("", "get_shelf"), ("/books", "get_books"), (f"/boxes/{IN}", "get_box")]
)
def test_an_instance_and_a_list_are_never_missing(lost: str, action: str) -> None:
    """The resource is only inferred, so what contradicts it is odd."""
    assert verdict(run(lost), action)[0] == "odd"
