"""An overlay hands back to somebody's document what a catalogue adds to it, and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from overlaying import NOTES, notes, over
from pgagents.base.places import plain
from pgagents.base.reading import parse
from pgagents.base.writing import to_yaml
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.generate.openapi.overlay import carry_over, list_actions, make_overlay, write_target
from pgagents.generate.targets.openapi.openapi import view
from pgagents.importer.overlay.document_overlays import apply_overlays

SAYS = """
errors:
  codes: {NOT_FOUND: {status: 404, meaning: No such note}}
actions:
  "* /notes/{}*": {errors: [+NOT_FOUND]}
  GET /tags: {title: Tags in use}
  find_notes: {operation: GET /notes, input: {tag: {description: Only notes with this tag}}}
  transcribe: {input: {minutes: {maximum: 60}}}
"""


def write_ours(model: Model) -> Any:
    """Our document of a model."""
    return plain(view(model).context)


def hand_back(document: dict[str, Any], text: str) -> tuple[Any, list[dict[str, Any]]]:
    """Their document with the lines of a catalogue, and the actions that make it so."""
    before, after = write_ours(over("", document)), write_ours(over(text, document))
    wanted = carry_over(document, before, after)
    return wanted, list_actions(document, wanted)


def apply(document: Any, actions: list[dict[str, Any]]) -> Any:
    """The document after our reader of overlays applied the actions."""
    source = parse(to_yaml(make_overlay(actions, "T", "1", "")).decode(), "o.yaml")
    made = apply_overlays(document, [source])
    assert made.problems == []
    return made.data


def test_the_document_with_the_overlay_is_the_catalogue() -> None:
    document = notes()
    wanted, actions = hand_back(document, SAYS)
    assert apply(document, actions) == wanted
    assert write_ours(over("", wanted)) == write_ours(over(SAYS, document))


def test_a_catalogue_that_says_nothing_changes_nothing() -> None:
    wanted, actions = hand_back(notes(), "")
    assert (wanted, actions) == (notes(), [])


def test_what_the_author_does_not_speak_of_stays() -> None:
    document = notes()
    document["x-docs"] = {"theme": "dark"}
    document["paths"]["/tags"]["get"] |= {"x-hidden": True, "externalDocs": {"url": "https://a.example"}}
    wanted, actions = hand_back(document, "actions: {GET /tags: {title: Tags in use}}")
    assert actions == [{"target": "$['paths']['/tags']['get']", "update": {"summary": "Tags in use"}}]
    assert wanted["paths"]["/tags"]["get"]["x-hidden"] is True


def test_an_operation_that_is_taken_out_is_removed() -> None:
    _, actions = hand_back(notes(), "actions: {delete_note: null}")
    assert {"target": "$['paths']['/notes/{note_id}']['delete']", "remove": True} in actions


def test_what_a_reference_leads_to_changes_in_one_place() -> None:
    """The schema of a body is shared; an argument of one action must not change it for others."""
    document = notes()
    shared = copy.deepcopy(document["components"]["schemas"]["Recording"])
    wanted, _ = hand_back(document, "actions: {transcribe: {input: {minutes: {maximum: 60}}}}")
    assert wanted["components"]["schemas"]["Recording"] == shared
    body = wanted["paths"]["/transcribe"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["minutes"]["maximum"] == 60


def test_a_parameter_behind_a_reference_is_kept_beside_a_changed_one() -> None:
    document = notes()
    limit = document["paths"]["/notes"]["get"]["parameters"][1]
    document["components"]["parameters"] = {"Limit": limit}
    document["paths"]["/notes"]["get"]["parameters"][1] = {"$ref": "#/components/parameters/Limit"}
    wanted, _ = hand_back(document, "actions: {list_notes: {input: {tag: {description: Only these}}}}")
    first, second = wanted["paths"]["/notes"]["get"]["parameters"]
    assert first["description"] == "Only these"
    assert second == {"$ref": "#/components/parameters/Limit"}


def test_paths_below_a_servers_path_stay_as_they_are() -> None:
    document = notes()
    document["servers"] = [{"url": "https://notes.example.com/v1"}]
    wanted, actions = hand_back(document, "actions: {GET /tags: {title: Tags in use}}")
    assert [action["target"] for action in actions] == ["$['paths']['/tags']['get']"]
    assert wanted["paths"].keys() == document["paths"].keys()


def test_a_new_schema_comes_with_what_it_names() -> None:
    says = """
schemas: {Colour: {type: string, enum: [red]}, Label: {type: object, properties: {colour: {$ref: Colour}}}}
actions: {GET /tags: {output: {200: {$ref: Label}}}}
"""
    document = notes()
    wanted, actions = hand_back(document, says)
    assert {"Colour", "Label"} <= wanted["components"]["schemas"].keys()
    assert apply(document, actions) == wanted


@pytest.mark.parametrize(
    ("base", "wanted", "count"),
    [
        ({"a": [1, 2]}, {"a": [2]}, 2),
        ({"a": 1}, {"a": True}, 1),
        ({"a": {"b": 1}}, {"a": "text"}, 2),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, 2),
        ({"it's a \\ key": {"b": 1}}, {"it's a \\ key": {"b": 2}}, 1),
    ],
)
def test_actions_turn_one_document_into_another(base: Any, wanted: Any, count: int) -> None:
    actions = list_actions(base, wanted)
    assert len(actions) == count
    changed = apply(base, actions)
    assert json.dumps(changed) == json.dumps(wanted)


def test_each_key_of_a_target_is_quoted() -> None:
    assert write_target(("paths", "/a/{id}", "it's")) == "$['paths']['/a/{id}']['it\\'s']"


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the notes and a short catalogue over them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openapi.json").write_bytes(NOTES.read_bytes())
    (tmp_path / "pgagents.yaml").write_text(f"pgagents: 1\nopenapi: ./openapi.json\n{SAYS}", encoding="utf-8")
    return tmp_path


def test_build_writes_the_overlay_and_check_compares_it(
    short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", "--target", "openapi", "--overlay", "docs/o.yaml"]) == 0
    made = yaml.safe_load((short / "docs/o.yaml").read_text(encoding="utf-8"))
    assert (made["overlay"], made["extends"]) == ("1.1.0", "../openapi.json")
    assert main(["build", "--target", "openapi", "--check", "--overlay", "docs/o.yaml"]) == 0
    (short / "docs/o.yaml").write_text("overlay: 1.1.0\n", encoding="utf-8")
    assert main(["build", "--target", "openapi", "--check", "--overlay", "docs/o.yaml"]) == 1
    assert "docs/o.yaml is not as built" in capsys.readouterr().err


def test_build_names_the_document_that_an_overlay_needs(
    short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "--out", "whole.yaml"]) == 0
    words = ["build", "whole.yaml", "--target", "openapi", "--overlay", "o.yaml"]
    assert main(words) == 2
    assert "add --base openapi.json" in capsys.readouterr().err
    assert not (short / "o.yaml").exists()
    assert main([*words, "--base", "openapi.json"]) == 0
    assert (short / "o.yaml").exists()
    assert main(["build", "--base", "openapi.json"]) == 2
    answer = {"200": {"description": "ok"}}
    swagger: dict[str, Any] = {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "host": "a.example"}
    swagger["paths"] = {"/a": {"get": {"responses": answer}}}
    (short / "swagger.json").write_text(json.dumps(swagger), encoding="utf-8")
    assert main([*words, "--base", "swagger.json"]) == 2
    assert "not a document of OpenAPI 3" in capsys.readouterr().err
