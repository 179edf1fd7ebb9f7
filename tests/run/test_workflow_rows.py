"""An author's workflow makes as many rows as it has steps, and calls what names its own rows alone."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from small_api import Notes, answer, verified, with_resource

MANY = 9


def write_flow(ids: str) -> str:
    made = "".join(
        f'      n{n}: {{action: create_note, input: {{text: "=fresh.text"}}, keep: {{id: =response.id}}}}\n'
        for n in range(MANY)
    )
    return f"""
workflows:
  many:
    title: Many notes
    description: Writes many notes, and archives two of them.
    only_verify: true
    steps:
{made}      away: {{action: archive_notes, input: {{ids: {ids}}}, status: 200}}
"""


@cache
def of(ids: str) -> Model:
    end = "    missing: NOT_FOUND\n"
    bulk = """  archive_notes:
    title: Archive notes
    description: Archives several notes.
    http: POST /notes/archive
    effect: write
    input:
      ids: {type: array, items: {type: string}, minItems: 1, required: true}
    output: {200: {type: object}}
    errors: [REFUSED]
surfaces:"""
    undone = "    undone_by: {action: delete_note, input: {note_id: =resource.id}}\n"
    live = ("prefixes: {test_: test}", "prefixes: {test_: live}")
    return with_resource(live, ("surfaces:", bulk), (undone, ""), (end, end + write_flow(ids)))


def run(ids: str) -> tuple[dict[str, tuple[Verdict, str]], list[Any]]:
    archived: list[Any] = []

    def archive(_: Notes, request: Request) -> Response | None:
        if request.path != "/notes/archive":
            return None
        if request.method != "POST":
            return answer(405, {"detail": "no such method"}, Allow="POST")
        sent = read_json(request.body).value
        named = sent.get("ids") if isinstance(sent, dict) else None
        if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
            return answer(422, {"detail": "ids"})
        archived.extend(named)
        return answer(200, {})

    server = Notes(odd=archive)
    server._ids = count(1)
    server.notes["somebody"] = {"id": "somebody", "text": "theirs"}
    report: Report = verified(of(ids), server, exclusive=True, only=("workflow_runs",), allow_writes=True)
    return {r.contract.id: (r.verdict, r.reason) for r in report.results}, archived


def test_a_workflow_makes_as_many_as_it_has_steps_and_names_its_own_in_bulk() -> None:
    verdicts, archived = run('["=n0.id", "=n1.id"]')
    mine = {id: said for id, said in verdicts.items() if id.startswith("workflow_runs/many/")}
    assert {verdict for verdict, _ in mine.values()} == {Verdict.KEPT}, mine
    assert len(archived) == 2


@pytest.mark.parametrize("ids", ['["=n0.id", somebody]', "[somebody]"])
def test_a_bulk_call_that_names_another_row_is_not_sent(ids: str) -> None:
    verdicts, archived = run(ids)
    assert "somebody" not in archived
    verdict, reason = verdicts["workflow_runs/many/away@rest"]
    assert verdict in (Verdict.NOT_SELECTED, Verdict.UNTESTED), reason


COUNTED = """
workflows:
  counted:
    title: Counted notes
    description: Writes a note, and counts all.
    only_verify: true
    steps:
      made: {action: create_note, input: {text: counted}}
      seen: {action: list_notes, expect: ["size(response.notes) == 1.0"]}
"""


@pytest.mark.parametrize("twice", [False, True])
def test_what_proves_that_creates_make_new_rows_is_not_counted_against_the_server(twice: bool) -> None:
    end = "    missing: NOT_FOUND\n"
    live = ("prefixes: {test_: test}", "prefixes: {test_: live}")
    model = with_resource(live, (end, end + COUNTED))

    def list_twice(server: Notes, request: Request) -> Response | None:
        if twice and request.method == "GET" and request.path == "/notes":
            return answer(200, {"notes": [note for note in server.notes.values() for _ in range(2)]})
        return None

    report: Report = verified(
        model, Notes(odd=list_twice), exclusive=True, only=("workflow_runs",), allow_writes=True
    )
    verdicts = {r.contract.id: r.verdict for r in report.results}
    seen = verdicts["workflow_runs/counted/seen/expect-1@rest"]
    assert seen is (Verdict.BROKEN if twice else Verdict.KEPT), verdicts


@pytest.mark.parametrize("more", [0, 1])
def test_a_row_of_its_own_that_tells_of_all_is_read_without_the_copy(more: int) -> None:
    """A depot of 2026-11-29 numbers the orders of a company without gaps."""
    alone = COUNTED.partition("      seen:")[0].replace("}}\n", "}, keep: {id: =response.id}}\n") + (
        "      seen: {action: get_note, input: {note_id: =made.id},\n"
        "             expect_alone: [response.among == 1.0]}\n"
    )
    end, live = "    missing: NOT_FOUND\n", ("prefixes: {test_: test}", "prefixes: {test_: live}")

    def count(server: Notes, request: Request) -> Response | None:
        note = server.notes.get(request.path.rpartition("/")[2]) if request.method == "GET" else None
        return answer(200, {**note, "among": len(server.notes) + more}) if note is not None else None

    member = ("text: {type: string}}\n    req", "text: {type: string}, among: {type: integer}}\n    req")
    known = with_resource(live, member, (end, end + alone))
    report: Report = verified(
        known, Notes(odd=count), exclusive=True, only=("workflow_runs",), allow_writes=True
    )
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts["workflow_runs/counted/seen/expect_alone-1@rest"] is (
        Verdict.BROKEN if more else Verdict.KEPT
    ), verdicts


def test_a_workflow_with_four_sorts_of_creates_is_walked_until_each_is_proved() -> None:
    """Each passage proves one more sort, whose copy is in the next count."""
    sorts = [f"sort_{n}" for n in range(4)]
    steps = "".join(
        f"      made_{n}: {{action: create_note, input: {{text: counted, {sort}: true}}}}\n"
        f'      seen_{n}: {{action: list_notes, expect: ["size(response.notes) == {n + 1}.0"]}}\n'
        for n, sort in enumerate(sorts)
    )
    flow = COUNTED[: COUNTED.index("      made:")] + steps
    end, sent = (
        "    missing: NOT_FOUND\n",
        "    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}",
    )
    more = "".join(f", {sort}: {{type: boolean}}" for sort in sorts)
    live = ("prefixes: {test_: test}", "prefixes: {test_: live}")
    model = with_resource(live, (end, end + flow), (sent, f"{sent[:-1]}{more}}}"))
    report: Report = verified(model, Notes(), exclusive=True, only=("workflow_runs",), allow_writes=True)
    mine = {
        r.contract.id: r.verdict for r in report.results if r.contract.id.startswith("workflow_runs/counted/")
    }
    assert len(mine) == 3 * len(sorts)
    assert {*mine.values()} == {Verdict.KEPT}, mine
