"""A workflow's texts are sent as its author wrote them, and it is not repeated on top of its own effects."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from pgagents.base.errors import InputError
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from small_api import Notes, answer, verified, with_resource

CODE = "    NOT_FOUND: {status: 404, meaning: No such note}\n"
TAKEN = f"{CODE}    TAKEN: {{status: 409, meaning: A note has this text already}}\n"
CREATE = "    output: {201: {$ref: Note}}\n    errors: [REFUSED]\n"
TWO_NOTES = """
workflows:
  twice:
    title: Two notes
    description: Writes a note, then another one.
    only_verify: true
    steps:
      first: {action: create_note, input: {text: FIRST}, status: 201, keep: {id: =response.id}}
      second: {action: create_note, input: {text: SECOND}, status: STATUS}
"""


@cache
def of(first: str, second: str, status: int | None = 201, *, finds: bool = False) -> Model:
    """Return the catalogue of notes with a workflow that writes two of them; the second may say no status.

    With `finds`, a create may answer with an older note of the same text.
    """
    flow = TWO_NOTES.replace("FIRST", first).replace("SECOND", second)
    flow = flow.replace("STATUS", str(status)) if status else flow.replace(", status: STATUS", "")
    answers = CREATE.replace("REFUSED]", "REFUSED, TAKEN]")
    answers = answers.replace("{201:", "{200: {$ref: Note}, 201:") if finds else answers
    changes = ((CODE, TAKEN), (CREATE, answers))
    return with_resource(*changes, (KNOWN_END, KNOWN_END + flow))


KNOWN_END = "    missing: NOT_FOUND\n"


def texts_once(*taken: str) -> Callable[[Notes, Request], Response | None]:
    """Return a server's rule: no two notes have the same text, and `taken` are there already."""

    def refuse(server: Notes, request: Request) -> Response | None:
        text = Notes.text(request) if request.method == "POST" else None
        there = {*taken, *(note["text"] for note in server.notes.values())}
        return answer(409, {"detail": "taken", "code": "TAKEN"}) if text in there else None

    return refuse


def run(model: Model, rule: Any = None, *, exclusive: bool = True) -> tuple[Report, Notes]:
    """Run the workflow, and what it needs, against the server."""
    server = Notes(odd=rule) if rule else Notes()
    return verified(model, server, exclusive=exclusive, only=("workflow_runs",)), server


def verdict_on(report: Report, step: str) -> tuple[Verdict, str]:
    """Return the verdict on a step, with its reason."""
    wanted = f"workflow_runs/twice/{step}@rest"
    return next((r.verdict, r.reason) for r in report.results if r.contract.id == wanted)


def list_sent(server: Notes) -> list[str]:
    """Return the texts of all notes that the run wrote, in order."""
    bodies = [read_json(r.body).value for r in server.log if r.method == "POST" and r.body]
    return [body["text"] for body in bodies if isinstance(body, dict)]


@pytest.mark.parametrize("text", ["once-only", """'="once-only"'"""])
def test_equal_texts_of_a_workflow_stay_equal(text: str) -> None:
    report, server = run(of(text, text, 409), texts_once())
    assert set(list_sent(server)) == {"once-only"}
    assert verdict_on(report, "second") == (Verdict.KEPT, "")


def test_a_second_note_that_the_author_promised_is_broken_by_a_server_of_ones_own() -> None:
    report, server = run(of("once-only", "once-only", 201), texts_once())
    assert verdict_on(report, "second")[0] is Verdict.BROKEN
    assert server.notes == {}, "what the workflow wrote is undone"


def test_a_text_that_is_taken_is_the_authors_business() -> None:
    report, server = run(of("once-only", "another"), texts_once("once-only"))
    verdict, reason = verdict_on(report, "first")
    assert verdict is Verdict.UNTESTED
    assert reason == (
        "`text: once-only` is taken, perhaps by an earlier run: "
        "write `text: =fresh.text` for a text that must be new"
    )
    assert all(r.excused for r in report.results if r.verdict is Verdict.UNTESTED), "no debt of the author's"
    assert server.notes == {}


def test_a_conflict_of_a_step_without_a_status_says_how_it_is_a_finding() -> None:
    report, _ = run(of("=fresh.text", "=fresh.text", None), refuse_second)
    verdict, reason = verdict_on(report, "second")
    assert verdict is Verdict.UNTESTED
    assert reason.endswith("; `status: 201` at the step makes it a finding")


def test_a_fresh_text_of_a_workflow_is_new() -> None:
    report, server = run(of("=fresh.text", "=fresh.text"), texts_once("once-only"))
    assert len(set(list_sent(server))) == len(list_sent(server)) > 1
    assert verdict_on(report, "second") == (Verdict.KEPT, "")


def test_an_unknown_kind_of_fresh_value_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        of("=fresh.word", "another")
    assert [p.message for p in refused.value.diagnostics] == ["`fresh.word` is not a kind of fresh value"]


def refuse_second(server: Notes, request: Request) -> Response | None:
    full = request.method == "POST" and Notes.text(request) is not None and len(server.notes) == 1
    return answer(409, {"detail": "full", "code": "TAKEN"}) if full else None


def test_a_server_that_refuses_every_second_note_is_found() -> None:
    report, _ = run(of("one", "another"), refuse_second)
    assert verdict_on(report, "second")[0] is Verdict.BROKEN
    beside, _ = run(of("one", "another"), refuse_second, exclusive=False)
    assert verdict_on(beside, "second")[0] in (Verdict.BROKEN, Verdict.UNTESTED)


def find_or_make(server: Notes, request: Request) -> Response | None:
    """Answer a create with the older note of the same text, if there is one, and stamp it."""
    text = Notes.text(request) if request.method == "POST" else None
    older = next((note for note in server.notes.values() if note["text"] == text), None)
    if older is not None:
        older["text"] = f"{older['text']}!"
    return answer(200, older) if older is not None else None


def test_a_text_with_which_a_create_may_change_something_older_is_not_sent() -> None:
    server = Notes(odd=find_or_make)
    server.notes = {"n0": {"id": "n0", "text": "once-only"}}
    report = verified(of("once-only", "another", finds=True), server, only=("workflow_runs",))
    assert server.notes == {"n0": {"id": "n0", "text": "once-only"}}
    verdict, reason = verdict_on(report, "first")
    assert verdict is Verdict.NOT_SELECTED
    assert "write `=fresh.text` or `=fresh.slug` for one of them" in reason
    assert reason.endswith("; --allow create_note would call it")
    fresh, _ = run(of("=fresh.text", "=fresh.text", finds=True), find_or_make)
    assert verdict_on(fresh, "second") == (Verdict.KEPT, "")


ENDING = """
workflows:
  twice:
    title: A note ends
    description: Writes a note, and ends it.
    only_verify: true
    steps:
      first: {action: create_note, input: {text: =fresh.text}, status: 201, keep: {id: =response.id}}
      second: {action: delete_note, input: {note_id: =first.id}, status: 204}
  beside:
    title: Another note
    description: Writes a note.
    only_verify: true
    steps:
      first: {action: create_note, input: {text: =fresh.text}, status: 201, keep: {id: =response.id}}
      second:
        {action: get_note, input: {note_id: =first.id}, status: 200, expect: [response.text == 'the author']}
"""


def ending() -> Model:
    """Return the catalogue of notes with a workflow whose second step names what its first one made."""
    ends = "    output: {204: {}}\n    errors: [NOT_FOUND, REFUSED"
    return with_resource(
        (CODE, TAKEN),
        (CREATE, CREATE.replace("REFUSED]", "REFUSED, TAKEN]")),
        (ends, f"{ends}, TAKEN"),
        (KNOWN_END, KNOWN_END + ENDING),
    )


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(
    ("workflow", "last", "failed"), [("twice", "DELETE", "second"), ("beside", "GET", "second/expect-1")]
)
def test_a_step_that_failed_once_stays_failed_where_a_second_passage_gets_less_far(
    workflow: str, last: str, failed: str, workers: int
) -> None:
    """Notes cannot be ended, and after the first try none can be written any more."""

    def full(server: Notes, request: Request) -> Response | None:
        if request.method == "DELETE":
            return answer(409, {"detail": "it stays", "code": "TAKEN"})
        tried = any(sent.method == last and sent.path != "/notes" for sent in server.log[:-1])
        return (
            answer(409, {"detail": "full", "code": "TAKEN"}) if request.method == "POST" and tried else None
        )

    only = (f"workflow_runs/{workflow}",)
    report = verified(ending(), Notes(odd=full), workers=workers, only=only, allow_writes=True)
    found = {r.contract.id.removeprefix("workflow_runs/"): r.verdict for r in report.results}
    assert found[f"{workflow}/{failed}@rest"] is Verdict.BROKEN


def test_a_new_value_may_stand_beside_what_an_earlier_step_kept() -> None:
    report, server = run(of("once-only", "'=fresh.slug + first.id'"))
    assert verdict_on(report, "second") == (Verdict.KEPT, "")
    assert re.search("[0-9a-f]{8}.*n[0-9]+$", list_sent(server)[-1])


def test_a_step_reads_the_targets_of_a_link_as_a_law_does() -> None:
    def linked(server: Notes, request: Request) -> Response | None:
        if request.method != "POST" or (text := Notes.text(request)) is None:
            return None
        made = server.make(f"n{len(server.log)}", text)
        return replace(made, headers=(*made.headers, ("Link", '</notes?page=2>; rel="next"')))

    kept = "keep: {next: headers.link.next}, expect: ['headers.link.next == \"/notes?page=2\"']"
    flow = TWO_NOTES.replace("keep: {id: =response.id}", kept).replace("FIRST", "once-only")
    flow = flow.replace("SECOND", "=first.next").replace("STATUS", "201")
    report, server = run(with_resource((KNOWN_END, KNOWN_END + flow)), linked)
    assert verdict_on(report, "first/expect-1") == (Verdict.KEPT, "")
    assert list_sent(server)[-1] == "/notes?page=2"


def test_a_step_of_nobody_sends_no_key() -> None:
    flow = TWO_NOTES.replace("FIRST", "once-only").replace("SECOND", "another, as: nobody")
    flow = flow.replace("input: {text: another, as: nobody}", "as: nobody, input: {text: another}")
    report, server = run(with_resource((KNOWN_END, KNOWN_END + flow.replace("STATUS", "401"))))
    assert verdict_on(report, "second") == (Verdict.KEPT, "")
    keyless = [r for r in server.log if r.method == "POST" and r.header("Authorization") is None]
    assert [read_json(r.body).value for r in keyless] == [{"text": "another"}]


def test_a_401_for_a_step_of_nobody_is_documented_by_the_step() -> None:
    flow = TWO_NOTES.replace("FIRST", "once-only").replace(
        "input: {text: SECOND}", "as: nobody, input: {text: b}"
    )
    unsaid = ("always: [UNAUTHORIZED]", "always: []")
    model = with_resource(unsaid, (KNOWN_END, KNOWN_END + flow.replace("STATUS", "401")))
    report = verified(model, Notes(), exclusive=True, only=("workflow_runs", "documented_status/create_note"))
    assert [(finding.contract.id, finding.actual) for finding in report.findings] == []
    assert verdict_on(report, "second") == (Verdict.KEPT, "")


def test_a_step_of_nobody_that_is_accepted_is_broken_and_undone() -> None:
    def open_door(server: Notes, request: Request) -> Response | None:
        if request.header("Authorization") is not None or request.method != "POST":
            return None
        return server.make(f"open{len(server.log)}", str(Notes.text(request)))

    flow = TWO_NOTES.replace("FIRST", "once-only").replace(
        "input: {text: SECOND}", "as: nobody, input: {text: b}"
    )
    model = with_resource((KNOWN_END, KNOWN_END + flow.replace("STATUS", "401")))
    server = Notes(before=open_door)
    report = verified(model, server, exclusive=True, only=("workflow_runs",))
    assert verdict_on(report, "second")[0] is Verdict.BROKEN
    assert server.notes == {}


LATER = """
workflows:
  twice:
    title: A note is shown later
    description: Writes a note, and reads it once it is shown.
    only_verify: true
    steps:
      first: {action: create_note, input: {text: hello}, keep: {id: =response.id}}
      second: {action: get_note, input: {note_id: =first.id}, within_s: 9}
"""


@pytest.mark.parametrize(("reads", "verdict"), [(4, Verdict.KEPT), (99, Verdict.BROKEN)])
def test_a_read_is_repeated_until_it_has_its_status(reads: int, verdict: Verdict) -> None:
    """A store that is consistent in the end, as DynamoDB, shows what was written two seconds later."""
    early: dict[str, int] = {}

    def hide(_: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path == "/notes":
            return None
        early[request.path] = early.get(request.path, 0) + 1
        return answer(404, {"detail": "not yet"}) if early[request.path] <= reads else None

    report, _ = run(with_resource((KNOWN_END, KNOWN_END + LATER)), hide)
    assert verdict_on(report, "second")[0] is verdict


def test_a_step_sends_fresh_members_of_an_object() -> None:
    """As Kubernetes' `metadata: {name: =fresh.slug}`."""
    takes = "input: {text: {type: string, minLength: 1, maxLength: 40, required: true}"
    flow = LATER.replace(
        "{text: hello}", "{text: hello, meta: {name: =fresh.slug, of: [=fresh.text, plain]}}"
    )
    more = (takes, f"{takes}, meta: {{type: object}}"), (KNOWN_END, KNOWN_END + flow)
    report, server = run(with_resource(*more))
    assert verdict_on(report, "second")[0] is Verdict.KEPT
    sent = next(m for r in server.log if r.method == "POST" and (m := read_json(r.body).value.get("meta")))
    assert sent["name"].startswith("pgv-")
    assert sent["of"][0].startswith("pgv-")
    assert sent["of"][1] == "plain"


READ = """
workflows:
  twice:
    title: A note is read
    description: Writes a note and reads it.
    only_verify: true
    steps:
      first: {action: create_note, input: {text: hello}, status: 201, keep: {id: =response.id}}
      second:
        {action: get_note, input: {note_id: =first.id}, status: 200, expect: ['response.text == "hello"']}
"""


@pytest.mark.parametrize(
    ("only", "verdict"),
    [
        (("workflow_runs",), Verdict.BROKEN),
        (("workflow_runs", "response_schema"), Verdict.UNTESTED),
    ],
    ids=["alone", "with the check that sees it"],
)
def test_a_fault_that_only_leaves_out_leaves_no_line_of_the_author_untested(
    only: tuple[str, ...], verdict: Verdict
) -> None:
    """Another check's finding says enough of an answer, where the run reports it."""

    def numbered(server: Notes, request: Request) -> Response | None:
        id = request.path.rpartition("/")[2]
        if request.method == "GET" and id in server.notes:
            return answer(200, {"id": id, "text": 5})
        return None

    model = with_resource((KNOWN_END, KNOWN_END + READ))
    report = verified(model, Notes(odd=numbered), exclusive=True, allow_writes=True, only=only)
    found, why = verdict_on(report, "second/expect-1")
    assert found is verdict, why
    assert bool(report.findings)
