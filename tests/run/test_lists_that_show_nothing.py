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
