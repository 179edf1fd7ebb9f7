"""Only lists break a relation or keep it: a refusal, a limit or a failure shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.report import Report
from small_api import NOTES, Notes, answer, catalogue, verified

LIST = "    http: GET /notes\n    effect: read\n"
MEMBERS = "properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]"
FULL = """properties: {id: {type: string}, text: {type: string}, size: {type: integer},
      starred: {type: boolean}}
    required: [id, text, size, starred]"""
RELATIONS = """    input:
      limit: {type: integer, minimum: 1, maximum: 6, default: 6}
      size: {type: integer, minimum: 2, maximum: 9, default: 9}
      starred: {type: boolean}
    laws: {smallest-first: 'sorted_by(response.notes, "size")'}
    relations:
      longer: {widen: limit, keeps: response.notes}
      larger:
        widen: size
        keeps: response.notes
        unless: size(response.notes) >= input.limit
        fits: item.size <= input.size
"""
MODEL = catalogue(NOTES, (MEMBERS, FULL), (LIST, f"{LIST}{RELATIONS}"))
Given = dict[str, str]
Odd = Callable[[Given], Response | None]
"""Gives an answer of its own to a list with these arguments."""


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"n{i}", "text": "A note", "size": 2 + i // 2, "starred": bool(i % 2)} for i in range(count)
    ]


def list_rows(given: Given, of: list[dict[str, Any]]) -> Response:
    """Answer a list as a right server does."""
    fitting = [row for row in of if row["size"] <= int(given.get("size", 9))]
    starred = [row for row in fitting if given.get("starred") != "true" or row["starred"]]
    return answer(200, {"notes": starred[: int(given.get("limit", 6))]})


def run(odd: Odd = lambda _: None, of: int = 4, **options: Any) -> Report:
    """Verify the relations of a list of so many notes."""

    def lists(server: Notes, request: Request) -> Response | None:
        del server
        if request.method != "GET" or request.path != "/notes":
            return None
        given = dict(parse_qsl(request.target.partition("?")[2]))
        return odd(given) or list_rows(given, rows(of))

    return verified(MODEL, Notes(odd=lists), only=("relation/",), **options)


def verdicts(report: Report) -> dict[str, str]:
    """By relation and kind, the verdict."""
    return {
        r.contract.detail: f"{r.verdict.value}{' (excused)' if r.excused else ''}"
        for r in report.results
        if r.contract.check == "relation"
    }


def test_a_right_server_keeps_all_of_them() -> None:
    assert set(verdicts(run()).values()) == {"kept"}


def test_a_page_shorter_than_its_limit_breaks_nothing() -> None:
    """AIP-158 of Google: a server may return fewer results, even if there are more."""
    report = run(lambda given: answer(200, {"notes": rows(1)}) if given.get("limit") == "1" else None, of=6)
    short = run(lambda given: answer(200, {"notes": rows(3)}) if given.get("limit") == "6" else None, of=6)
    assert report.findings == short.findings == ()
    assert verdicts(short)["longer"] == "kept"


@pytest.mark.parametrize("kind", ["longer", "larger/fits"])
def test_a_second_try_without_a_list_keeps_nothing(kind: str) -> None:
    """Each relation seems broken at first; from the second try on nothing is answered."""
    seen: set[str] = set()

    def odd(given: Given) -> Response | None:
        key = repr(sorted(given.items()))
        if key in seen:
            return answer(422, {"detail": "not again"})
        seen.add(key)
        if kind == "longer" and given.get("limit") == "6" and given.get("size", "9") == "9":
            return answer(200, {"notes": rows(4)[2:]})
        if kind == "larger/fits" and given.get("size") not in (None, "9"):
            return answer(200, {"notes": rows(1)})
        return None

    found = verdicts(run(odd, shard=(1, 1)))
    assert found[kind] == "untested", found


def test_what_others_remove_meanwhile_is_no_short_page() -> None:
    """Between the wide list and the narrow one, others remove all but one."""
    wide = [0]

    def odd(given: Given) -> Response | None:
        if given.get("limit") == "6" and "starred" not in given and given.get("size", "9") == "9":
            wide[0] += 1
            return None if wide[0] == 1 else list_rows(given, rows(1))
        return list_rows(given, rows(1))

    report = run(odd, shard=(1, 1))
    assert report.findings == (), verdicts(report)
