"""A greatest size is kept only where an answer could have been larger."""

from __future__ import annotations

from pathlib import Path

import pytest

from loading import read_once
from overlaying import notes, over
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import rules
from pgagents.report.contract import Verdict
from pgagents.report.report import Report, Result
from pgagents.verify.check_registry import collect
from pgagents.verify.run.run import contracts
from pgagents.verify.setting import setting_of
from small_api import NOTES, Notes, answer, catalogue, verified

LIBRARY = Path(__file__).resolve().parents[1] / "catalogues/library.yaml"
OK = 200
SERVER = "api: {server: https://notes.acme.dev, contact: help@acme.dev}"  # without them, Copilot gets no file
ITEMS = "agent_response_limits/items/list_notes@copilot"
SIZED = "    input: {limit: {type: integer, minimum: 1, maximum: MOST, default: 20}, page: {type: string}}\n"
PAGES = "    pages: {items: response.notes, next: response.next, argument: page, size: limit}\n"
LIST = "    http: GET /notes\n    effect: read\n"
ANSWER = "notes: {type: array, items: {$ref: Note}}}, required: [notes]"
COPILOT = "surfaces: {rest: {actions: all}, copilot: {actions: [list_notes]}}"


def offer(most: int = 0) -> Model:
    """Return the catalogue of notes, whose list Copilot may call: with pages of at most so many if not 0."""
    sized = SIZED.replace("MOST", str(most)) + PAGES if most else ""
    return catalogue(
        NOTES,
        ("surfaces: {rest: {actions: all}}", COPILOT),
        (LIST, LIST + sized),
        (ANSWER, ANSWER.replace("}}}, req", "}}, next: {type: string}}, req")),
    )


def serve(held: int) -> Notes:
    """Return a server that holds so many notes and keeps to `limit`, by default 20."""

    def odd(server: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path != "/notes":
            return None
        given = dict(pair.split("=") for pair in request.target.partition("?")[2].split("&") if "=" in pair)
        size, first = given.get("limit", "20"), given.get("page", "0")
        if not (size.isdigit() and 1 <= int(size) <= 100 and first.isdigit()):
            return answer(422, {"detail": "a page"})
        every, end = list(server.notes.values()), int(first) + int(size)
        page = {"notes": every[int(first) : end], **({"next": str(end)} if end < len(every) else {})}
        return answer(200, page)

    return Notes(odd=odd, notes={f"n{i}": {"id": f"n{i}", "text": "hello"} for i in range(held)})


def find(report: Report, id: str = ITEMS) -> Result:
    (result,) = [r for r in report.results if r.contract.id == id]
    return result


@pytest.mark.parametrize("most", [0, 100])
def test_three_items_do_not_show_that_there_are_never_more_than_25(most: int) -> None:
    report = verified(offer(most), serve(3), only=("agent_response_limits",))
    result = find(report)
    assert result.verdict is Verdict.UNTESTED
    assert result.reason.startswith("the answer was too small to reach 25 items: the answer had 3 items")
    assert "holds more items" in result.reason
    assert ("a lower `maximum` of limit" in result.reason) is (most == 100)
    assert result.excused


def test_a_full_page_shows_it() -> None:
    assert find(verified(offer(20), serve(30), only=("agent_response_limits",))).verdict is Verdict.KEPT


def test_a_page_that_the_catalogue_bounds_says_how_few_items_came() -> None:
    result = find(verified(offer(20), serve(3), only=("agent_response_limits",)))
    assert (result.verdict, result.reason) == (
        Verdict.KEPT,
        "the answer had 3 items; `limit` asks for no more than 20",
    )


def test_more_than_the_host_reads_is_still_found() -> None:
    assert find(verified(offer(100), serve(60), only=("agent_response_limits",))).verdict is Verdict.BROKEN


def test_lint_names_a_page_that_the_host_does_not_read_whole() -> None:
    find_hits = rules()["copilot/wide-page"].find
    (hit,) = find_hits(offer(100))
    assert "may have 100 items; Copilot reads at most 25" in hit.message
    assert "maximum: 25" in hit.help
    assert not list(find_hits(offer(25)))


def test_the_widest_call_asks_for_no_page_behind_the_list() -> None:
    setting = setting_of(read_once(LIBRARY), "https://127.0.0.1:1")
    probes = collect()["agent_response_limits"].list_probes(setting, frozenset(("main",)))
    (widest,) = [p for p in probes if p.name == "agent_response_limits/widest/list_titles@rest"]
    assert "per_page" in widest.print
    assert "10000" not in widest.print


@pytest.mark.parametrize("following", ["", 7, "seven", "0", None])
def test_an_odd_next_page_is_one_verdict_and_no_internal_error(following: object) -> None:
    """An empty cursor, a number where a text belongs, a word where a number does, the same page for ever."""
    right = serve(60)

    def odd(server: Notes, request: Request) -> Response | None:
        told = right.odd(server, request)
        body = read_json(told.body).value if told is not None and told.status == OK else None
        return answer(OK, {**body, "next": following}) if isinstance(body, dict) and "next" in body else told

    report = verified(offer(20), Notes(odd=odd, notes=right.notes), only=("pagination", "valid_calls"))
    assert not [r for r in report.results if "internal error" in r.reason]
    assert not [note for note in report.footer.notes if "internal error" in note]
    paged = [
        r for r in report.results if r.contract.check == "pagination" and r.contract.action == "list_notes"
    ]
    assert len({r.contract.id for r in paged}) == len(paged) > 0


@pytest.mark.parametrize(("text", "advice"), [("", True), ("\nsurfaces: {copilot: {actions: all}}", False)])
def test_a_limit_of_a_vendor_that_no_author_named_is_only_advice(text: str, advice: bool) -> None:
    found = {
        c.advice
        for c in contracts(over(f"{SERVER}{text}"))
        if c.id.startswith("agent_response_limits/items/")
    }
    assert found == {advice}


def test_a_list_of_objects_that_are_made_of_parts_is_a_list_of_objects() -> None:
    document = notes()
    named = document["components"]["schemas"]
    named["Base"] = named["Note"]
    named["Note"] = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"more": {}}}]}
    ids = {c.id for c in contracts(over(SERVER, document))}
    assert ITEMS in ids
