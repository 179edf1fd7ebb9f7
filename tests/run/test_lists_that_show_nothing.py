"""A filter or a bound of a list is kept only by a list that could have shown an item which is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import Notes, answer, verified, with_resource

PLACE = "    http: GET /notes\n    effect: read\n"
TEXT = """    input: {q: {type: string, minLength: 1, maxLength: 40}}
    laws: {holds: {when: has(input.q), that: "response.notes.all(note, note.text.contains(input.q))"}}
"""
FILTER = "exact_filters/q/list_notes@rest"
Listed = Callable[[list[dict[str, Any]], str], Response]


def judge(listed: Listed) -> tuple[Verdict, str]:
    """Return the verdict on the filter, and its reason, where the server lists notes so for a text."""

    def odd(server: Notes, request: Request) -> Response | None:
        q = dict(request.query).get("q")
        if request.method != "GET" or request.path != "/notes" or q is None:
            return None
        return listed(list(server.notes.values()), q)

    model = with_resource((PLACE, PLACE + TEXT))
    report = verified(model, Notes(odd=odd), only=(FILTER,), allow_writes=True)
    result = next(r for r in report.results if r.contract.id == FILTER)
    return result.verdict, result.reason


def like(notes: list[dict[str, Any]], q: str) -> list[dict[str, Any]]:
    """Return the notes as SQL's LIKE finds them: `_` stands for any letter, whatever the case."""
    text = q.lower()

    def fits(told: str) -> bool:
        return any(
            all(a in ("_", b) for a, b in zip(text, told[at:], strict=False)) and len(told) - at >= len(text)
            for at in range(len(told))
        )

    return [note for note in notes if fits(note["text"].lower())]


@pytest.mark.parametrize(
    ("listed", "verdict", "reason"),
    [
        (lambda notes, q: answer(200, {"notes": [n for n in notes if q in n["text"]]}), Verdict.KEPT, ""),
        (lambda notes, q: answer(200, {"notes": like(notes, q)}), Verdict.BROKEN, "others are in the answer"),
        (lambda _notes, _q: answer(200, {"notes": []}), Verdict.UNTESTED, "shows nothing of others"),
        (
            lambda notes, q: (
                answer(200, {"notes": found})
                if (found := [n for n in notes if q in n["text"]])
                else answer(422, {"detail": "no such text"})
            ),
            Verdict.UNTESTED,
            "shows no items",
        ),
    ],
    ids=["right", "wildcards", "always empty", "refuses others"],
)
def test_a_filter_is_kept_by_a_list_that_finds_the_item_itself(
    listed: Listed, verdict: Verdict, reason: str
) -> None:
    told, why = judge(listed)
    assert told is verdict
    assert reason in why


BOUND = "filter_bounds/below/list_notes@rest"
NOTE = "properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]"
STARS = NOTE.replace("}\n", ", stars: {type: integer}}\n").replace("text]", "text, stars]")


@pytest.mark.parametrize(
    ("sign", "keeps", "lists", "verdict"),
    [
        ("<", lambda stars, below: stars < below, True, Verdict.KEPT),
        ("<", lambda stars, below: stars <= below, True, Verdict.BROKEN),
        ("<", lambda _stars, _below: False, False, Verdict.UNTESTED),
        ("<=", lambda stars, below: stars <= below, True, Verdict.KEPT),
        ("<=", lambda stars, below: stars < below, True, Verdict.UNTESTED),
    ],
    ids=["strict", "counts the bound", "lists nothing", "wide", "leaves the bound out"],
)
def test_a_bound_is_kept_by_a_list_that_has_the_item_without_it(
    sign: str, keeps: Callable[[int, int], bool], lists: bool, verdict: Verdict
) -> None:
    that = f"response.notes.all(note, note.stars {sign} input.below)"
    law = f"    laws: {{below-it: {{when: has(input.below), that: '{that}'}}}}\n"
    model = with_resource(
        (PLACE, f"{PLACE}    input: {{below: {{type: integer, minimum: 1, maximum: 9}}}}\n{law}"),
        (NOTE, STARS),
        ("    absent: no-such-note", "    fixed: [stars]\n    absent: no-such-note"),
    )

    def odd(server: Notes, request: Request) -> Response | None:
        for note in server.notes.values():
            note["stars"] = 3
        if request.method == "POST" and (text := server.text(request)) is not None:
            id = f"s{len(server.log)}"
            server.make(id, text)
            server.notes[id]["stars"] = 3
            return answer(201, server.notes[id])
        if request.method != "GET" or request.path != "/notes":
            return None
        below = dict(request.query).get("below")
        notes = list(server.notes.values()) if lists else []
        return answer(200, {"notes": [n for n in notes if below is None or keeps(n["stars"], int(below))]})

    report = verified(model, Notes(odd=odd), only=(BOUND,), allow_writes=True)
    result = next(r for r in report.results if r.contract.id == BOUND)
    assert result.verdict is verdict
    assert verdict is not Verdict.UNTESTED or "no item shows how it treats an equal one" in result.reason
