"""Texts that point to what others have, or choose it: resource names, keys, digits, words of a rule."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harm.test_lenient_servers import NOTE, OTHERS, Notes, Schema, document, model_of, run
from pgagents.catalogue.harmless.arguments import Harmless

NOTE_LINKS: dict[str, Schema] = {
    "linked": {"type": "string", "pattern": "^notes/[0-9]{1,2}$"},
    "bound@odata.bind": {"type": "string", "pattern": r"^Notes\([0-9]{1,2}\)$"},
    "urn": {"type": "string", "pattern": "^urn:app:note:[0-9]{1,2}$"},
    "covers": {"type": "string", "pattern": "^[0-9]{1,2}$"},
    "blocked": {"type": "string", "pattern": "^#[0-9]{1,2}$"},
    "mirrors": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{1,2}$"}},
    "shown": {"type": "string", "example": "notes/7"},
}
"""Texts in which a resource name, a key of OData, a URN, `#7` or digits name a note."""


class Linking(Notes):
    """Removes the note whose number stands in a text beside `text`."""

    def reach(self, given: dict[str, Any]) -> None:
        for name, value in given.items():
            listed = NOTE_LINKS.get(name, {}).get("type") == "array"
            for text in value if listed and isinstance(value, list) else [value]:
                found = re.search(r"(?:\A|[/(:#])([0-9]{1,2})\W*\Z", str(text))
                if found and name in NOTE_LINKS and not isinstance(text, list):
                    self.notes.pop(int(found[1]) if int(found[1]) <= OTHERS else 0, None)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", NOTE_LINKS)
def test_a_text_that_points_to_a_note_names_nobodys(name: str, seed: int) -> None:
    """`linked: notes/7`, as Google's resource names are, was sent with the numbers of notes of others."""
    server = Linking()
    run(model_of(document({name: NOTE_LINKS[name]}, {})), server, seed)
    assert len(server.bodies) > 60
    assert not server.changed()


class Rules(Notes):
    """Removes at once what a rule fits."""

    def reach(self, given: dict[str, Any]) -> None:
        if isinstance(contains := given.get("contains"), str):
            fitting = [n for n, note in self.notes.items() if contains.lower() in note["text"].lower()]
            for number in fitting:
                self.notes.pop(number if number <= OTHERS else 0, None)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_text_that_chooses_rows_is_not_so_short_that_it_fits_those_of_others(seed: int) -> None:
    """A rule that works at once on what contains `0` removed the notes of others."""
    server = Rules()
    contains: Schema = {"type": "string", "minLength": 1, "maxLength": 60}
    described = document({"contains": contains}, {})
    row = {**NOTE, "properties": {**NOTE["properties"], "contains": contains}}
    for path, method, status in (("/notes", "post", "201"), ("/notes/{id}", "get", "200")):
        content = described["paths"][path][method]["responses"][status]["content"]
        content["application/json"]["schema"] = row
    run(model_of(described), server, seed)
    assert len(server.bodies) > 60
    assert not server.changed()


@pytest.mark.parametrize(
    ("name", "schema", "needed", "value", "sent"),
    [
        ("condition", {"type": "string", "enum": ["new", "used"]}, True, "new", True),
        ("condition", {"type": "string", "enum": ["new", "used"]}, True, "0", False),
        ("pattern", {"type": "string", "enum": ["dot", "checked"]}, True, "dot", True),
        ("keywords", {"type": "array", "items": {"type": "string"}}, True, ["red", "sun"], True),
        ("keywords", {"type": "array", "items": {"type": "string"}}, False, ["red", "sun"], False),
        ("pattern", {"type": "string", "default": "*.js"}, True, "*.js", True),
        ("pattern", {"type": "string"}, True, "*", False),
        ("contains", {"type": "string"}, False, "0", False),
    ],
)
def test_a_short_text_that_says_what_a_note_is_chooses_none(
    name: str, schema: Schema, needed: bool, value: Any, sent: bool
) -> None:
    described = document({name: schema}, {})
    body = described["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body["required"] = [*body.get("required", ()), *([name] if needed else ())]
    model = model_of(described)
    create = next(a for a in model.actions if a.method == "POST")
    assert (not Harmless(model).find_reaching(create, {"text": "a note", name: value})) == sent
