"""A create of an inferred kind answers with what it was given. A server may write some values otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest.echoes_input import is_plain, is_same
from small_api import KNOWN, Notes, answer, verified, with_resource

SAME: list[tuple[Any, Any]] = [
    ("Ada@Example.com", "ada@example.com"),
    ("  two  words ", "two words"),
    ("https://a.example/", "https://a.example"),
    ("12.50", 12.5),
    (7, "7.00"),
    ("2026-12-01T10:00:00+02:00", "2026-12-01T08:00:00Z"),
    ("2026-12-01T10:00:30Z", "2026-12-01T10:00:00Z"),
    ("2026-12-01T10:01:00Z", "2026-12-01T10:00:00Z"),
    ("2026-12-01", "2026-12-01T00:00:00Z"),
    (True, True),
    ("Nan", "nan"),
    ("Infinity", "infinity"),
    ("+49 30 12", "+493012"),
    (12.345, 12.35),
    (0.125, 0.13),
    (True, "true"),
    ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ("9999-12-31T23:59:59-02:00", "9999-12-31"),
    ("2026-12-01T10:00:00Z", "2026-12-01"),
    ("2026-12-01T23:30:00-02:00", "2026-12-02"),
    (["b", "A"], ["a", "b", "c"]),
]
OTHERS: list[tuple[Any, Any]] = [
    ("garden", "garde"),
    ("2026-12-01T10:00:00+02:00", "2026-12-01T10:00:00Z"),
    ("2026-12-01T10:01:01Z", "2026-12-01T10:00:00Z"),
    ("2026-12-01", "2026-12-02"),
    (True, False),
    (1, True),
    (7, 8),
    (7, 10**400),
    ("+abc", "+xyz"),
    ("garden", ""),
    ("Nan", "Anna"),
    ("+49 30 12", "+493013"),
    (12.34, 12.35),
    ("2026-12-01T10:00:00Z", "2026-12-02"),
    (["a", "b"], ["a"]),
    (["a"], None),
]


@pytest.mark.parametrize(("given", "shown"), SAME)
def test_values_that_a_server_may_write_otherwise_are_the_same(given: Any, shown: Any) -> None:
    assert is_same(given, shown)


@pytest.mark.parametrize(("given", "shown"), OTHERS)
def test_other_values_are_told_apart(given: Any, shown: Any) -> None:
    assert not is_same(given, shown)


@pytest.mark.parametrize("value", ["<b>bold</b>", "naïve", "", "  ", None, [], ["<b>"], {"a": 1}, 2**60])
def test_values_that_a_server_may_clean_or_round_show_nothing(value: Any) -> None:
    assert not is_plain(value)


MEMBERS = (
    "properties: {id: {type: string}, text: {type: string}, place: {type: string}, stars: {type: integer},"
    " tags: {type: array, items: {type: string}}}\n    required: [id, text]"
)
TEXT = "text: {type: string, minLength: 1, maxLength: 40, required: true}"
GIVEN = "place: {type: string}, stars: {type: integer}, tags: {type: array, items: {type: string}}"


def find(make: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Verdict:
    """Return the verdict on creates of a server that keeps what `make` leaves of a body, or refuses it."""
    model = with_resource(
        ("properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]", MEMBERS),
        (f"{{{TEXT}}}\n    output: {{201", f"{{{TEXT}, {GIVEN}}}\n    output: {{201"),
        (KNOWN.splitlines()[2], f"{KNOWN.splitlines()[2]}\n    inferred: true"),
    )

    def create(server: Notes, request: Request) -> Response | None:
        body = read_json(request.body).value
        if request.method != "POST" or not isinstance(body, dict) or server.text(request) is None:
            return None
        kept = make({name: value for name, value in body.items() if name != "id"})
        if kept is None:
            return answer(422, {"detail": "too much"})
        id = f"n{len(server.log)}"
        server.notes[id] = {**kept, "id": id}
        return answer(201, server.notes[id])

    report = verified(model, Notes(odd=create), only=("echoes_input",))
    (result,) = [one for one in report.results if one.contract.check == "echoes_input"]
    return result.verdict


def test_optional_argument_that_a_create_drops_is_odd() -> None:
    assert find(lambda body: {**body, "place": ""} if "place" in body else body) is Verdict.ODD
    assert find(lambda body: {**body, "stars": 0} if "stars" in body else body) is Verdict.ODD
    assert find(lambda body: {**body, "tags": body["tags"][:1]} if "tags" in body else body) is Verdict.ODD


def test_create_that_keeps_or_refuses_optional_arguments_alarms_nobody() -> None:
    assert find(lambda body: body) is Verdict.KEPT
    assert find(lambda body: {**body, "tags": sorted({*body.get("tags", ()), "new"})}) is Verdict.KEPT
    assert find(lambda body: None if len(body) > 1 else body) is Verdict.KEPT


TIMED = (
    "properties: {id: {type: string}, text: {type: string}, at: {type: string, format: date-time}}\n"
    "    required: [id, text, at]"
)
AT = "at: {type: string, format: date-time, required: true}"


def find_time(keep: Callable[[datetime], str], time: str = "2026-12-01T10:00:00Z", **shown: str) -> Verdict:
    """Return the verdict on a server that writes the times of creates as `keep` says."""
    answered = TIMED.replace(", format: date-time", "") if shown.get("format") == "none" else TIMED
    model = with_resource(
        ("properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]", answered),
        (f"{{{TEXT}}}\n    output: {{201", f"{{{TEXT}, {AT}}}\n    output: {{201"),
        ("input: {text: hello}", f"input: {{text: hello, at: '{time}'}}"),
        (KNOWN.splitlines()[2], f"{KNOWN.splitlines()[2]}\n    inferred: true"),
    )

    def create(server: Notes, request: Request) -> Response | None:
        body = read_json(request.body).value
        if request.method != "POST" or server.text(request) is None:
            return None
        try:
            moment = datetime.fromisoformat(body["at"])
        except (KeyError, TypeError, ValueError):
            return answer(422, {"detail": "a time"})
        server.notes[id] = {"id": (id := f"n{len(server.log)}"), "text": body["text"], "at": keep(moment)}
        return answer(201, server.notes[id])

    report = verified(model, Notes(odd=create), only=("echoes_input",))
    return next(one for one in report.results if one.contract.check == "echoes_input").verdict


def clock(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def test_the_clock_of_a_time_at_another_offset_is_another_moment_by_its_format() -> None:
    """A music school and a sports office of 2026-11-29 dropped the offset; both sides are RFC 3339's."""
    assert find_time(clock) is Verdict.BROKEN
    assert find_time(clock, format="none") is Verdict.ODD
    assert find_time(lambda m: clock(m + timedelta(days=1))) is Verdict.ODD


def test_times_that_are_the_same_moment_or_a_day_alone_break_no_format() -> None:
    """Google Tasks keeps the day of `due` alone, as midnight."""
    assert find_time(lambda m: m.astimezone(UTC).isoformat()) is Verdict.KEPT
    midnight = "2026-11-30T22:00:00Z"
    assert find_time(lambda m: clock(m.replace(hour=0, minute=0, second=0)), midnight) is Verdict.ODD
