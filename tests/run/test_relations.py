"""Only lists break a relation or keep it: a refusal, a limit or a failure shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.checks.rest.relation import watch
from pgagents.verify.setting import Memory, setting_of
from pgagents.verify.wire.call import Call
from small_api import NOTES, URL, Notes, answer, catalogue, verified
from test_own_probes import exchange_of

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


@pytest.mark.parametrize("status", [422, 429, 500, 503])
def test_a_flagged_call_without_a_list_shows_nothing(status: int) -> None:
    def odd(given: Given) -> Response | None:
        return answer(status, {"detail": "no flags"}) if "starred" in given else None

    report = run(odd)
    assert verdicts(report)["longer/leaves_in"] == "untested"
    assert report.findings == ()


def test_a_flag_that_leaves_out_what_has_it_is_found() -> None:
    def odd(given: Given) -> Response | None:
        return answer(200, {"notes": []}) if "starred" in given else None

    assert verdicts(run(odd))["longer/leaves_in"] == "broken"


def test_a_list_without_a_flagged_item_is_no_evidence() -> None:
    report = run(of=1)
    assert verdicts(report)["longer/leaves_in"] == "untested (excused)"


def test_a_page_that_is_the_whole_list_is_no_evidence_of_its_length_or_order() -> None:
    found = verdicts(run(of=1))
    assert found["longer"] == "kept"
    assert found["longer/filled"] == found["longer/first"] == "untested (excused)"


@pytest.mark.parametrize("kind", ["longer", "larger/fits", "longer/filled"])
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
        if kind == "longer/filled" and given.get("limit") in ("1", "2", "3"):
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


@pytest.mark.parametrize("writes", [True, False])
def test_what_the_run_may_have_removed_itself_is_not_lost_in_a_narrower_list(writes: bool) -> None:
    memory = Memory(setting_of(MODEL, URL, exclusive=True))
    endpoint = {str(e.action.name): e for e in memory.setting.endpoints}

    def see(action: str, given: dict[str, Any], shown: Response) -> list[Verdict]:
        call = Call(endpoint[action], given, "valid", "a list", role="main")
        exchange = exchange_of(MODEL, call, shown)
        exchange.fits = True
        return [j.verdict for j in watch(exchange, memory) if "larger" in j.contract]

    assert see("list_notes", {"size": 9, "limit": 6}, answer(200, {"notes": rows(2)})) == []
    if writes:
        see("create_note", {"text": "Hello"}, answer(201, rows(1)[0]))
    found = see("list_notes", {"size": 3, "limit": 6}, answer(200, {"notes": rows(1)}))
    assert found == ([] if writes else [Verdict.BROKEN])
