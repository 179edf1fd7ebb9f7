"""Members that only answers or only requests have: they are required of one side, in a catalogue as in an
OpenAPI document.
"""

from __future__ import annotations

from cProfile import Profile
from typing import Any

import pytest

from pgagents.base.jsonschema.schema import REF
from pgagents.catalogue.load import load_text
from pgagents.diff.change import Change, bump
from pgagents.diff.compare import compare
from pgagents.diff.schemas import turn_schemas
from test_diff import catalogue_with, in_catalogue
from test_diff_keywords import KEYWORDS, document
from test_diff_openapi import found

Data = dict[str, Any]
Told = set[tuple[str, str]]
TEXT: Data = {"type": "string"}
READ: Data = {"type": "string", "readOnly": True}
WRITTEN: Data = {"type": "string", "writeOnly": True}
NEW: tuple[str, str] = ("addition", "member-added")
MUST: tuple[str, str] = ("breaking", "member-required")
NO_MORE = ("may break", "read-only")


def pet(required: str, **members: Data) -> Data:
    return {"type": "object", "required": required.split(), "properties": {"name": TEXT, **members}}


PET = pet("name")
STAMPED = {"$ref": "#/components/schemas/Stamp"}
CASES: list[tuple[str, Data, Data, Told]] = [
    ("read-only", PET, pet("name made", made=READ), {NEW}),
    ("write-only", PET, pet("name made", made=WRITTEN), {MUST}),
    ("neither", PET, pet("name made", made=TEXT), {NEW, MUST}),
    ("by reference", PET, pet("name made", made=STAMPED), {NEW}),
    (
        "required now",
        pet("name", made=READ),
        pet("name made", made=READ),
        {("addition", "answer-narrower")},
    ),
    ("required of requests now", pet("name", made=WRITTEN), pet("name made", made=WRITTEN), {MUST}),
    (
        "optional now",
        pet("name made", made=READ),
        pet("name", made=READ),
        {("breaking", "answer-wider")},
    ),
    (
        "not to be sent",
        pet("name made", made=TEXT),
        pet("name made", made=READ),
        {NO_MORE, ("addition", "wider")},
    ),
    (
        "to be sent again",
        pet("name made", made=READ),
        pet("name made", made=TEXT),
        {("addition", "read-only"), MUST},
    ),
    (
        "in a list",
        pet("name", more={"type": "array", "items": PET}),
        pet("name", more={"type": "array", "items": pet("name made", made=READ)}),
        {NEW},
    ),
    (
        "in a map",
        pet("name", more={"type": "object", "additionalProperties": PET}),
        pet("name", more={"type": "object", "additionalProperties": pet("name made", made=READ)}),
        {NEW},
    ),
]
NAMED: Data = {"Stamp": READ}


def of_catalogues(old: Data, new: Data) -> list[Change]:
    """The changes of an argument and an answer that have one schema."""
    a, b = (load_text(catalogue_with(one, one, in_catalogue(NAMED))) for one in map(in_catalogue, (old, new)))
    return compare(a, b)


def of_documents(old: Data, new: Data) -> list[Change]:
    held = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/It"}}}}
    post = {
        "operationId": "x",
        "requestBody": {"required": True, **held},
        "responses": {"200": {"description": "x", **held}},
    }
    a, b = (
        {
            "openapi": "3.1.0",
            "info": {"title": "x", "version": "1"},
            "components": {"schemas": {"It": one, **NAMED}},
            "paths": {"/x": {"post": post}},
        }
        for one in (old, new)
    )
    return found(a, b)


@pytest.mark.parametrize(("old", "new", "told"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_member_of_one_direction_is_required_of_that_one(old: Data, new: Data, told: Told) -> None:
    changes = of_catalogues(old, new)
    assert {(c.severity, c.id) for c in changes if c.severity != "wording"} == told
    assert bump(changes) == bump(of_documents(old, new)), "the two comparisons differ"


def marked(mark: str, schema: Data, version: str) -> Data:
    """An operation that takes and answers an object with one marked member."""
    whole = {"type": "object", "properties": {"made": {"allOf": [schema], mark: True} if mark else schema}}
    made = document(version, whole, whole)
    made["info"]["title"] = "Marked"
    return made


@pytest.mark.parametrize("name", sorted(KEYWORDS))
@pytest.mark.parametrize("mark", ["readOnly", "writeOnly"])
def test_each_change_of_a_marked_member_is_told_of_its_direction_alone(mark: str, name: str) -> None:
    """Neither a change of what is not sent breaks a caller, nor one of what is not read a reader."""
    versions, less, more = KEYWORDS[name]
    version = f"3.{versions.split()[0][1]}.0"
    harmless = (less, more) if mark == "writeOnly" else (more, less)
    changes = found(marked(mark, harmless[0], version), marked(mark, harmless[1], version))
    assert [c.message for c in changes if c.severity == "breaking"] == []
    other = "read by" if mark == "writeOnly" else "sent by"
    assert [c for c in changes if other in str(c)] == []
    assert found(marked("", harmless[0], version), marked("", harmless[1], version)) != []


@pytest.mark.parametrize(
    ("whole", "told"),
    [
        ({"allOf": [{"$ref": "Base"}, {"required": ["made"]}]}, "minor"),
        ({"allOf": [{"$ref": "Base"}, {"required": ["name"]}]}, "major"),
        ({"oneOf": [pet("name made", made=READ), {"type": "integer"}]}, "minor"),
        ({"oneOf": [pet("name made", made=TEXT), {"type": "integer"}]}, "major"),
    ],
)
def test_mark_is_seen_through_the_parts_of_a_schema(whole: Data, told: str) -> None:
    base = {"Base": pet("", made=READ)}
    old: Data = {"oneOf": [PET, {"type": "integer"}]} if "oneOf" in whole else {"$ref": "Base"}
    a, b = (load_text(catalogue_with(one, one, base)) for one in (old, whole))
    assert bump(compare(a, b)) == told


def chain(length: int) -> Data:
    """Named schemas of which each refers to the next; the last has a member that only answers have."""
    named: Data = {f"S{n}": {"$ref": f"{REF}S{n + 1}"} for n in range(length)}
    named[f"S{length}"] = pet("name made", made=READ)
    return named | {"Whole": {"allOf": [{"$ref": f"{REF}S0"}], "required": ["name", "made"]}}


def test_marks_behind_many_references_are_found_with_work_that_grows_as_they_do() -> None:
    def count(length: int) -> int:
        profile = Profile()
        turned = profile.runcall(turn_schemas, chain(length), "callers")
        assert turned["Whole"]["required"] == ["name"]
        return sum(entry.callcount for entry in profile.getstats())

    assert count(1000) < 3 * count(500)
