"""Entries of a short catalogue that stand for several operations: whom they fit, who wins, where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from overlaying import NOTES, notes, over, refused
from pgagents.catalogue.language.catalogue import for_editors
from pgagents.cli.main import cli
from pgagents.cli.show import render
from pgagents.lint.run import lint

CODE = "errors: {codes: {GONE: 410, BUSY: 409}}\n"


def list_errors(text: str, document: dict[str, Any] | None = None) -> dict[str, list[str]]:
    """Return the names of the actions that have one of the new codes, each with these codes."""
    actions = over(CODE + text, document).source.data["actions"]
    own = {
        name: [c for c in action.get("errors", []) if c in ("GONE", "BUSY")]
        for name, action in actions.items()
    }
    return {name: codes for name, codes in own.items() if codes}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("* /notes/{}*", ["get_note", "update_note", "delete_note", "tag_note"]),
        ("* /notes/{}", ["get_note", "update_note", "delete_note"]),
        ("GET *", ["list_notes", "get_note", "list_tags"]),
        ("PUT /*/tags/*", ["tag_note"]),
        ("* /v1/tag*", ["list_tags"]),
    ],
)
def test_a_pattern_speaks_of_each_operation_that_fits(pattern: str, names: list[str]) -> None:
    document = notes() | {"servers": [{"url": "https://notes.example.com/v1"}]}
    found = list_errors(f"actions: {{'{pattern}': {{errors: [+GONE]}}}}", document)
    assert sorted(found) == sorted(names)


def test_what_an_own_entry_says_wins_and_its_changes_of_a_list_are_added() -> None:
    text = (
        "actions:\n"
        "  '* /notes/{}*': {errors: [+GONE], title: Any note,\n"
        "    input: {note_id: {description: A, minLength: 3}}}\n"
        "  get_note: {errors: [+BUSY], title: One note, input: {note_id: {type: integer}}}\n"
        "  'DELETE /notes/{id}': {errors: [-GONE]}\n"
        "  tag_note: {errors: [BUSY]}\n"
    )
    document = notes()
    merged = over(f"{CODE}{text}".replace("  'DELETE /notes/{id}': {errors: [-GONE]}\n", ""), document)
    actions = merged.source.data["actions"]
    assert actions["get_note"]["errors"] == ["UNPROCESSABLE", "BUSY", "GONE"]
    assert actions["tag_note"]["errors"] == ["BUSY"]
    assert [actions[name]["title"] for name in ("get_note", "update_note")] == ["One note", "Any note"]
    assert actions["get_note"]["input"]["note_id"]["type"] == "integer"
    assert actions["get_note"]["input"]["note_id"]["description"] == "A"
    assert actions["update_note"]["input"]["note_id"]["minLength"] == 3
    # the document has no GONE, so the entry takes out nothing
    assert "`GONE` is not in the list" in refused(CODE + text)[0]


def test_null_removes_all_that_fit_but_those_with_an_entry() -> None:
    merged = over("actions: {'* /notes/{}*': null, get_note: {}}").source.data
    assert list(merged["actions"]) == ["list_notes", "create_note", "get_note", "list_tags", "transcribe"]
    assert "undone_by" not in merged["resources"]["note"]


def test_facts_of_a_pattern_are_known_before_anything_is_concluded() -> None:
    assert "confirm" not in over("actions: {'POST *': {effect: read}}").source.data["actions"]["transcribe"]
    tagged = notes()
    tagged["paths"]["/tags"]["get"]["tags"] = ["tags"]
    chosen = "{document: notes.json, tags: tags}"
    text = "actions: {'GET *': {effect: read, title: Mine}}"
    assert list(over(text, tagged, openapi=chosen).source.data["actions"]) == ["list_tags"]
    found = refused("actions: {'POST *': {effect: read}}", tagged, openapi=chosen)
    assert found[0].startswith("pgagents.yaml:3 overlay/unknown-operation: no operation of the document fits")


def test_a_line_of_a_pattern_counts_where_it_fits() -> None:
    text = "actions: {'GET *': {input: {tag: {description: Only this tag}}, confirm: {body: Sure?}}}"
    actions = over(text).source.data["actions"]
    assert actions["list_notes"]["input"]["tag"]["description"] == "Only this tag"
    assert "input" not in actions["list_tags"] or "tag" not in actions["list_tags"]["input"]
    some = over(
        f"{CODE}actions: {{get_note: {{errors: [-UNPROCESSABLE]}}, '* *': {{errors: [-UNPROCESSABLE]}}}}"
    )
    assert not any("UNPROCESSABLE" in a.get("errors", []) for a in some.source.data["actions"].values())
    text = "actions:\n  '* /notes/{}*':\n    input: {nte_id: {description: A}}\n    errors: [-NOPE]\n"
    text += "    pages: null\n"
    found = refused(text)
    assert [line.partition(":")[2].partition(" (")[0] for line in found] == [
        "5 overlay/unknown-part: the document has no argument `nte_id` here",
        "6 overlay/changes-nothing: `NOPE` is not in the list",
        "7 overlay/changes-nothing: there is no `pages` here to remove",
    ]


def test_an_operation_whose_own_list_replaces_a_patterns_does_not_excuse_its_line() -> None:
    text = "actions:\n  tag_note: {errors: [BUSY]}\n  '* /notes/{}*': {errors: [-NOPE]}\n"
    assert any("changes-nothing: `NOPE` is not in the list" in line for line in refused(CODE + text))


def test_a_pattern_that_fits_nothing_is_told_with_the_nearest() -> None:
    assert refused(
        "actions:\n  '* /note/{}*': {}\n  'PUT /nots': {}\n  'PUT /nots*': {}\n  'GET /xyz*': {}\n"
        "  '* *': 3\n  'GET *': {operation: GET /tags}\n"
    ) == [
        (
            "pgagents.yaml:4 overlay/unknown-operation: no operation of the document fits `* /note/{}*` "
            "(near it: GET /notes, POST /notes, GET /notes/{note_id})"
        ),
        (
            "pgagents.yaml:5 overlay/unknown-operation: the document has no operation `PUT /nots` "
            "(did you mean `POST /notes`?)"
        ),
        (
            "pgagents.yaml:6 overlay/unknown-operation: no operation of the document fits `PUT /nots*` "
            "(near it: POST /notes)"
        ),
        (
            "pgagents.yaml:7 overlay/unknown-operation: no operation of the document fits `GET /xyz*` "
            '(a pattern is a method or *, and a path: "* /notes/{}*")'
        ),
        (
            "pgagents.yaml:8 overlay/pattern: a pattern has the members of an action "
            "(write them in braces: {errors: [+NOT_FOUND]}; null removes the operations)"
        ),
        (
            "pgagents.yaml:9 overlay/pattern: a pattern stands for several operations, so it cannot give "
            "them one name (write `operation` in an entry of one operation)"
        ),
    ]


def test_two_patterns_that_contradict_each_other_are_both_named() -> None:
    text = "actions:\n  '* /notes/{}*': {title: A, errors: [+GONE], costs: false}\n"
    text += "  'GET *': {title: B, errors: [-GONE], costs: false}\n"
    assert refused(CODE + text) == [
        (
            "pgagents.yaml:6 overlay/pattern-conflict: `* /notes/{}*` and `GET *` say different things of "
            "`title` of GET /notes/{note_id} (say it in one of the two, or in an entry of that operation)"
        ),
        (
            "pgagents.yaml:6 overlay/pattern-conflict: `* /notes/{}*` and `GET *` say different things of "
            "`errors` of GET /notes/{note_id} (say it in one of the two, or in an entry of that operation)"
        ),
    ]
    both = text.replace("-GONE", "+BUSY") + "  get_note: {title: C}\n"
    assert list_errors(both)["get_note"] == ["GONE", "BUSY"]


def test_a_path_of_the_document_may_have_a_star() -> None:
    document = notes()
    document["paths"]["/files/*"] = {"get": {**document["paths"]["/tags"]["get"], "operationId": "read_file"}}
    merged = over("actions: {'GET /files/*': {title: Mine}}", document).source.data
    assert merged["actions"]["read_file"]["title"] == "Mine"


def test_parts_of_a_pattern_are_at_its_line() -> None:
    text = "actions:\n  '* /notes/{}*': {errors: [+GONE], title: Any note}\n  get_note: {errors: [+BUSY]}\n"
    source = over(CODE + text).source
    places = {
        ("actions", "get_note", "title"): "pgagents.yaml:5:37",
        ("actions", "get_note", "errors", 1): "pgagents.yaml:6:23",
        ("actions", "get_note", "errors", 2): "pgagents.yaml:5:29",
        ("actions", "tag_note", "errors", 1): "pgagents.yaml:5:29",
        ("actions", "get_note"): "pgagents.yaml:6:3",
    }
    assert {at: str(source.locate(at)) for at in places} == places
    assert source.locate(("actions", "tag_note")).file == "notes.json"
    assert "title: Any note" in render(source)
    assert "# from pgagents.yaml:5" in render(source)


def test_a_comment_above_a_pattern_holds_for_all_that_fit() -> None:
    rule = "catalogue/thin-description"
    assert len(lint(over(), [rule]).found) == 1
    text = f"actions:\n  # pgagents: ignore[{rule}] short is enough\n  'GET *': {{}}\n"
    found = lint(over(text), [rule])
    assert found.found == ()
    assert [d.id for d in found.ignored] == [rule]


def test_a_line_that_all_operations_say_too_may_go() -> None:
    text = "actions:\n  'DELETE *': {effect: write}\n  'GET *': {title: List tags}\n"
    found = [str(d.span) for d in lint(over(text)).found if d.id == "overlay/says-nothing-new"]
    assert found == []
    found = [str(d.span) for d in lint(over("actions: {'GET /tags*': {title: List tags}}")).found
             if d.id == "overlay/says-nothing-new"]  # fmt: skip
    assert found == ["pgagents.yaml:3:26"]


def test_diff_trace_and_editors_know_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, pattern in (("a", "* /notes/{}*"), ("b", "* /nts/{}*")):
        Path(name).mkdir()
        Path(name, "notes.json").write_bytes(NOTES.read_bytes())
        text = f"pgagents: 1\nopenapi: notes.json\n{CODE}"
        text += f"actions: {{'{pattern}': {{errors: [+GONE], title: Mine}}}}\n"
        Path(name, "pgagents.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["diff", "a/pgagents.yaml", "b/pgagents.yaml"])
    assert "overlay/unknown-operation  --> b/pgagents.yaml:4:11" in done.output
    member = "openapi/openapi.yaml#/paths/~1notes~1{note_id}/get/summary"
    done = CliRunner().invoke(cli, ["trace", member, "a/pgagents.yaml"])
    assert "--> a/pgagents.yaml:4:45" in done.output
    schema = for_editors()
    data = {"pgagents": 1, "openapi": "x.json", "actions": {"* /notes/{}*": {"errors": ["+GONE"]}}}
    jsonschema.validate(data, schema)
    data["actions"] = {"* /notes/{}*": {"operation": "GET /notes"}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)
    assert json.dumps(schema)
