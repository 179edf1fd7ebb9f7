"""Files of the OpenAPI Overlay Specification that change a document before it is imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from overlaying import NOTES, notes
from pgagents.base.errors import Diagnostic, InputError
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.catalogue import load_path
from pgagents.importer.overlay.document_overlays import Applied, apply_overlays, read_overlays

HEAD = "overlay: 1.1.0\ninfo: {title: Mend, version: 1.0.0}\n"
DATA = {
    "info": {"title": "A"},
    "tags": ["x", "y", "z"],
    "paths": {"/a": {"get": {"parameters": [{"name": "p"}, {"name": "q"}]}}, "/b": {"get": {}}},
}


def apply(actions: str, data: Any = DATA) -> Applied:
    """Return what an overlay with these actions makes of a document."""
    text = f"{HEAD}actions:\n{actions}"
    files = read_overlays([("/mend.yaml", "mend.yaml")], lambda _: text.encode())
    return apply_overlays(json.loads(json.dumps(data)), [source for source, _ in files])


def refuse(text: str) -> Diagnostic:
    """Return the one problem of a file that is not an overlay."""
    with pytest.raises(InputError) as caught:
        read_overlays([("/mend.yaml", "mend.yaml")], lambda _: text.encode())
    assert len(caught.value.diagnostics) == 1
    return caught.value.diagnostics[0]


def test_actions_are_applied_in_their_order() -> None:
    made = apply(
        "- {target: $.info, update: {title: B, contact: {email: a@b.c}}}\n"
        "- {target: $.paths.*.get, update: {responses: {404: {description: No}}}}\n"
        "- {target: $.tags, update: w}\n"
        "- {target: $.tags, update: [u, v]}\n"
        "- {target: \"$.tags[?@ == 'y']\", remove: true}\n"
        "- {target: \"$.paths['/a'].get.parameters[?@.name == 'p']\", remove: true}\n"
        "- {target: \"$.paths['/b']\", copy: \"$.paths['/a']\"}\n"
        "- {target: \"$.paths['/a']\", remove: true}\n"
        "- {target: $.info.title, update: C}\n"
    )
    assert made.problems == []
    get = {"parameters": [{"name": "q"}], "responses": {"404": {"description": "No"}}}
    assert made.data == {
        "info": {"title": "C", "contact": {"email": "a@b.c"}},
        "tags": ["x", "z", "w", "u", "v"],
        "paths": {"/b": {"get": get}},
    }


def test_places_are_in_the_file_that_says_a_value() -> None:
    made = apply(
        "- {target: $.info, update: {contact: {email: a@b.c}}}\n"
        "- {target: '$.tags[0]', remove: true}\n"
        "- {target: $.tags, update: [w]}\n"
        "- {target: \"$.paths['/b']\", copy: \"$.paths['/a']\"}\n"
    )
    places = {
        ("info", "contact", "email"): "mend.yaml:4:46 (/actions/0/update/contact/email)",
        ("tags", 2): "mend.yaml:6:29 (/actions/2/update/0)",
        ("paths", "/b", "get", "parameters", 0): "mend.yaml:7:28 (/actions/3/copy/0)",
    }
    assert {at: str(made.relocate(at, True)) for at in places if at[0] != "paths"} == {
        at: said for at, said in places.items() if at[0] != "paths"
    }
    copied = made.relocate(("paths", "/b", "get", "parameters"), True)
    assert str(copied).startswith("mend.yaml:7:")
    assert made.relocate(("tags", 0), False) == ("tags", 1)
    assert made.relocate(("paths", "/a", "get"), False) == ("paths", "/a", "get")


@pytest.mark.parametrize(
    ("action", "id", "said"),
    [
        ("{target: $.nothing, update: {}}", "no-target", "the document has nothing at `$.nothing`"),
        ("{target: $.info, copy: $.nothing}", "no-target", "`copy` takes one value, and `$.nothing` finds 0"),
        ("{target: $.info, update: text}", "incompatible", "a plain value cannot change an object"),
        ("{target: $.info, update: {title: [a]}}", "incompatible", "`title`: a list cannot change a plain"),
        ("{target: $, remove: true}", "incompatible", "the whole document cannot be removed"),
    ],
)
def test_an_action_that_does_not_fit_is_told_at_its_line(action: str, id: str, said: str) -> None:
    found = apply(f"- {action}\n").problems
    assert [(d.id, d.span.file, d.span.line) for d in found] == [(f"overlay/{id}", "mend.yaml", 4)]
    assert said in found[0].message


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("openapi: 3.1.0\n", 1, "it has no key `overlay`"),
        ("overlay: 2.0.0\n", 1, "version `2.0.0` of Overlay is not known"),
        (f"{HEAD}actions: []\n", 3, "`actions` is a list of at least one change"),
        (f"{HEAD}action: []\n", 3, "unknown key `action`"),
        (f"{HEAD}actions: [{{target: $.a, updates: {{}}}}]\n", 3, "unknown key `updates`"),
        (f"{HEAD}actions: [{{target: $.a[, remove: true}}]\n", 3, "expected"),
        (f"{HEAD}actions: [{{target: a.b, remove: true}}]\n", 3, "`target` is not a JSONPath"),
        (f"{HEAD}actions: [{{target: $.a}}]\n", 3, "this action changes nothing"),
        (f"{HEAD}actions: [{{target: $.a, update: 1, copy: $.b}}]\n", 3, "only one counts"),
        ("overlay: 1.0.0\nactions: [{target: $.a, copy: $.b}]\n", 2, "`copy` is of Overlay 1.1"),
        (f"{HEAD}actions: [\n", 4, ""),
    ],
)
def test_a_broken_file_is_one_message(text: str, line: int, said: str) -> None:
    found = refuse(text)
    assert (found.span.file, found.id.partition("/")[0]) == ("mend.yaml", "overlay")
    if said != "expected":
        assert (found.span.line, said in found.message) == (line, True)


def test_an_overlay_cannot_make_a_document_grow_without_end() -> None:
    itself = apply("- {target: $.a, copy: $}\n", {"a": {}})
    assert itself.data == {"a": {"a": {}}}
    with pytest.raises(InputError) as caught:
        apply("- {target: $.a, copy: $.a}\n" * 60, {"a": [1]})
    assert caught.value.diagnostics[0].id == "overlay/too-large"


def over(folder: Path, options: str, actions: str, lines: str = "") -> Model:
    """Return the model of a catalogue over the notes with an overlay."""
    (folder / "notes.json").write_bytes(NOTES.read_bytes())
    (folder / "mend.yaml").write_text(f"{HEAD}actions:\n{actions}", encoding="utf-8")
    text = f"pgagents: 1\nopenapi: {{document: notes.json, overlays: [mend.yaml]{options}}}\n{lines}"
    (folder / "pgagents.yaml").write_text(text, encoding="utf-8")
    return load_path(folder / "pgagents.yaml", "pgagents.yaml")


def test_a_catalogue_lies_over_the_changed_document(tmp_path: Path) -> None:
    actions = "- target: $.paths['/tags'].get\n  update: {summary: Tags in use}\n"
    actions += "- {target: \"$.paths['/notes/{note_id}'].delete\", remove: true}\n"
    model = over(tmp_path, "", actions)
    source = model.source
    assert "delete_note" not in source.data["actions"]
    assert source.data["actions"]["list_tags"]["title"] == "Tags in use"
    place = source.locate(("actions", "list_tags", "summary"))
    assert (place.file, source.part(place.file).text[:7]) == ("mend.yaml", "overlay")
    assert source.locate(("actions", "list_tags")).file == "notes.json"
    digest = getattr(source, "digest", "")
    over(tmp_path, f", sha256: {digest}", actions)
    with pytest.raises(InputError) as caught:
        over(tmp_path, f", sha256: {digest}", actions.replace("in use", "of all"))
    assert caught.value.diagnostics[0].id == "overlay/document-changed"
    assert source.whole != over(tmp_path, "", actions.replace("in use", "of all")).source.whole


def test_an_overlay_that_fits_no_more_is_told_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        over(tmp_path, "", "- {target: $.paths['/tag'], remove: true}\n")
    assert [str(d.span) for d in caught.value.diagnostics] == ["mend.yaml:4:19"]
    (tmp_path / "pgagents.yaml").write_text(
        "pgagents: 1\nopenapi: {document: notes.json, overlays: [none.yaml]}\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        load_path(tmp_path / "pgagents.yaml", "pgagents.yaml")
    assert str(caught.value.diagnostics[0].span).startswith("pgagents.yaml:2:43")
    assert notes() == json.loads(NOTES.read_bytes())
    assert parse(HEAD).data["overlay"] == "1.1.0"
