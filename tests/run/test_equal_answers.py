"""Two answers are compared by the items of their lists; without items by all members, except links and what
changes by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import NOTES, Notes, answer, catalogue, verified
from verifying import ids

PLACE = "    http: GET /notes\n    effect: read\n"
OUTPUT = "{type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]}}\n"
TIME = "since: {type: string, format: date-time, required: true}"
DEFAULT = "most: {type: integer, minimum: 1, maximum: 50, default: 20}"
ANY = "{type: [object, array, integer]}}\n"
CHECKS: dict[str, tuple[str, Callable[[dict[str, str]], bool]]] = {
    "timestamp_parsing/list_notes@rest": (TIME, lambda given: not given["since"].endswith("Z")),
    "default_values/most/list_notes@rest": (DEFAULT, lambda given: "most" not in given),
}
Make = Callable[[bool, Request, int], Any]
"""The body of an answer: first if the call is the one that a wrong server answers in another way."""


def found(contract: str, body: Make, output: str = ANY, **options: Any) -> tuple[bool, bool]:
    """Return if a contract is kept, and if it is broken, at a server that answers these bodies."""
    argument, is_other = CHECKS[contract]
    model = catalogue(NOTES, (PLACE, f"{PLACE}    input: {{{argument}}}\n"), (OUTPUT, output))
    numbers = count(1)

    def odd(_: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path != "/notes":
            return None
        if dict(request.query).get("most", "20") != "20":  # the argument matters
            return answer(200, {"here": "https://files.example.com/c", "total": 99})
        return answer(200, body(is_other(dict(request.query)), request, next(numbers)))

    report = verified(model, Notes(odd=odd), only=(contract,), exclusive=True, **options)
    return contract in ids(report, Verdict.KEPT), contract in ids(report, Verdict.BROKEN)


def items(number: int) -> list[dict[str, Any]]:
    return [{"id": f"n{n}", "text": "hello"} for n in range(number)]


def link(request: Request) -> str:
    return f"https://api.example.com{request.target}"


@pytest.mark.parametrize("contract", CHECKS)
@pytest.mark.parametrize(
    "body",
    [
        lambda other, _request, _n: items(1 if other else 3),
        lambda other, _request, _n: {"total": 0 if other else 5, "warnings": []},
        lambda other, _request, _n: {"data": {"sum": 0 if other else 100}, "errors": []},
        lambda other, _request, _n: {"notes": items(0 if other else 3)},
        lambda other, _request, n: {"notes": [], "total": 0 if other else 3, "request_id": f"r{n}"},
        lambda other, request, _n: {
            "_embedded": {"notes": items(1 if other else 3)},
            "_links": {"self": {"href": link(request)}},
        },
        lambda other, _request, _n: 0 if other else 5,
    ],
)
def test_other_answer_to_the_same_question_is_broken(contract: str, body: Make) -> None:
    assert found(contract, body) == (False, True)


@pytest.mark.parametrize("contract", CHECKS)
@pytest.mark.parametrize(
    "body",
    [
        lambda _other, _request, _n: items(3),
        lambda _other, _request, _n: items(0),
        lambda _other, request, _n: {"notes": [], "asked": dict(request.query), "total": 0},
        lambda _other, request, n: {"notes": items(3), "next": link(request), "took_ms": n, "total": n},
        lambda _other, request, n: {"notes": [], "next": link(request), "took_ms": n},
        lambda other, _request, _n: {"notes": [], "next_cursor": "c2luY2U" if other else "Zm9y"},
        lambda _other, request, _n: {"notes": [], "said": f"none since {dict(request.query).get('since')}"},
        lambda _other, request, _n: {
            "_embedded": {"notes": items(3)},
            "_links": {"self": {"href": link(request)}},
            "page": {"size": 20},
        },
        lambda _other, request, _n: {"data": items(3), "links": {"self": link(request)}},
        lambda _other, request, _n: {"data": [], "links": {"self": link(request)}, "meta": {"total": 0}},
        lambda _other, request, _n: {"data": [], "links": [{"rel": "self", "href": link(request)}]},
        lambda _other, _request, n: {"total": 5, "request_id": f"r{n}", "even": n % 2 == 0},
    ],
)
def test_equal_answers_stay_accepted(contract: str, body: Make) -> None:
    assert found(contract, body) == (True, False)


URL = """{type: object, properties: {here: {type: string, format: uri}, total: {type: integer}},
              required: [here, total]}}
"""


@pytest.mark.parametrize("contract", CHECKS)
def test_member_that_is_a_url_by_its_schema_may_repeat_the_request(contract: str) -> None:
    def body(other: bool, _request: Request, _n: int) -> Any:
        return {"here": f"https://files.example.com/{'a' if other else 'b'}", "total": 3}

    assert found(contract, body, URL) == (True, False)


PAGES = """{type: object, properties: {found: {type: object}}}}
    pages: {items: response.found.notes, next: response.found.after, argument: after}
"""


@pytest.mark.parametrize(("other_count", "expected"), [(3, (True, False)), (1, (False, True))])
def test_list_further_in_is_found_by_the_pages_of_the_action(
    other_count: int, expected: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = "timestamp_parsing/list_notes@rest"
    argument, is_other = CHECKS[contract]
    monkeypatch.setitem(CHECKS, contract, (f"{argument}, after: {{type: string, maxLength: 90}}", is_other))

    def body(other: bool, _request: Request, _n: int) -> Any:
        token = "c2luY2U" if other else "Zm9y"
        return {"found": {"notes": items(other_count if other else 3), "after": token}}

    assert found(contract, body, PAGES) == expected


# -- equal answers that show nothing


DEFAULTS = "default_values/most/list_notes@rest"


def judge_page(held: int, usual: int = 20) -> tuple[Verdict, str, bool]:
    """Return the verdict, its reason and whether it is excused, of a server that holds so many notes.

    Its pages have `usual` of them without an argument.
    """
    model = catalogue(NOTES, (PLACE, f"{PLACE}    input: {{{DEFAULT}}}\n"))

    def odd(_: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path != "/notes":
            return None
        most = int(dict(request.query).get("most", usual))
        return answer(200, {"notes": items(held)[:most]})

    report = verified(model, Notes(odd=odd), only=(DEFAULTS,), exclusive=True)
    result = next(r for r in report.results if r.contract.id == DEFAULTS)
    return result.verdict, result.reason, result.excused


@pytest.mark.parametrize("usual", [20, 10, 40])
def test_a_page_size_that_no_list_reaches_is_untested_with_what_lifts_it(usual: int) -> None:
    """Three notes, or twenty, show neither a right default of twenty nor a wrong one of forty."""
    verdict, reason, excused = judge_page(3, usual)
    assert (verdict, excused) == (Verdict.UNTESTED, True)
    assert "21 for most is answered like its default 20" in reason
    assert reason.endswith("a server that holds more shows it")
    assert usual != 40 or judge_page(20, usual)[0] is Verdict.UNTESTED


@pytest.mark.parametrize(
    ("usual", "verdict"), [(20, Verdict.KEPT), (10, Verdict.BROKEN), (40, Verdict.BROKEN)]
)
def test_a_page_size_that_the_list_exceeds_is_judged(usual: int, verdict: Verdict) -> None:
    assert judge_page(25, usual)[0] is verdict
