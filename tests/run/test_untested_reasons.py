"""Contracts that were not judged have the true reason."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.plan.selection import NO_WRITES
from small_api import KNOWN, NOTES, Notes, accepting, answer, catalogue, verified, with_resource

LISTS = "required: [notes]}}\n"
LAW = f"{LISTS}    laws: {{few: size(response.notes) >= -1.0}}\n"


def find(report: Report, contract: str) -> tuple[Verdict, str]:
    """Return the verdict on a contract, and its reason."""
    (found,) = [r for r in report.results if r.contract.id == contract]
    return found.verdict, found.reason


def wrong(_: Notes, request: Request) -> Response | None:
    """Return a list that breaks its schema."""
    right = request.method != "GET" or request.path != "/notes"
    return None if right else answer(200, {"notes": [{"id": 7}]})


def test_a_law_whose_answers_break_their_schema_says_so() -> None:
    verdict, reason = find(
        verified(catalogue(NOTES, (LISTS, LAW)), Notes(odd=wrong)), "law/few/list_notes@rest"
    )
    assert verdict is Verdict.UNTESTED
    assert reason == "not judged: the answer does not satisfy its schema"


def test_a_law_is_judged_where_one_answer_fits() -> None:
    count = [0]

    def but_once(server: Notes, request: Request) -> Response | None:
        count[0] += request.method == "GET" and request.path == "/notes"
        return wrong(server, request) if count[0] > 1 else None

    server = Notes(odd=but_once, notes={"n0": {"id": "n0", "text": "hello"}})
    report = verified(catalogue(NOTES, (LISTS, LAW)), server)
    verdict, _ = find(report, "law/few/list_notes@rest")
    assert verdict is Verdict.KEPT


OPEN = {"key": lambda request: request.header("Authorization") in ("Bearer live_1", "bearer live_1")}
UNDOCUMENTED = (
    """    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, REFUSED]
  change_note:""",
    """    output: {200: {$ref: Note}}
    errors: [REFUSED]
  change_note:""",
)


def test_a_read_of_a_made_up_value_is_not_said_to_want_writes() -> None:
    """A resource can be made, but no argument of the read refers to it."""
    unread = "".join(line for line in KNOWN.splitlines(keepends=True) if "read_by" not in line)
    report = verified(catalogue(NOTES + unread, UNDOCUMENTED), Notes(**OPEN), keys={"main": "live_1"})
    verdict, reason = find(report, "content_type/get_note@rest")
    assert verdict is Verdict.UNTESTED
    assert "the value of note_id was made up" in reason
    assert "`examples: {one: {input: {note_id: VALUE}}}`" in reason
    wanting = {r.contract.action for r in report.results if r.reason == NO_WRITES} - {""}
    assert wanting == {"create_note", "change_note", "delete_note", "list_notes"}
    about_made = {
        r.contract.id for r in report.results if r.contract.action == "list_notes" and r.reason == NO_WRITES
    }
    assert about_made == {  # only a note of the run's own shows these
        "consistent_representations/note/list_notes@rest",
        "read_after_write/listed/note/list_notes@rest",
        "removals/listed/note/list_notes@rest",
    }


def test_a_read_of_what_only_a_write_makes_wants_writes() -> None:
    report = verified(with_resource(), Notes(**OPEN), keys={"main": "live_1"})
    assert find(report, "content_type/get_note@rest") == (Verdict.NOT_SELECTED, NO_WRITES)


LIST_READS = "    http: GET /notes\n    effect: read\n"
LIST_WRITES = "    http: GET /notes\n    effect: write\n"


def test_an_action_that_never_answers_well_has_one_reason_on_all_surfaces() -> None:
    def failing(_: Notes, request: Request) -> Response | None:
        return answer(500, {}) if request.method == "GET" and request.path == "/notes" else None

    report = verified(catalogue(NOTES), Notes(odd=failing))
    reasons = {r.reason for r in report.results if r.contract.action == "list_notes"}
    assert [reason for reason in reasons if "never answered" in reason] == ["list_notes never answered a 2xx"]


def test_a_get_that_writes_is_named_where_nothing_is_written() -> None:
    model = catalogue(NOTES, (LIST_READS, LIST_WRITES))
    report = verified(model, Notes(**OPEN), keys={"main": "live_1"})
    verdict, reason = find(report, "content_type/list_notes@rest")
    assert verdict is Verdict.NOT_SELECTED
    assert reason.startswith("list_notes is a GET that writes")
    assert find(report, "content_type/create_note@rest") == (Verdict.NOT_SELECTED, NO_WRITES)


def test_an_example_of_the_action_is_the_value_that_it_asks_for() -> None:
    example = (
        "    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true}}\n"
        "    output: {200: {$ref: Note}}\n    errors: [NOT_FOUND, REFUSED]\n  change_note:"
    )
    given = example.replace("  change_note:", "    examples: {one: {input: {note_id: n0}}}\n  change_note:")
    server = Notes(notes={"n0": {"id": "n0", "text": "hello"}})
    report = verified(catalogue(NOTES, (example, given)), server)
    assert find(report, "content_type/get_note@rest")[0] is Verdict.KEPT


@pytest.mark.parametrize(("examples", "kept"), [("[n0]", True), ("[7, n0]", True), ("[7]", False)])
def test_an_example_of_an_argument_is_a_value_for_reads_alone(examples: str, kept: bool) -> None:
    given = f"required: true, examples: {examples}}}"
    text = NOTES.replace("maxLength: 40, required: true}}", f"maxLength: 40, {given}}}")
    server = Notes(notes={"n0": {"id": "n0", "text": "hello"}})
    model = catalogue(text)
    report = verified(model, server)
    assert (find(report, "content_type/get_note@rest")[0] is Verdict.KEPT) is kept
    assert server.notes == {"n0": {"id": "n0", "text": "hello"}}
    assert {r.method for r in server.log if r.path == "/notes/n0"} <= {"GET", "HEAD", "OPTIONS"}
    writes = [template_of(model, action).input for action in model.actions if action.effect == "write"]
    assert all(given.get("note_id") != "n0" for given in writes)


def test_a_create_whose_answer_has_no_instance_is_not_said_to_have_made_none() -> None:
    def nameless(_: Notes, request: Request) -> Response | None:
        return answer(201, "made") if request.method == "POST" else None

    live = "live_key_1"
    server = Notes(odd=nameless, key=accepting(live))
    report = verified(with_resource(), server, keys={"main": live}, allow_writes=True)
    _, reason = find(report, "removals/note/get_note@rest")
    assert reason == (
        "create_note answered 201 without an id that can be read: --allow create_note would call it"
    )
    report = verified(
        with_resource(), Notes(odd=nameless)
    )  # a test key ends no kind: all that it makes is test data
    _, reason = find(report, "removals/note/get_note@rest")
    assert reason == "the create answered 201 without a note that can be read from it"


def test_a_create_that_is_refused_made_none() -> None:
    def full(_: Notes, request: Request) -> Response | None:
        return answer(422, {"detail": "full"}) if request.method == "POST" else None

    report = verified(with_resource(), Notes(odd=full))
    _, reason = find(report, "removals/note/get_note@rest")
    assert reason.startswith("no note was made: 422")


def test_a_law_whose_condition_was_never_true_says_what_tries_it() -> None:
    law = f"{LISTS}    laws: {{few: {{when: size(response.notes) > 900.0, that: status == 200}}}}\n"
    verdict, reason = find(verified(catalogue(NOTES, (LISTS, law)), Notes()), "law/few/list_notes@rest")
    assert verdict is Verdict.UNTESTED
    assert reason == "its `when` was never true; an example of list_notes that shows it would be sent"


def test_a_law_that_a_list_is_empty_is_held_by_an_empty_one() -> None:
    law = f"{LISTS}    laws: {{none: size(response.notes) == 0.0}}\n"
    server = Notes(odd=lambda _, request: answer(200, {"notes": []}) if request.path == "/notes" else None)
    verdict, _ = find(verified(catalogue(NOTES, (LISTS, law)), server), "law/none/list_notes@rest")
    assert verdict is Verdict.KEPT


SCOPED = ("    http: GET /notes\n", "    http: GET /notes\n    scope: read\n")
CODES = ("{invalid: REFUSED, no_key", "{no_scope: REFUSED, invalid: REFUSED, no_key")


@pytest.mark.parametrize(
    ("plans", "verdict", "reason"),
    [
        ("{one: [read], two: [read]}", Verdict.NOT_APPLICABLE, "every plan has the scope read"),
        (
            "{one: [read], two: []}",
            Verdict.UNTESTED,
            (
                "needs a role whose plan lacks read: "
                "write `auth: {roles: {lesser: {description: …, plan: two}}}`"
            ),
        ),
        (
            "{}",
            Verdict.UNTESTED,
            (
                "needs a role whose plan lacks read: "
                "write `auth: {plans: {lesser: []}, roles: {lesser: {description: …, plan: lesser}}}`"
            ),
        ),
    ],
)
def test_a_scope_that_no_role_lacks_says_which_role_shows_it(
    plans: str, verdict: Verdict, reason: str
) -> None:
    roles = "scopes: {read: Reads}, roles: {main: {description: A, plan: one}}"
    auth = f"auth: {{{roles if plans != '{}' else roles.replace(', plan: one', '')}, plans: {plans}, schemes"
    model = catalogue(NOTES, SCOPED, CODES, ("auth: {schemes", auth))
    found = find(verified(model, Notes()), "plan_scopes/read/list_notes@rest")
    assert found == (verdict, reason)


def test_an_operator_whose_plan_lacks_a_scope_shows_it() -> None:
    roles = "main: {description: A, plan: one}, clock: {description: B, plan: two, operator: true}"
    auth = f"auth: {{scopes: {{read: Reads}}, plans: {{one: [read], two: []}}, roles: {{{roles}}}, schemes"
    model = catalogue(NOTES, SCOPED, CODES, ("auth: {schemes", auth))
    _, reason = find(verified(model, Notes()), "plan_scopes/read/list_notes@rest")
    assert reason == "needs the identity `clock`: add --identity clock=ENVVAR"


FOUND = ("    made_by:", "    found_by: {action: list_notes, at: response.notes}\n    made_by:")
"""A note that was there before is known then, and not the run's own."""


@pytest.mark.parametrize("found", [(), (FOUND,)])
def test_a_step_that_changes_what_the_run_has_not_made_names_the_flag(
    found: tuple[tuple[str, str], ...],
) -> None:
    """A club of a key was there before (a booking server of 2026-11-29), and eight steps were owed."""
    workflow = """workflows:
  first:
    title: The first note is changed
    only_verify: true
    steps:
      all: {action: list_notes, keep: {id: 'response.notes[0].id'}}
      change: {action: change_note, input: {note_id: =all.id, text: changed}}
surfaces:"""
    model = with_resource(("surfaces:", workflow), *found)
    server = Notes(notes={"n0": {"id": "n0", "text": "hello"}})
    report = verified(model, server, allow_writes=True, only=("workflow_runs/",))
    verdict, reason = find(report, "workflow_runs/first/change@rest")
    assert verdict is Verdict.NOT_SELECTED
    assert reason.endswith(": --allow change_note would call it")
    assert server.notes == {"n0": {"id": "n0", "text": "hello"}}


def test_a_change_of_what_no_call_makes_names_the_flag() -> None:
    """Nothing makes a project of Unleash 8.2.0, and 1,479 contracts were owed without a step."""
    found = (
        "made_by: {action: create_note, input: {text: hello}, at: response}",
        "found_by: {action: list_notes, at: response.notes}",
    )
    model = with_resource(found)
    server = Notes(notes={"n0": {"id": "n0", "text": "hello"}})
    verdict, reason = find(
        verified(model, server, allow_writes=True), "valid_calls/ordinary/change_note@rest"
    )
    assert verdict is Verdict.NOT_SELECTED
    assert reason == (
        "the note is not shown to be this run's own, as no call makes one: --allow change_note would call it"
    )
    assert server.notes == {"n0": {"id": "n0", "text": "hello"}}
