"""An audit log whose ids, actors and times are numbers, of an API of notes in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.base.http import Handler, Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.checks.audit.audit_trail import CHECK, Done, judge_calls
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.endpoint import Endpoint
from small_api import KEY, KNOWN, NOTES, URL, answer, catalogue

SECOND, OPERATOR = "test_key_2", "test_key_operator"
USERS = {KEY: 41, SECOND: 42, OPERATOR: 1}
ROLES = """key: {description: A key, prefixes: {test_: test}}}, roles: {main: {description: A person},
  second: {description: Another, project: second}, operator: {description: Who runs it, operator: true}}}"""
LOG = """
operator:
  actions:
    list_log:
      {title: List the log, description: List the log., http: GET /log, effect: read,
       output: {200: {required: [rows], properties: {next: {type: [string, "null"]},
         rows: {type: array, items: {$ref: Row}}}}}}
audit:
  listed_by: {action: list_log, at: response.rows}
  as: operator
  actor: user
  about: {note: note}
"""
ROW = """  Row:
    type: object
    properties: {at: {}, action: {type: string}, note: {}, user: {}}
    required: [at, action]
  Note:
"""
PAGE = 20


@cache
def model() -> Model:
    """The catalogue of notes whose ids are numbers, with a log."""
    named = "note_id: {type: string, minLength: 1, maxLength: 40, required: true"
    text = (NOTES + KNOWN + LOG).replace(
        named, "note_id: {type: integer, minimum: 1, required: true, refers_to: note"
    )
    return catalogue(
        text,
        ("key: {description: A key, prefixes: {test_: test}}}}", ROLES),
        ("{id: {type: string}, text", "{id: {type: integer}, text"),
        ("  Note:\n", ROW),
        ("absent: no-such-note", "tenant: true\n    absent: 987654321"),
    )


Row = dict[str, Any]


@dataclass(slots=True)
class Noted:
    """The server. `record` makes the rows of a write from the right one, newest first in the log."""

    record: Callable[[Noted, Row], list[Row]] = lambda _, row: [row]
    shown: int | None = None
    """The most rows that the log shows; None shows all."""
    oldest_first: bool = False
    names_next: bool = True
    """True if a log that shows some rows only says so."""
    now: float = 1_790_000_000.4
    tick_s: float = 1.0
    """The seconds that each request takes."""
    notes: dict[int, Row] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        self.now += self.tick_s
        scheme, _, key = (request.header("Authorization") or "").partition(" ")
        if key not in USERS or scheme.lower() != "bearer":
            return answer(401, {"detail": "who are you?"})
        if request.path == "/log":
            if key != OPERATOR:
                return answer(401, {"detail": "the operator's alone"})
            shown = (self.rows[::-1] if self.oldest_first else self.rows)[: self.shown]
            next = "/log?page=2" if self.names_next and len(shown) < len(self.rows) else None
            return answer(200, {"rows": shown, "next": next})
        head, _, tail = request.path.strip("/").partition("/")
        if head != "notes" or (tail and not tail.isdecimal()):
            return answer(422 if head == "notes" else 404, {"detail": "no number"})
        return self._one(request, key, int(tail)) if tail else self._all(request, key)

    def _all(self, request: Request, key: str) -> Response:
        if request.method == "GET":
            return answer(200, {"notes": [n for i, n in self.notes.items() if self.owners[i] == key]})
        if request.method != "POST":
            return answer(405, {"detail": "no such method"}, Allow="GET, POST")
        if (text := _text(request)) is None:
            return answer(422, {"detail": "a text"})
        id = len(self.owners) + 1
        self.notes[id], self.owners[id] = {"id": id, "text": text}, key
        self._note("create_note", id, key)
        return answer(201, self.notes[id])

    def _one(self, request: Request, key: str, id: int) -> Response:
        if request.method not in ("GET", "PUT", "DELETE"):
            return answer(405, {"detail": "no such method"}, Allow="DELETE, GET, PUT")
        if id < 1 or (request.method == "PUT" and _text(request) is None):
            return answer(422, {"detail": "a text"})
        if id not in self.notes or self.owners[id] != key:
            return answer(404, {"detail": "no such note"})
        if request.method == "DELETE":
            del self.notes[id]
            self._note("delete_note", id, key)
            return Response(204)
        if request.method == "PUT":
            self.notes[id]["text"] = _text(request)
            self._note("change_note", id, key)
        return answer(200, self.notes[id])

    def _note(self, action: str, id: int, key: str) -> None:
        row = {"at": int(self.now), "action": action, "note": id, "user": USERS[key]}
        self.rows[:0] = self.record(self, row)


def _text(request: Request) -> str | None:
    body = read_json(request.body).value
    text = body.get("text") if isinstance(body, dict) else None
    return text if isinstance(text, str) and 1 <= len(text) <= 40 else None


def run(server: Noted, handler: Handler | None = None) -> Report:
    """Verify the server with all keys. `handler` may stand in front of it."""
    return verify(
        model(),
        handler or server,
        Identities({"main": KEY, "second": SECOND, "operator": OPERATOR}),
        Options(seed=1, live=False),
        clock=lambda: server.now,
        sleep=lambda _: None,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
    )


def verdicts(report: Report) -> dict[str, Verdict]:
    """Return the verdict of each contract of the log, without the check's name and the surface."""
    return {
        r.contract.id.removeprefix("audit_trail/").removesuffix("@rest"): r.verdict
        for r in report.results
        if r.contract.check == "audit_trail"
    }


def change(**members: Callable[[Row], Any]) -> Callable[[Noted, Row], list[Row]]:
    """Return a `record` whose rows have other values in these members."""
    return lambda _, row: [{**row, **{name: made(row) for name, made in members.items()}}]


def in_text(row: Row) -> str:
    return datetime.fromtimestamp(row["at"], UTC).isoformat()


LEGAL: dict[str, Noted] = {
    "numbers": Noted(),
    "milliseconds": Noted(change(at=lambda row: row["at"] * 1_000 + 7)),
    "fractions of seconds": Noted(change(at=lambda row: row["at"] + 0.25)),
    "nanoseconds": Noted(change(at=lambda row: row["at"] * 10**9)),
    "times in text": Noted(change(at=in_text)),
    "ids in text": Noted(change(note=lambda row: str(row["note"]))),
    "actors in text": Noted(change(user=lambda row: f"user-{row['user']}")),
    "rows of others": Noted(lambda _, row: [row, {"at": row["at"], "action": "sign_in", "note": None}]),
    "objects as ids of others": Noted(lambda _, row: [row, {"at": 0, "action": "sign_in", "note": {"a": 1}}]),
    "the newest rows, and a next page": Noted(shown=PAGE),
    "the newest rows alone": Noted(shown=PAGE, names_next=False),
}


@pytest.mark.parametrize("name", LEGAL)
def test_log_of_numbers_is_right(name: str) -> None:
    found = verdicts(run(LEGAL[name]))
    assert len(found) == 6
    assert set(found.values()) == {Verdict.KEPT}, found


@pytest.mark.parametrize("shown", [1, PAGE])
def test_a_log_that_begins_with_its_oldest_rows_lacks_no_later_one(shown: int) -> None:
    found = verdicts(run(Noted(shown=shown, oldest_first=True)))
    assert Verdict.BROKEN not in found.values(), found


def five_rows(_: Noted, row: Row) -> list[Row]:
    return [row, *({"at": row["at"], "action": f"step_{n}"} for n in range(4))]


def test_whole_log_that_is_as_long_as_a_page_is_judged_whole() -> None:
    assert set(verdicts(run(Noted(five_rows, tick_s=0.001))).values()) == {Verdict.KEPT}

    def lack(server: Noted, row: Row) -> list[Row]:
        rows = five_rows(server, row)
        return [rows[1], *rows[1:]] if row["action"] == "delete_note" else rows

    assert verdicts(run(Noted(lack, tick_s=0.001)))["delete_note"] is Verdict.BROKEN


WRONG: dict[str, tuple[str, Callable[[Noted, Row], list[Row]]]] = {
    "no row of a removal": ("delete_note", lambda _, row: [row] if row["action"] != "delete_note" else []),
    "no row of the ninth note": ("create_note", lambda _, row: [row] if row["note"] != 9 else []),
    "another id": ("change_note", change(note=lambda r: r["note"] + (r["action"] == "change_note") * 1_000)),
    "no id": ("create_note", change(note=lambda _: None)),
    "an id that is true": ("create_note", change(note=lambda row: row["note"] == 1 or row["note"])),
    "another actor each time": ("actor", lambda server, row: [{**row, "user": len(server.rows)}]),
    "no actor": ("actor", change(user=lambda _: None)),
    "an empty actor": ("actor", change(user=lambda _: "")),
    "an actor that is an object": ("actor", change(user=lambda row: {"id": row["user"]})),
    "an hour late": ("timed", change(at=lambda row: row["at"] + 3_600)),
    "an hour late in milliseconds": ("timed", change(at=lambda row: (row["at"] + 3_600) * 1_000)),
    "minutes for seconds": ("timed", change(at=lambda row: row["at"] // 60)),
    "no time": ("timed", change(at=lambda _: None)),
    "a time that is true": ("timed", change(at=lambda _: True)),
    "a time that is far too large": ("timed", change(at=lambda row: row["at"] * 10**400)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_log_of_numbers_is_found(name: str) -> None:
    contract, record = WRONG[name]
    found = verdicts(run(Noted(record)))
    assert found[contract] is Verdict.BROKEN, found


@pytest.mark.parametrize("names_next", [True, False])
def test_missing_row_among_the_newest_is_found(names_next: bool) -> None:
    _, record = WRONG["no row of a removal"]
    found = verdicts(run(Noted(record, shown=PAGE, names_next=names_next)))
    assert found["delete_note"] is Verdict.BROKEN


def test_row_that_changes_later_is_found() -> None:
    def record(server: Noted, row: Row) -> list[Row]:
        for older in server.rows[:3]:
            older["note"] = -1
        return [row]

    assert verdicts(run(Noted(record)))["unchanged"] is Verdict.BROKEN


def done(note: int, role: str = "main", hides: tuple[str, ...] = ()) -> Done:
    """Return a change of a note."""
    action = SimpleNamespace(name="change_note", effect="write")
    endpoint = cast(Endpoint, SimpleNamespace(place="change_note@rest", action=action))
    says = {"action": "change_note", "note": str(note)}
    return Done(endpoint, role, 1_790_001_234.0, 1_790_001_235.0, says, {}, hides, True)


def row(note: int, **members: Any) -> Row:
    """Return the row of a change of a note."""
    return {"at": 1_790_001_234, "action": "change_note", "note": note, "user": 41, **members}


def judge(calls: list[Done], rows: list[Row]) -> dict[str, Verdict]:
    """Return the verdict of each contract: broken if one judgement says so."""
    audit = replace(cast(Any, model().audit), never=("pin",))
    trials = cast(Any, CHECK.trials)(setting_of(replace(model(), audit=audit)))
    by_name = {detail or place: trial for (detail, place), trial in trials.items()}
    judged = judge_calls(audit, by_name, calls, rows)
    worst = sorted(judged, key=lambda one: one.verdict is Verdict.BROKEN)
    return {one.contract.removeprefix("audit_trail/").removesuffix("@rest"): one.verdict for one in worst}


@pytest.mark.parametrize(
    ("actor", "verdict"),
    [(42, Verdict.KEPT), ("41b", Verdict.KEPT), (41, Verdict.BROKEN), ("41", Verdict.BROKEN)],
)
def test_actors_of_two_keys_are_two(actor: int | str, verdict: Verdict) -> None:
    found = judge([done(1), done(2), done(3, "second")], [row(1), row(2), row(3, user=actor)])
    assert found["actor"] is verdict


def test_digits_of_a_time_are_no_private_number() -> None:
    calls = [done(7, hides=("1234",))]
    assert judge(calls, [row(7)])["private"] is Verdict.KEPT
    assert judge(calls, [row(7, changed="pin 1234")])["private"] is Verdict.BROKEN
