"""What is only accepted, or stored by a cache, shows nothing of a write; another's list is read whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource
from small_api import Notes, answer, verified, with_resource
from test_second_tenant import CATALOGUE, KEYS, Server

ACCEPTED = with_resource(("output: {201: {$ref: Note}}", "output: {202: {$ref: Note}}"))


def judge(check: str, server: Notes, model: Model) -> dict[str, str]:
    found = verified(model, server, allow_writes=True, exclusive=True, only=(f"{check}/",)).results
    return {r.contract.id.split("/")[1]: r.verdict.value for r in found if r.contract.check == check}


@pytest.mark.parametrize("calls", [2, 20])
def test_what_is_only_accepted_need_not_be_there_yet(calls: int) -> None:
    """It is there after so many more calls."""
    waiting = dict[str, tuple[str, int]]()

    def later(notes: Notes, request: Request) -> Response | None:
        for id, (text, due) in list(waiting.items()):
            if len(notes.log) > due:
                notes.make(id, text)
                del waiting[id]
        if request.method != "POST" or (text := notes.text(request)) is None:
            return None
        id = f"n{next(notes._ids)}"
        waiting[id] = text, len(notes.log) + calls
        return answer(202, {"id": id, "text": text})

    assert "broken" not in judge("read_after_write", Notes(odd=later), ACCEPTED).values()


LOCATED = "output: {201: {$ref: Note, headers: {Location: {type: string, description: Where it is}}}}"


@pytest.mark.parametrize("contract", ["read_after_write/note/get_note@rest", "location/create_note@rest"])
@pytest.mark.parametrize(
    ("guess", "late", "verdict"),
    [(True, 0, "kept"), (True, 3, "kept"), (True, 99, "broken"), (False, 3, "broken")],
)
def test_a_read_may_lag_behind_a_create(
    contract: str, guess: bool, late: int, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads of Microsoft Graph's directory do, by some seconds; `late` reads of a note still miss it. What an
    author's read shows at once is his word.
    """
    monkeypatch.setattr(Resource, "is_seen_by_guess", guess)
    reads = dict[str, int]()

    def lag(notes: Notes, request: Request) -> Response | None:
        if request.method == "POST" and (text := notes.text(request)) is not None:
            id = f"n{next(notes._ids)}"
            return replace(
                made := notes.make(id, text), headers=(*made.headers, ("Location", f"/notes/{id}"))
            )
        if request.method != "GET" or request.path == "/notes":
            return None
        reads[request.path] = reads.get(request.path, 0) + 1
        return answer(404, {"detail": "not yet"}) if reads[request.path] <= late else None

    model = with_resource(("output: {201: {$ref: Note}}", LOCATED))
    found = verified(model, Notes(odd=lag), allow_writes=True, exclusive=True, only=(contract,)).results
    [result] = [r for r in found if r.contract.id == contract]
    assert result.verdict.value == verdict, result.reason
    assert ("some seconds later" in result.reason) is (verdict == "kept" and late > 0)


@pytest.mark.parametrize(("age", "verdict"), [("2", "untested"), (None, "broken")])
def test_a_list_that_a_cache_stored_may_be_older(age: str | None, verdict: str) -> None:
    """A CDN says so by `Age`."""

    def store(_notes: Notes, request: Request) -> Response | None:
        if (request.method, request.path) != ("GET", "/notes"):
            return None
        return answer(200, {"notes": []}, **({"Age": age} if age else {}))

    assert judge("read_after_write", Notes(odd=store), with_resource())["listed"] == verdict


INPUT = "{account_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: account}}"
LIST = f"""    input: {INPUT}
    output: {{200: {{type: array, items: {{$ref: Item}}}}}}
"""
PAGED = """    input:
      account_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: account}
      cursor: {type: string}
    pages: {items: response.items, next: response.next, argument: cursor}
    output:
      200:
        type: object
        properties: {items: {type: array, items: {$ref: Item}}, next: {type: [string, "null"]}}
        required: [items]
"""


@dataclass
class Paging(Server):
    """Lists what another has on the second page alone."""

    def __call__(self, request: Request) -> Response:
        told = super().__call__(request)
        if request.method != "GET" or not request.path.endswith("/items") or told.status != 200:
            return told
        items, cursor = json.loads(told.body), dict(request.query).get("cursor")
        if cursor is None:
            mine = request.header("Authorization") == f"Bearer {KEYS['main']}"
            return answer(200, {"items": items if mine else [], "next": None if mine else "more"})
        return answer(200, {"items": items, "next": None})


@pytest.mark.parametrize(("leaks", "verdict"), [(True, "broken"), (False, "kept")])
def test_a_list_of_another_project_is_read_to_its_end(leaks: bool, verdict: str) -> None:
    assert CATALOGUE.count(LIST) == 1
    model = load_text(
        CATALOGUE.replace(LIST, PAGED).replace(
            "input: {account_id: =account.id}, at: response}",
            "input: {account_id: =account.id}, at: response.items}",
        ),
        "items.yaml",
    )
    report = verified(
        model,
        Paging(leaks=leaks),
        keys=KEYS,
        allow_writes=True,
        exclusive=True,
        only=("read_after_write/",),
    )
    found = {r.contract.id: r.verdict.value for r in report.results}
    assert found["read_after_write/not_listed/item/list_items@rest"] == verdict


@pytest.mark.parametrize(("age", "verdicts"), [("2", {"untested"}), (None, {"broken"})])
def test_what_a_cache_stored_before_a_removal_shows_nothing(age: str | None, verdicts: set[str]) -> None:
    stored = dict[str, object]()

    def store(notes: Notes, request: Request) -> Response | None:
        if request.method != "GET" or (request.path != "/notes" and request.path not in stored):
            stored.update({f"/notes/{id}": dict(note) for id, note in notes.notes.items()})
            return None
        stored.update({f"/notes/{id}": dict(note) for id, note in notes.notes.items()})
        body = {"notes": list(stored.values())} if request.path == "/notes" else stored[request.path]
        return answer(200, body, **({"Age": age} if age else {}))

    assert set(judge("removals", Notes(odd=store), with_resource()).values()) == verdicts


@pytest.mark.parametrize(("status", "verdict"), [(404, "kept"), (500, "untested")])
def test_a_call_of_what_was_removed_that_fails_keeps_nothing(status: int, verdict: str) -> None:
    def fail(notes: Notes, request: Request) -> Response | None:
        gone = request.path.split("/")[-1] not in notes.notes
        return answer(status, {"detail": "no"}) if request.method == "PATCH" and gone else None

    model = with_resource(
        (
            "http: PUT /notes/{note_id}\n    effect: write\n    input:\n",
            "http: PATCH /notes/{note_id}\n    effect: write\n    input:\n",
        )
    )
    assert judge("removals", Notes(odd=fail), model)["refused"] == verdict
