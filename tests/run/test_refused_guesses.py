"""A run makes up values that nobody shows. The server may refuse one by a rule that no schema states, and
breaks nothing; another value is tried then. Everything else is still a finding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.values.made_up import MOST_CANDIDATES
from small_api import KEY, accepting, answer, verified

PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
TIME = {"type": "string", "format": "date-time"}
SENT = {
    "title": {"type": "string", "minLength": 1, "maxLength": 40},
    "starts_at": TIME,
    "ends_at": TIME,
    "sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
}
OPTIONAL = {"remind_at": TIME}
ID = {"type": "string", "maxLength": 40}
DAY = date(2026, 9, 21)
"""The day on which the time of `verified` stands still."""


def answers(status: int, schema: dict[str, Any] | None, *refusals: int) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    refused = {"description": "No", "content": {"application/json": {"schema": PROBLEM}}}
    return {str(status): {"description": "So", **content}, **{str(s): refused for s in (401, *refusals)}}


@cache
def model() -> Model:
    """The model of a document of bookings, whose times and stock it only names by format and pattern."""
    kept = {"type": "object", "required": ["id", *SENT], "properties": {"id": ID, **SENT, **OPTIONAL}}
    sent = {"type": "object", "required": [*SENT], "properties": {**SENT, **OPTIONAL}}
    body = {"required": True, "content": {"application/json": {"schema": sent}}}
    one = {"name": "booking_id", "in": "path", "required": True, "schema": ID}
    paths: dict[str, Any] = {
        "/bookings": {
            "get": {
                "operationId": "list_bookings",
                "responses": answers(200, {"type": "array", "items": kept}),
            },
            "post": {
                "operationId": "create_booking",
                "requestBody": body,
                "responses": answers(201, kept, 409, 422),
            },
        },
        "/bookings/{booking_id}": {
            "parameters": [one],
            "get": {"operationId": "get_booking", "responses": answers(200, kept, 404, 422)},
            "put": {
                "operationId": "change_booking",
                "requestBody": body,
                "responses": answers(200, kept, 404, 409, 422),
            },
            "delete": {"operationId": "delete_booking", "responses": answers(204, None, 404, 422)},
        },
    }
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return imported(openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])).model


Rule = Callable[[dict[str, Any], datetime, datetime], bool]


class Hall:
    """Books a hall: an end follows its start, reminders are to come, and `rule` holds besides.

    No two bookings are at the same time. `crash` is a text in a title that ends in a 500, and `may_not` the
    status of every change.
    """

    def __init__(self, rule: Rule = lambda *_: True, crash: str = "", may_not: int = 0) -> None:
        self.rule, self.crash, self.may_not = rule, crash, may_not
        self.bookings: dict[str, dict[str, Any]] = {}
        self.refused: list[dict[str, Any]] = []
        self.may, self._ids = accepting(KEY), count(1)

    def __call__(self, request: Request) -> Response:
        if not self.may(request):
            return answer(401, {"detail": "who are you?"})
        _, kind, *rest = request.path.split("/")
        id = rest[0] if rest else ""
        if kind != "bookings" or len(rest) > 1:
            return answer(404, {"detail": "no such path"})
        if len(id) > 40:
            return answer(422, {"detail": "an id"})
        if request.method not in (("GET", "PUT", "DELETE") if id else ("GET", "POST")):
            return answer(405, {"detail": "no such method"}, Allow="GET, PUT, DELETE" if id else "GET, POST")
        if self.may_not and request.method == "PUT":
            return answer(self.may_not, {"detail": "not with this key"})
        body = self.read(request) if request.method in ("POST", "PUT") else {}
        if body is None:
            return answer(422, {"detail": "wrong"})
        if id and id not in self.bookings:
            return answer(404, {"detail": "none"})
        if request.method == "GET":
            return answer(200, self.bookings[id] if id else [*self.bookings.values()])
        if request.method == "DELETE":
            del self.bookings[id]
            return Response(204)
        if self.crash and self.crash in body["title"]:
            return answer(500, {"detail": "oh"})
        if self.is_taken(body, id):
            return answer(409, {"detail": "taken"})
        id = id or f"b{next(self._ids)}"
        self.bookings[id] = {**body, "id": id}
        return answer(200 if request.method == "PUT" else 201, self.bookings[id])

    def read(self, request: Request) -> dict[str, Any] | None:
        """The arguments, if they are as documented and the rules allow them."""
        body = read_json(request.body).value
        if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in SENT):
            return None
        if not isinstance(body.get("remind_at", ""), str):
            return None
        test = 1 <= len(body["title"]) <= 40
        good = re.fullmatch("[A-Z]{3}-[0-9]{4}", body["sku"])
        try:
            begin, end = (datetime.fromisoformat(body[name]) for name in ("starts_at", "ends_at"))
            remind = datetime.fromisoformat(body.get("remind_at", body["starts_at"]))
            if not remind.tzinfo or "T" not in body.get("remind_at", "T"):
                return None
            if "remind_at" in body and remind.date() <= DAY:
                return None
            if not (test and good and begin.tzinfo and end.tzinfo and "T" in body["ends_at"]):
                return None
            if end <= begin or not self.rule(body, begin, end):
                self.refused.append(body)
                return None
        except ValueError:
            return None
        return {name: body[name] for name in (*SENT, *OPTIONAL) if name in body}

    def is_taken(self, body: dict[str, Any], id: str) -> bool:
        mine = (body["starts_at"], body["ends_at"])
        return any((b["starts_at"], b["ends_at"]) == mine for k, b in self.bookings.items() if k != id)


def run(hall: Hall, **options: Any) -> tuple[Report, dict[str, str]]:
    """The report, and the contracts that are broken or odd with what was answered."""
    report = verified(model(), hall, allow_writes=True, **options)
    return report, {f.contract.id: f.actual for f in report.findings}


def ahead(begin: datetime) -> timedelta:
    return begin.date() - DAY


def is_soon(_: Any, begin: datetime, end: datetime) -> bool:
    return timedelta(1) < ahead(begin) < timedelta(120) and end - begin <= timedelta(hours=4)


def is_past(_: Any, begin: datetime, end: datetime) -> bool:
    del end
    return timedelta(0) > ahead(begin)


@pytest.mark.parametrize("rule", [is_soon, is_past], ids=["soon", "past"])
def test_what_no_schema_states_is_met_or_tried_otherwise(rule: Rule) -> None:
    hall = Hall(rule)
    report, findings = run(hall)
    assert findings == {}
    shown = {r.contract.id: r.verdict.value for r in report.results}
    assert shown["valid_calls/ordinary/create_booking@rest"] == "kept"
    assert shown["valid_calls/ordinary/change_booking@rest"] == "kept"
    tried = [v for v in shown.values() if v not in ("not_selected", "not_applicable")]
    assert tried.count("untested") * 20 <= len(tried)
    assert hall.bookings == {}
    assert report.header.day == DAY.isoformat()


class Repaired(Hall):
    """Refuses some bookings in a row by the hall's state, whatever their times are."""

    made, conflicts = 0, 2

    def __call__(self, request: Request) -> Response:
        if request.method == "POST" and self.may(request) and self.read(request) is not None:
            self.made += 1
            if 3 <= self.made < 3 + self.conflicts:
                return answer(409, {"detail": "under repair"})
        return super().__call__(request)


@pytest.mark.parametrize(("conflicts", "otherwise"), [(2, False), (3, False), (4, True), (5, True)])
def test_conflicts_are_followed_by_times_of_the_form_that_was_accepted(
    conflicts: int, otherwise: bool
) -> None:
    hall = Repaired(is_soon)
    hall.conflicts = conflicts
    _, findings = run(hall)
    assert findings == {}
    past = {body["starts_at"] for body in hall.refused if body["starts_at"] < DAY.isoformat()}
    assert bool(past) == otherwise
    assert len(past) < MOST_CANDIDATES, "a form that is refused is left again"
    assert hall.made > 20


class Stock(Hall):
    """Refuses the first article numbers that are asked for, and says which it was."""

    lacking = 1
    """The number of refusals."""

    def __call__(self, request: Request) -> Response:
        body = read_json(request.body).value if request.method in ("POST", "PUT") else None
        sku = body.get("sku") if isinstance(body, dict) else None
        if self.may(request) and isinstance(sku, str) and self.lacking:
            self.lacking -= 1
            return answer(422, {"detail": f'no article "{sku}"'})
        return super().__call__(request)


def test_a_refusal_that_repeats_one_value_leaves_the_others_as_they_are() -> None:
    """The first times would do, and the later ones would not."""
    report, findings = run(Stock(is_soon), only=("valid_calls/ordinary",))
    assert findings == {}
    verdicts = {r.contract.id: r.verdict.value for r in report.results}
    assert verdicts["valid_calls/ordinary/create_booking@rest"] == "kept"
    assert verdicts["valid_calls/ordinary/change_booking@rest"] == "kept"


def test_the_reason_names_the_value_that_the_refusal_repeats() -> None:
    stock = Stock(is_soon)
    stock.lacking = 1_000
    report, findings = run(stock, only=("valid_calls/ordinary",))
    assert findings == {}
    reasons = {r.contract.id: r.reason for r in report.results}
    assert "for `sku` with 422: give an" in reasons["valid_calls/ordinary/create_booking@rest"]


def test_a_refusal_of_every_value_breaks_nothing_and_says_what_would_help() -> None:
    hall = Hall(lambda *_: False)
    report, findings = run(hall)
    assert findings == {}
    reasons = Counter(r.reason for r in report.results if r.verdict.value == "untested")
    named = [reason for reason in reasons if "the server refused a made-up " in reason]
    assert sum(reasons[reason] for reason in named) > 35
    assert len(named) <= 3, "the same value stands in each reason"
    assert all("for `starts_at` with 422: give an example" in reason for reason in named)
    assert len(hall.refused) < 25, "a create that always refuses is not called for each contract"


def test_a_crash_by_another_argument_is_found() -> None:
    _, findings = run(Hall(is_soon, crash="🚗"))
    assert any(id.startswith("no_crashes/") for id in findings)


@pytest.mark.parametrize(("status", "told"), [(401, ()), (403, ("documented_status/change_booking@rest",))])
def test_what_the_key_may_not_do_is_no_wrong_refusal(status: int, told: tuple[str, ...]) -> None:
    """A status that the document does not list is told as such, and only once."""
    report, findings = run(Hall(is_soon, may_not=status))
    assert tuple(findings) == told
    reasons = {r.contract.id: r.reason for r in report.results}
    assert (
        "the key or the server's settings do not allow it"
        in reasons["valid_calls/ordinary/change_booking@rest"]
    )


def test_a_run_of_another_day_chooses_as_on_that_day() -> None:
    seen: list[datetime] = []

    def note(_: Any, begin: datetime, end: datetime) -> bool:
        seen.append(begin)
        return begin < end

    report, _ = run(Hall(note), day=date(2026, 1, 5), only=("valid_calls/ordinary/create_booking",))
    assert report.header.day == "2026-01-05"
    assert report.select("x").endswith("--seed 0 --day 2026-01-05")
    assert min(begin.date() for begin in seen) >= date(2026, 2, 14)
    assert max(begin.date() for begin in seen) < date(2026, 4, 1)


BOX = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
JAR = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "box": {"type": "integer"}},
}


class Cellar:
    """Keeps jars in boxes: a jar must name its box, which the document does not say."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[int, dict[str, Any]]] = {"boxes": {1: {"id": 1}}, "jars": {}}
        self.sent: list[Any] = []
        self._ids = count(2)

    def __call__(self, request: Request) -> Response:
        _, kind, *rest = request.path.split("/")
        rows, id = self.kept.get(kind, {}), rest[0] if rest else ""
        if kind not in self.kept or len(rest) > 1 or (id and int(id if id.isdecimal() else 0) not in rows):
            return answer(404, {"detail": "none"})
        if request.method == "DELETE" and id:
            del rows[int(id)]
            return Response(204)
        if request.method == "GET":
            return answer(200, rows[int(id)] if id else [*rows.values()])
        if request.method != "POST" or id:
            return answer(405, {"detail": "no such method"}, Allow="GET, DELETE" if id else "GET, POST")
        body = read_json(request.body or b"{}").value
        if kind == "jars":
            self.sent.append(body.get("box") if isinstance(body, dict) else body)
            if not isinstance(body, dict) or body.get("box") not in self.kept["boxes"]:
                return answer(422, {"detail": "box: this field is required"})
        made = {"id": next(self._ids), **({"box": body["box"]} if kind == "jars" else {})}
        rows[made["id"]] = made
        return answer(201, made)


@pytest.mark.parametrize("kind", ["integer", "string"])
def test_a_refusal_that_asks_for_a_reference_gets_an_instance_of_the_runs_own(kind: str) -> None:
    """Django's documents call the integer in a path a string (Label Studio 1.23.2, 2026-11-29)."""
    paths: dict[str, Any] = {}
    for noun, row in (("boxes", BOX), ("jars", JAR)):
        given = {name: schema for name, schema in row["properties"].items() if name != "id"}
        sent = {"content": {"application/json": {"schema": {"type": "object", "properties": given}}}}
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": kind}}
        paths[f"/{noun}"] = {
            "get": {"responses": answers(200, {"type": "array", "items": row})},
            "post": {"requestBody": sent, "responses": answers(201, row, 422)},
        }
        paths[f"/{noun}/{{id}}"] = {
            "parameters": [one],
            "get": {"responses": answers(200, row, 404)},
            "delete": {"responses": answers(204, None, 404)},
        }
    cellar = Cellar()
    report = verified(imported(openapi(paths)).model, cellar, keys={}, allow_writes=True, only=("removals",))
    verdicts = {r.contract.id: r.verdict.value for r in report.results}
    assert verdicts["removals/jar/get_jar@rest"] == "kept"
    assert 1 not in cellar.sent, "the box of others is not named"
    assert cellar.kept == {"boxes": {1: {"id": 1}}, "jars": {}}
