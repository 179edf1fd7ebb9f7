"""What a server needs and its document leaves out is tried once a refusal shows that it lacks something."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported
from pgagents.base.http import Request, Response, read_json
from pgagents.report.report import Report
from shelves import ID, TEXT, Shelf, described, document
from small_api import answer, verified


def run(paths: dict[str, Any], server: Shelf, *only: str) -> tuple[Report, dict[str, str]]:
    report = verified(imported(paths).model, server, keys={}, allow_writes=True, only=only)
    assert server.rows == {"1": {"id": 1}}, "what was there is there, and nothing else"
    return report, {r.contract.id: r.verdict.value for r in report.results}


BOARD = {"type": "object", "properties": {"name": TEXT, "layout": TEXT}}
REMOVED = "removals/board/get_board@rest"


def test_a_create_over_whose_empty_body_a_server_falls_is_tried_with_all_members() -> None:
    """Superset 6.1.0 answers a 500 to a tag without members, 2026-11-27."""

    def takes(request: Request) -> Response | None:
        body = read_json(request.body or b"{}").value
        right = isinstance(body, dict) and isinstance(body.get("name"), str)
        return None if right else answer(500, {"message": "Fatal error"})

    report, verdicts = run(
        document("boards", BOARD, "application/json"), Shelf("boards", takes), "removals", "no_"
    )
    assert verdicts[REMOVED] == "kept"
    assert "no_crashes/create_board@rest" in {finding.contract.id for finding in report.findings}


def test_a_refusal_of_one_member_does_not_bring_the_others() -> None:
    """Its prose has the words of other members, as in an example of an address."""
    sent: list[Any] = []

    def takes(request: Request) -> Response | None:
        body = read_json(request.body or b"{}").value
        sent.append(body)
        if not isinstance(body, dict) or not isinstance(body.get("name"), str):
            return answer(422, {"message": {"name": ["is required: layout or name, as layout@name"]}})
        return None

    _, verdicts = run(document("boards", BOARD, "application/json"), Shelf("boards", takes), "removals")
    assert verdicts[REMOVED] == "kept"
    assert not any("layout" in body for body in sent)


@pytest.mark.parametrize(
    ("says", "verdict"), [("Invalid JSON configuration", "kept"), ("Not of our kind", "untested")]
)
def test_a_text_that_a_refusal_wants_to_be_json_is_an_empty_object(says: str, verdict: str) -> None:
    """Superset 6.1.0 says so of `json_data` and `json_metadata`, which its document calls texts."""
    members = {"name": TEXT, "json_layout": TEXT}  # which may name one of the layouts
    board = {"type": "object", "required": [*members], "properties": members}

    def takes(request: Request) -> Response | None:
        body = read_json(request.body or b"{}").value
        given = body.get("json_layout") if isinstance(body, dict) else None
        right = isinstance(given, str) and isinstance(read_json(given.encode()).value, dict)
        return None if right else answer(400, {"message": {"json_layout": [says]}})

    layouts = {"get": {"responses": described(200, {"type": "array", "items": {"type": "object"}})}}
    paths = document("boards", board, "application/json", **{"/layouts": layouts})
    _, verdicts = run(paths, Shelf("boards", takes), "removals")
    assert verdicts[REMOVED] == verdict


def test_a_change_of_a_text_that_must_be_json_is_no_false_alarm() -> None:
    """The text that a check has chosen stays, as it is compared with what came of it."""
    members = {"name": TEXT, "json_layout": TEXT}
    board = {"type": "object", "required": [*members], "properties": members}

    def takes(request: Request) -> Response | None:
        body = read_json(request.body or b"{}").value
        given = body.get("json_layout") if isinstance(body, dict) else None
        right = isinstance(given, str) and isinstance(read_json(given.encode()).value, dict)
        return None if right else answer(400, {"message": {"json_layout": ["Invalid JSON configuration"]}})

    class Changing(Shelf):
        def __call__(self, request: Request) -> Response:
            id = request.path.rpartition("/")[2]
            if request.method != "PUT" or id not in self.rows:
                return super().__call__(request)
            if (refusal := takes(request)) is not None:
                return refusal
            self.rows[id] = {**read_json(request.body).value, "id": int(id)}
            return answer(200, self.rows[id])

    layouts = {"get": {"responses": described(200, {"type": "array", "items": {"type": "object"}})}}
    whole = document("boards", board, "application/json", **{"/layouts": layouts})
    row = {**board, "properties": {"id": ID, **members}}
    body = {"content": {"application/json": {"schema": board}}}
    one = whole["paths"]["/boards/{id}"]
    one["get"]["responses"] = described(200, row)
    one["put"] = {"requestBody": body, "responses": described(200, row)}
    changes = ("partial_changes", "put_replaces", "read_after_write", "removals")
    report, verdicts = run(whole, Changing("boards", takes), *changes)
    assert verdicts[REMOVED] == "kept"
    assert [finding.contract.id for finding in report.findings] == []


@pytest.mark.parametrize("media", [b"image/png", b"text/plain"])
def test_a_file_of_any_type_is_a_picture_and_then_a_text(media: bytes) -> None:
    """LNbits 1.6.2 takes pictures alone, and its document does not say so."""
    asset = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }

    def takes(request: Request) -> Response | None:
        right = b"Content-Type: " + media in request.body
        return None if right else answer(400, {"detail": "this type is not allowed"})

    _, verdicts = run(document("assets", asset, "multipart/form-data"), Shelf("assets", takes), "removals")
    assert verdicts["removals/asset/get_asset@rest"] == "kept"


def test_a_read_that_is_refused_gets_the_only_argument_of_its_query() -> None:
    """Superset 6.1.0 needs `q` in eleven reads and calls it optional."""
    numbers = {"type": "array", "items": ID}
    q = {"name": "q", "in": "query", "content": {"application/json": {"schema": numbers}}}
    further = {"/exports": {"get": {"parameters": [q], "responses": described(200, {"type": "object"})}}}

    class Exporting(Shelf):
        def __call__(self, request: Request) -> Response:
            if request.path != "/exports":
                return super().__call__(request)
            return (
                answer(200, {})
                if "q=%5B" in request.target
                else answer(400, {"message": "{} is not an array"})
            )

    paths = document("boards", BOARD, "application/json", **further)
    _, verdicts = run(paths, Exporting("boards", lambda _: None), "valid_calls/ordinary", "response_schema")
    assert verdicts["valid_calls/ordinary/list_exports@rest"] == "kept"
