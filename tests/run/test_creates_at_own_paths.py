"""The caller chooses an id, and a PUT or POST of the item's own path makes it, as in ActivityWatch
(2026-11-28): no answer 201 is documented, so that the same document may be of a server that only changes.
"""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank, Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

OLD = {"id": "kitchen", "label": "Kitchen", "weight": 3}


def says(schema: dict[str, Any] | None, *refused: int) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    others = {str(status): {"description": "No"} for status in (400, 404, 409, *refused)}
    return {"responses": {"200": {"description": "Success", **content}, **others}}


def model(how: str) -> Model:
    given = {
        "label": {"type": "string", "minLength": 1, "maxLength": 60},
        "weight": {"type": "integer", "minimum": 0, "maximum": 1_000},
    }
    body = {"type": "object", "required": ["label", "weight"], "properties": given}
    row = {**body, "required": ["id", "label", "weight"], "properties": {"id": {"type": "string"}, **given}}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    path = {"name": "box_id", "in": "path", "required": True, "schema": {"type": "string"}}
    item: dict[str, Any] = {"parameters": [path], "get": says(row), "delete": says(None)}
    put = {**sent, **says(row)}
    del put["responses"]["404"]
    item |= {"put": put} if how == "PUT" else {"post": {**sent, **says(None)}, "put": {**sent, **says(row)}}
    if how == "POST":
        del item["post"]["responses"]["404"]
    return imported(
        openapi({"/boxes": {"get": says({"type": "array", "items": row})}, "/boxes/{box_id}": item})
    ).model


class Boxes:
    """Keeps boxes. `how` is the method that makes one; `bug` is what goes wrong."""

    def __init__(self, how: str, bug: str = "") -> None:
        self.how, self.bug = how, bug
        self.kept: dict[str, dict[str, Any]] = {"kitchen": dict(OLD)}
        self.sent: list[tuple[str, str]] = []

    def __call__(self, request: Request) -> Response:
        path, method = request.target.partition("?")[0], request.method
        if path == "/boxes":
            listed = [] if self.bug.startswith("crashes") else list(self.kept.values())
            return self._say(200, listed) if method == "GET" else self._say(405)
        id = path.removeprefix("/boxes/")
        if not id or "/" in id:
            return self._say(404)
        self.sent.append((method, id))
        if self.bug == "reads another" and id not in self.kept:
            id = "kitchen"
        if method in ("PUT", "POST") and method in (self.how, "PUT"):
            return self._write(request, id)
        if method not in ("GET", "DELETE"):
            return self._say(405)
        if id not in self.kept:
            return self._say(403 if self.bug == "hides" else 404)
        row = self.kept[id]
        if method == "DELETE" and self.bug != "stays":
            del self.kept[id]
        return self._say(200, row if method == "GET" else {})

    def _write(self, request: Request, id: str) -> Response:
        body = read_json(request.body or b"").value
        right = (
            isinstance(body, dict) and isinstance(body.get("label"), str) and type(body.get("weight")) is int
        )
        if not right or not 1 <= len(body["label"]) <= 60 or not 0 <= body["weight"] <= 1_000:
            if self.bug == "crashes late":
                self.kept[id] = {**OLD, "id": id}
            return self._say(500 if self.bug.startswith("crashes") else 400)
        makes = request.method == self.how
        if self.bug in ("only changes", "says so alone") and id not in self.kept:
            return self._say(404) if self.bug == "only changes" else self._say(200, {"id": id, **body})
        if id not in self.kept and not makes:
            return self._say(404)
        if id in self.kept and makes and self.how == "POST":
            return self._say(409)
        row = {"id": id, "label": body["label"], "weight": body["weight"]}
        self.kept[id] = {**row, "weight": 7} if self.bug == "forgets" else row
        return self._say(200, None if makes and self.how == "POST" else row)

    def _say(self, status: int, body: Any = None) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(boxes: Boxes, *, only: tuple[str, ...] = ()) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(boxes.how), boxes, Identities({}), Options(live=False, allow_writes=True, only=only),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )  # fmt: skip


def count(report: Report, verdict: Verdict) -> int:
    return sum(result.verdict is verdict for result in report.results)


def list_checks(report: Report) -> set[str]:
    return {f.contract.check for f in report.findings if f.rank not in (Rank.COERCED, Rank.DOCUMENTED)}


@pytest.mark.parametrize("how", ["PUT", "POST"])
def test_what_is_made_at_its_own_path_is_made_read_changed_and_removed(how: str) -> None:
    boxes = Boxes(how)
    report = run(boxes)
    assert not list_checks(report)
    untested = [result for result in report.results if result.verdict is Verdict.UNTESTED]
    assert all(result.excused for result in untested), "too few rows, and what the document leaves open"
    assert len(untested) <= 6
    assert boxes.kept == {"kitchen": OLD}
    made = next(n for n, (method, id) in enumerate(boxes.sent) if method == how and id != "kitchen")
    assert ("GET", boxes.sent[made][1]) in boxes.sent[:made], "a read shows first that nobody has the id"


@pytest.mark.parametrize(
    ("how", "bug", "check"),
    [("PUT", "stays", "removals"), ("POST", "stays", "removals"), ("PUT", "forgets", "read_after_write")],
)
def test_bug_of_what_is_made_at_its_own_path_is_found(how: str, bug: str, check: str) -> None:
    assert check in list_checks(run(Boxes(how, bug), only=(f"{check}/",)))


@pytest.mark.parametrize("bug", ["only changes", "says so alone"])
def test_a_put_that_only_changes_is_not_accused(bug: str) -> None:
    boxes = Boxes("PUT", bug)
    report = run(boxes)
    firm = {f.contract.check for f in report.findings if not f.is_mild}
    assert firm <= {"documented_status"}, "the document does not say that it answers 404"
    assert boxes.kept == {"kitchen": OLD}


def test_nothing_is_written_where_a_read_takes_an_id_of_ours_for_an_older_one() -> None:
    boxes = Boxes("PUT", "reads another")
    run(boxes)
    assert boxes.kept == {"kitchen": OLD}
    assert {method for method, _ in boxes.sent} == {"GET"}


@pytest.mark.parametrize("how", ["PUT", "POST"])
def test_nothing_is_written_under_an_id_that_no_read_shows_to_be_missing(how: str) -> None:
    boxes = Boxes(how, "hides")
    run(boxes)
    assert {method for method, _ in boxes.sent} == {"GET"}


@pytest.mark.parametrize("bug", ["crashes", "crashes late"])
@pytest.mark.parametrize("how", ["PUT", "POST"])
def test_a_read_by_the_chosen_id_shows_what_a_crashed_create_made(how: str, bug: str) -> None:
    """No list shows it. What is there is removed, and what is not was never made."""
    boxes = Boxes(how, bug)
    report = run(boxes)
    assert any(f.contract.check == "no_crashes" for f in report.findings)
    assert boxes.kept == {"kitchen": OLD}
    assert not report.footer.may_exist
    assert not report.footer.left_behind
