"""A server may keep what was removed, if it says so; a removal that changes nothing is odd."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from importing import imported
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from pgagents.report.report import Result
from pgagents.verify.answers.standing import find_removed_state
from pgagents.verify.run.run import contracts
from small_api import answer, verified
from test_verify_openapi import DOCUMENT

KEEPING = (
    DOCUMENT.replace(
        "components:\n",
        """  /notes/{note_id}:
    parameters: [{name: note_id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getNote
      summary: Read a note
      responses:
        "200": {description: OK, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
        "404": {description: There is no such note}
    delete:
      operationId: deleteNote
      summary: Remove a note
      responses: {"204": {description: Removed}, "404": {description: There is no such note}}
components:
""",
        1,
    )
).replace(
    "id: {type: string}, text: {type: string}}}", "id: {type: string}, text: {type: string}, state: {}}}"
)


class Keeping:
    """Notes that stay after their removal, with other members; `hides` leaves them out of the list."""

    def __init__(self, end: dict[str, Any], *, hides: bool) -> None:
        self.end, self.hides = end, hides
        self.notes: dict[str, dict[str, Any]] = {}
        self.removed: set[str] = set()

    def __call__(self, request: Request) -> Response:
        if request.header("Authorization") is None:
            return answer(401, {"error": "no key"})
        path = request.path.rstrip("/")
        if path == "/notes":
            return self._collection(request)
        id = path.rpartition("/")[2]
        if id not in self.notes:
            return answer(404, {"error": "no such note"})
        if request.method == "DELETE":
            self.notes[id] |= self.end
            self.removed.add(id)
            return Response(204)
        return answer(200, self.notes[id]) if request.method == "GET" else answer(405, {"error": "method"})

    def _collection(self, request: Request) -> Response:
        if request.method == "GET":
            hidden = self.removed if self.hides else set()
            return answer(200, {"notes": [note for id, note in self.notes.items() if id not in hidden]})
        body = read_json(request.body).value if request.method == "POST" else None
        if not isinstance(body, dict) or not isinstance(body.get("text"), str):
            return answer(400, {"error": "no text"})
        id = f"n-7Qx{len(self.notes) + 1:04}kT9"
        self.notes[id] = {"id": id, "text": body["text"], "state": "open"}
        return answer(201, self.notes[id])


def find(end: dict[str, Any], *, hides: bool = False, document: str = KEEPING) -> list[Result]:
    report = verified(
        load_text(imported(document).text), Keeping(end, hides=hides), only=("removals",), allow_writes=True
    )
    return [result for result in report.results if result.contract.check == "removals"]


def test_a_removal_that_changes_nothing_is_odd() -> None:
    assert [result.verdict for result in find({})].count(Verdict.ODD) == 2


@pytest.mark.parametrize(
    ("end", "word"),
    [({"state": "expired"}, "expired"), ({"deletedAt": "2026-04-18T16:00:00Z"}, "deletedAt")],
)
def test_an_instance_that_says_it_was_removed_is_untested_with_the_line_that_would_prove_it(
    end: dict[str, Any], word: str
) -> None:
    results = find(end)
    assert {result.verdict for result in results} == {Verdict.UNTESTED}
    assert all(f"stays, and says `{word}`" in result.reason for result in results)
    assert all("gone_when" in result.reason for result in results)


@pytest.mark.parametrize(
    ("end", "read"), [({}, Verdict.BROKEN), ({"state": "x"}, Verdict.ODD), ({"text": "a"}, Verdict.UNTESTED)]
)
def test_a_read_that_shows_what_the_list_has_lost_is_firm_if_it_shows_all_of_it(
    end: dict[str, Any], read: Verdict
) -> None:
    found = {result.contract.action: result.verdict for result in find(end, hides=True)}
    assert (found["get_note"], found["list_notes"]) == (read, Verdict.KEPT)


def test_a_read_without_a_documented_404_may_show_what_was_removed() -> None:
    open_read = KEEPING.replace('        "404": {description: There is no such note}\n', "")
    assert open_read != KEEPING
    found = {result.contract.action: result.verdict for result in find({}, hides=True, document=open_read)}
    assert found["get_note"] is Verdict.ODD


def test_a_list_without_it_is_kept() -> None:
    assert sorted(result.verdict for result in find({"state": "deleted"}, hides=True)) == sorted(
        (Verdict.KEPT, Verdict.UNTESTED)
    )


PAGED = KEEPING.replace(
    "      summary: List all notes\n",
    """      summary: List all notes
      parameters:
      - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 50, default: 5}}
      - {name: offset, in: query, schema: {type: integer, minimum: 0, default: 0}}
""",
    1,
)


class Paged(Keeping):
    """Lists the oldest notes first, of which there are more than a page has."""

    def __init__(self) -> None:
        super().__init__({}, hides=True)
        self.notes = {f"n-7Qx{n:04}kT9": {"id": f"n-7Qx{n:04}kT9", "text": "Old"} for n in range(8)}

    def _collection(self, request: Request) -> Response:
        found = super()._collection(request)
        if request.method != "GET":
            return found
        asked = dict(parse_qsl(request.target.partition("?")[2]))
        start, size = int(asked.get("offset", 0)), int(asked.get("limit", 5))
        return answer(200, {"notes": read_json(found.body).value["notes"][start : start + size]})


def test_a_list_in_pages_shows_that_a_removal_did_not_miss_what_it_named() -> None:
    report = verified(load_text(imported(PAGED).text), Paged(), allow_writes=True)
    assert report.footer.alarm is None
    (removal,) = (r for r in report.results if r.contract.id == "removals/note/get_note@rest")
    assert removal.verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ({"state": "open"}, {"state": "Expired"}, "expired"),
        ({"status": {"state": "active"}}, {"status": {"state": "deleted"}}, "deleted"),
        ({"deleted_at": None}, {"deleted_at": "2026-04-18"}, "deleted_at"),
        ({"state": "closed"}, {"state": "closed"}, ""),
        ({"deleted_at": "2026-04-18"}, {"deleted_at": "2026-04-18"}, ""),
        ({"state": "open"}, {"state": "open", "text": "it was closed by hand"}, ""),
    ],
)
def test_state_of_what_was_removed(before: dict[str, Any], after: dict[str, Any], state: str) -> None:
    assert find_removed_state(before, after) == state


@pytest.mark.parametrize("step", ["_history", "pages"])
def test_only_the_history_of_what_was_removed_may_still_be_told(step: str) -> None:
    """FHIR R4 tells it, with the removal as its last entry."""
    read = f"""  /notes/{{note_id}}/{step}:
    parameters: [{{name: note_id, in: path, required: true, schema: {{type: string}}}}]
    get:
      operationId: tellNote
      responses:
        "200": {{description: OK, content: {{application/json: {{schema: {{type: array, items: {{}}}}}}}}}}
        "404": {{description: There is no such note}}
components:
"""
    document = KEEPING.replace("components:\n", read, 1)
    refused = [one.id for one in contracts(load_text(imported(document).text)) if "/refused/" in one.id]
    told = ["removals/refused/note/tell_note@rest"]
    assert [id for id in refused if id.startswith("removals/")] == ([] if step == "_history" else told)
