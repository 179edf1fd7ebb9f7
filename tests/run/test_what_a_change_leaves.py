"""A PUT that merges, and a member of the server's own that is taken, are odd; what servers may do is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.curl import of_finding
from pgagents.report.report import Result
from small_api import Notes, answer, verified, with_resource

NOTE = "properties: {id: {type: string}, text: {type: string}}"
SHOWN = (
    "properties: {id: {type: string}, text: {type: string}, label: {type: string, maxLength: 9},"
    " approved: {type: boolean, readOnly: true}, role: {type: string, enum: [reader, editor]},"
    " balance: {type: integer, readOnly: true}, seen: {type: integer}}"
)
PUT = "    title: Change a note\n    description: Changes a note.\n"
ERRORS = "errors:\n  envelope: Error\n"
LABEL = (
    "      text: {type: string, minLength: 1, maxLength: 40, required: true}\n"
    "    output: {200: {$ref: Note}}\n"
)
Keep = Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any] | None]
"""Gives a note after a PUT with this body; None for a refusal."""


def find(
    check: str,
    keep: Keep,
    *,
    label: str = "{type: string, maxLength: 9}",
    says: str = "Changes a note.",
    left_out: str = "",
    told: list[str] | None = None,
) -> list[Result]:
    """Verify a check alone against notes whose PUT keeps what `keep` says. The requests of the findings are
    `told`.
    """
    taken = "label: {type: string, maxLength: 9}"
    of = with_resource(
        (NOTE, SHOWN.replace(taken, f"label: {label.replace(', required: true', '')}")),
        (PUT, PUT.replace("Changes a note.", says)),
        (ERRORS, (left_out and f"behaviour: {{left_out: {left_out}}}\n") + ERRORS),
        (f"refers_to: note}}\n{LABEL}", f"refers_to: note}}\n      label: {label}\n{LABEL}"),
    )
    sent: list[Mapping[str, Any]] = []
    numbers = count()

    def odd(server: Notes, request: Request) -> Response | None:
        if request.method not in ("POST", "PUT") or not request.body:
            return None
        body = json.loads(request.body)
        id = request.path.rpartition("/")[2] if request.method == "PUT" else f"m{next(numbers)}"
        if not isinstance(body, dict) or (request.method == "PUT" and id not in server.notes):
            return None
        sent.append(body)
        former = server.notes.get(
            id, {"id": id, "approved": False, "role": "reader", "balance": 1, "seen": 0}
        )
        after = keep(former, body)
        if after is None:
            return answer(422, {"detail": "no"})
        server.notes[id] = after
        return answer(200 if request.method == "PUT" else 201, after)

    report = verified(of, Notes(odd=odd), only=(check,))
    if told is not None:
        told += [of_finding(finding, "https://notes.example") for finding in report.findings]
    assert all("balance" not in body and "seen" not in body for body in sent)
    return [result for result in report.results if result.contract.check == check]


def replace(former: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: body[name] for name in ("text", "label") if name in body}
    return {**{name: value for name, value in former.items() if name not in ("text", "label")}, **known}


def merge(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    return {**former, **replace({}, body)}


def take(name: str) -> Keep:
    def keep(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        return {**replace(former, body), **({name: body[name]} if name in body else {})}

    return keep


def turn(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Approve what was changed once, and count the changes."""
    return {**replace(former, body), "approved": "text" in former, "seen": former["seen"] + 1}


def refuse(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any] | None:
    return None if body.keys() - {"text", "label"} else replace(former, body)


def need(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any] | None:
    return None if "text" in former and "label" not in body else replace(former, body)


def test_a_put_that_merges_is_odd() -> None:
    (result,) = find("put_replaces", merge)
    assert result.verdict is Verdict.ODD


def test_a_put_that_replaces_is_kept() -> None:
    (result,) = find("put_replaces", replace)
    assert result.verdict is Verdict.KEPT


def test_default_that_nothing_tells_is_no_former_value() -> None:
    """The first other value of a note that was made with 5 is 0, to which a PUT without it sets it."""

    def keep(former: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        usual = 0 if "text" in former else 5
        return {**former, "text": body.get("text"), "label": body.get("label", usual)}

    (result,) = find("put_replaces", keep, label="{type: integer, minimum: 0, maximum: 5}")
    assert result.verdict is Verdict.KEPT


def test_a_default_may_be_shown_in_another_zone() -> None:
    def keep(former: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        usual = "2030-01-01T00:00:00+00:00"
        return {**former, "text": body.get("text"), "label": body.get("label", usual)}

    label = "{type: string, format: date-time, default: '2030-01-01T00:00:00Z'}"
    (result,) = find("put_replaces", keep, label=label, left_out="cleared")
    assert result.verdict is Verdict.KEPT


def test_a_shorter_put_may_be_refused() -> None:
    (result,) = find("put_replaces", need)
    assert result.verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("{type: string, maxLength: 9, default: none}", "Changes a note."),
        ("{type: string, maxLength: 9}", "Changes a note. Omitted members stay."),
        ("{type: string, maxLength: 9, required: true}", "Changes a note."),
    ],
    ids=["a default", "a partial change", "all required"],
)
def test_other_puts_may_merge(label: str, says: str) -> None:
    assert find("put_replaces", merge, label=label, says=says) == []


@pytest.mark.parametrize("keep", [merge, replace])
def test_a_put_that_clears_shows_the_default_which_may_have_been_sent(keep: Keep) -> None:
    def with_default(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any] | None:
        after = keep(former, body)
        first = "high" if "text" in former else "low"  # a new note has another value than the default
        return {"label": first, **after} if after is not None else None

    label = "{type: string, enum: [low, high], default: high}"
    (result,) = find("put_replaces", with_default, label=label, left_out="cleared")
    assert result.verdict is (Verdict.KEPT if keep is replace else Verdict.BROKEN)


@pytest.mark.parametrize("name", ["approved", "role"])
def test_a_member_of_the_server_that_is_taken_is_odd(name: str) -> None:
    results = find("own_members", take(name))
    assert [result.verdict for result in results] == [Verdict.ODD, Verdict.ODD]


@pytest.mark.parametrize("keep", [replace, refuse, turn])
def test_a_server_may_ignore_or_refuse_it_or_change_it_by_itself(keep: Keep) -> None:
    results = find("own_members", keep)
    assert [result.verdict for result in results] == [Verdict.KEPT, Verdict.KEPT]


def test_a_member_that_moves_on_by_itself_is_not_taken() -> None:
    """A job that is done when it is read again, however fast the reads are, or was done before the change."""
    made: list[dict[str, Any]] = []

    def move_on(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        after = replace(former, body)
        if "text" not in former:
            for older in made:
                older["role"] = "editor"
            made.append(after)
        if "role" in body or former["role"] == "editor":
            after["role"] = "editor"
        return after

    create, change = (result.verdict for result in find("own_members", move_on))
    assert create is Verdict.UNTESTED
    # kept if another create came before the first read, which depends on the order of all probes
    assert change in (Verdict.UNTESTED, Verdict.KEPT)


def test_the_request_of_the_finding_has_the_member() -> None:
    """The control is an earlier instance, which is read again: it is not what the finding shows."""
    told: list[str] = []

    def make(former: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any] | None:
        return (replace if "text" in former else take("role"))(former, body)

    find("own_members", make, told=told)
    assert len(told) == 1
    assert '"role"' in told[0]
