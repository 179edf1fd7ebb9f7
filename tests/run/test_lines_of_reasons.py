"""The lines of a reason, once they are written, try what was untried for it."""

from __future__ import annotations

import shlex

import pytest
import yaml

from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.importer.overlay.merge import merge
from pgagents.report.lines import group_untried
from pgagents.report.reason import Reason, as_read, redact, without_allow
from pgagents.report.report import Report, Untried
from small_api import NOTES, Notes, answer, catalogue, verified, with_resource

MADE_BY = "    made_by: {action: create_note, input: {text: hello}, at: response}\n"
UNDONE_BY = "    undone_by: {action: delete_note, input: {note_id: =resource.id}}\n"
LIVE = ("prefixes: {test_: test}", "prefixes: {test_: live}")
TAKEN = ("    NOT_FOUND:", "    TAKEN: {status: 409, meaning: It has one}\n    NOT_FOUND:")
PIN = "pin_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: pin}"
ACTIONS = f"""
  create_pin:
    title: Pin a note
    description: Pins a note.
    http: POST /pins
    effect: write
    input: {{note_id: {{type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}}}}
    output: {{201: {{type: object, properties: {{id: {{type: string}}}}, required: [id]}}}}
    errors: [REFUSED, NOT_FOUND, TAKEN]
  delete_pin:
    title: Unpin a note
    description: Unpins a note.
    http: DELETE /pins/{{pin_id}}
    effect: write
    destructive: true
    input: {{{PIN}}}
    output: {{204: {{}}}}
    errors: [NOT_FOUND]
surfaces:"""
RESOURCE = """
  pin:
    made_by: {action: create_pin, input: {note_id: =note.id}, at: response}
    undone_by: {action: delete_pin, input: {pin_id: =resource.id}}
    absent: no-such-pin
    missing: NOT_FOUND
"""


def refuse_pins(server: Notes, request: Request) -> Response | None:
    """Answer 409 to each pin, as if each note had one."""
    pinned = request.path == "/pins" and server.key(request)
    return answer(409, {"detail": "it has one"}) if pinned else None


def find(report: Report, of: Model, beginning: str) -> Untried:
    groups = [g for g in group_untried(report, of.source) if g.reason.startswith(beginning)]
    assert groups, {g.reason: (len(g.contracts), g.lines) for g in group_untried(report, of.source)}
    return groups[0]


def write_into(of: Model, line: str) -> Model:
    data = merge(of.source.data, yaml.safe_load(line)).data
    return load_text(yaml.safe_dump(data, sort_keys=False), "notes.yaml")


@pytest.mark.parametrize(
    ("of", "reason", "filled"),
    [
        (catalogue(), "note_id is an id that was made up", {"ACTION": "create_note"}),
        (
            with_resource((MADE_BY, "")),
            "the catalogue does not say how to come by a note",
            {"ACTION": "create_note"},
        ),
        (with_resource(LIVE, (UNDONE_BY, "")), "at most 5 × note", {"ACTION": "delete_note"}),
    ],
    ids=["made-up-id", "no-create", "no-removal"],
)
def test_the_lines_of_a_reason_try_it(of: Model, reason: str, filled: dict[str, str]) -> None:
    def run(of: Model) -> Report:
        return verified(of, Notes(), allow_writes=True)

    group = find(run(of), of, reason)
    (line,) = group.lines
    for word, value in filled.items():
        line = line.replace(word, value)
    better = write_into(of, line)
    still = {one for g in group_untried(run(better), better.source) for one in g.contracts}
    assert set(group.contracts) - still, line


def test_a_conflict_of_a_right_call_has_the_line_of_what_there_is_once() -> None:
    text = NOTES.replace("\nsurfaces:", ACTIONS, 1)
    of = with_resource(TAKEN, ("    missing: NOT_FOUND\n", "    missing: NOT_FOUND" + RESOURCE), text=text)
    groups = group_untried(verified(of, Notes(before=refuse_pins), allow_writes=True), of.source)
    lines = {line for group in groups for line in group.lines if "create_pin" in "".join(group.contracts)}
    once = "resources: {pin: {unique: [{members: [note_id], otherwise: TAKEN}]}}"
    assert lines == {once}
    assert write_into(of, once).resources["pin"].unique
    silent = [g.reason for g in groups if "create_pin" in "".join(g.contracts) and not (g.lines or g.options)]
    assert silent == []


def test_an_id_that_is_named_like_another_resources_may_be_that_ones() -> None:
    action = """
  get_reminder:
    title: Get a reminder
    description: Gets the reminder of a note.
    http: GET /reminders/{note_id}
    effect: read
    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: reminder}}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND]
surfaces:"""
    reminder = (
        "  reminder: {read_by: {action: get_reminder, input: {note_id: =resource.id}}, inferred: true}\n"
    )
    text = NOTES.replace("\nsurfaces:", action, 1)
    of = with_resource(("    missing: NOT_FOUND\n", f"    missing: NOT_FOUND\n{reminder}"), text=text)
    group = find(
        verified(of, Notes(), allow_writes=True), of, "the catalogue does not say how to come by a rem"
    )
    named = "actions: {get_reminder: {input: {note_id: {refers_to: note}}}}\nresources: {reminder: null}"
    assert group.lines[0] == named
    assert "reminder" not in write_into(of, named).resources


def test_a_create_that_answers_the_whole_has_the_line_of_the_part_in_it() -> None:
    def pin(server: Notes, request: Request) -> Response | None:
        if request.path != "/pins" or not server.key(request):
            return None
        body = read_json(request.body).value
        note = server.notes.get(str(body.get("note_id"))) if isinstance(body, dict) else None
        if note is None:
            return answer(404, {"detail": "no such note"})
        pinned.append({"id": f"p{len(pinned)}"})
        return answer(201, {"id": note["id"], "pins": pinned})

    pinned: list[dict[str, str]] = []
    part = "{type: object, properties: {id: {type: string}}}"
    whole = f"properties: {{id: {{type: string}}, pins: {{type: array, items: {part}}}}}"
    text = NOTES.replace("\nsurfaces:", ACTIONS.replace("properties: {id: {type: string}}", whole), 1)
    kept = RESOURCE.replace("    undone_by: {action: delete_pin, input: {pin_id: =resource.id}}\n", "")
    of = with_resource(("    missing: NOT_FOUND\n", "    missing: NOT_FOUND" + kept), TAKEN, text=text)
    group = find(verified(of, Notes(before=pin), allow_writes=True), of, "create returns something")
    made = 'made_by: {action: create_pin, input: {note_id: "=note.id"}, at: "response.LIST[-1]"}'
    line = f"resources: {{pin: {{{made}}}}}"
    assert group.lines == (line,)
    better = write_into(of, line.replace("LIST", "pins"))
    groups = group_untried(verified(better, Notes(before=pin), allow_writes=True), better.source)
    assert not any(g.reason.startswith("create returns something") for g in groups)


def test_a_chosen_id_with_a_pattern_is_left_to_the_author() -> None:
    code = "schemas:\n  Code: {type: string, pattern: '^[A-Z]{2,8}$'}\n"
    change = (
        "    input: {text: {type",
        "    input: {id: {$ref: Code, required: true, default: AB}, text: {type",
    )
    text = NOTES.replace("schemas:\n", code, 1)
    of = with_resource(change, ("input: {text: hello}", "input: {id: AB, text: hello}"), text=text)
    line = find(verified(of, Notes(), allow_writes=True), of, "create_note might overwrite").lines[0]
    assert yaml.safe_load(line)["resources"]["note"]["made_by"]["input"]["id"] == "VALUE"


def test_an_option_to_copy_does_what_it_says_whatever_a_document_calls_things() -> None:
    option = without_allow("it may cost", "create", "force$(touch x)").options[0]
    assert shlex.split(option) == ["--allow", "create.force$(touch x)"]
    assert shlex.split(as_read("GET /x'; touch y; '")) == ["--reads", "GET /x'; touch y; '"]


def test_options_and_lines_of_a_reason_have_no_secret() -> None:
    told = Reason("it said k-123", ("--allow k-123",), ("errors: {codes: {k-123: 400}}",))
    hidden = redact(told, lambda text: text.replace("k-123", "[key]"))
    assert isinstance(hidden, Reason)
    assert "k-123" not in " ".join((hidden, *hidden.options, *hidden.lines))
    assert redact(hidden, lambda text: text.replace("k-123", "[key]")) is hidden
