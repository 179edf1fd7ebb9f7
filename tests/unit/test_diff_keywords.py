"""Every keyword of a schema, at every place where a schema stands: what a change means to callers and to
readers.
"""

# ruff: noqa: E501  # schemas are easier to compare in one line each
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from diff_oracle import Doc, hurt
from lengths import share, tried
from pgagents.diff.change import Change
from test_diff_inclusion import FLAT, SCHEMAS
from test_diff_openapi import GONE, found, list_left_out

Data = dict[str, Any]
TEXT: Data = {"type": "string"}
INT: Data = {"type": "integer"}
PAIR: Data = {"type": "object", "properties": {"a": TEXT, "b": INT}}
LIST: Data = {"type": "array", "items": INT}


def both(schema: Data, **keywords: Any) -> tuple[Data, Data]:
    """A schema with more said, and the schema."""
    return {**schema, **keywords}, schema


KEYWORDS: dict[str, tuple[str, Data, Data]] = {
    # name: editions, what takes less, what takes more
    "type": ("30 31", *both({"type": "number"}, type="integer")),
    "type-list": ("31", {"type": "string"}, {"type": ["string", "integer"]}),
    "nullable": ("30", TEXT, {**TEXT, "nullable": True}),
    "null": ("31", TEXT, {"type": ["string", "null"]}),
    "null-union": ("31", PAIR, {"anyOf": [PAIR, {"type": "null"}]}),
    "enum": ("30 31", {**TEXT, "enum": ["new", "sold"]}, {**TEXT, "enum": ["new", "sold", "lost"]}),
    "enum-given": ("30 31", *both(TEXT, enum=["new", "sold"])),
    "const": ("31", *both(TEXT, const="new")),
    "multipleOf": ("30 31", {**INT, "multipleOf": 10}, {**INT, "multipleOf": 5}),
    "maximum": ("30 31", *both(INT, maximum=5)),
    "minimum": ("30 31", *both(INT, minimum=5)),
    "exclusiveMaximum": ("31", {"type": "number", "exclusiveMaximum": 5}, {"type": "number", "maximum": 5}),
    "exclusiveMaximum-30": ("30", {"type": "number", "maximum": 5, "exclusiveMaximum": True}, {"type": "number", "maximum": 5}),
    "exclusiveMinimum": ("31", {"type": "number", "exclusiveMinimum": 5}, {"type": "number", "minimum": 5}),
    "exclusiveMinimum-30": ("30", {"type": "number", "minimum": 5, "exclusiveMinimum": True}, {"type": "number", "minimum": 5}),
    "maxLength": ("30 31", *both(TEXT, maxLength=3)),
    "minLength": ("30 31", *both(TEXT, minLength=3)),
    "pattern": ("30 31", *both(TEXT, pattern="^a+$")),
    "format": ("30 31", *both(TEXT, format="date")),
    "maxItems": ("30 31", *both(LIST, maxItems=1)),
    "minItems": ("30 31", *both(LIST, minItems=2)),
    "uniqueItems": ("30 31", *both(LIST, uniqueItems=True)),
    "items": ("30 31", {"type": "array", "items": {**INT, "minimum": 3}}, LIST),
    "prefixItems": ("31", *both({"type": "array"}, prefixItems=[TEXT])),
    "contains": ("31", *both(LIST, contains={"const": 7})),
    "minContains": ("31", {**LIST, "contains": {"const": 7}, "minContains": 2}, {**LIST, "contains": {"const": 7}}),
    "maxContains": ("31", {**LIST, "contains": {"const": 7}, "maxContains": 1}, {**LIST, "contains": {"const": 7}}),
    "unevaluatedItems": ("31", *both({"type": "array", "prefixItems": [INT]}, unevaluatedItems=False)),
    "maxProperties": ("30 31", *both(PAIR, maxProperties=1)),
    "minProperties": ("30 31", *both(PAIR, minProperties=1)),
    "required": ("30 31", *both(PAIR, required=["a"])),
    "properties": ("30 31", {"type": "object", "properties": {"a": {**TEXT, "maxLength": 2}}}, {"type": "object", "properties": {"a": TEXT}}),
    "patternProperties": ("31", {"type": "object", "patternProperties": {"^n": INT}}, {"type": "object", "patternProperties": {"^n": {"type": "number"}}}),
    "additionalProperties": ("30 31", {"type": "object", "additionalProperties": INT}, {"type": "object", "additionalProperties": {"type": "number"}}),
    "additionalProperties-any": ("30 31", {"type": "object", "additionalProperties": INT}, {"type": "object", "additionalProperties": True}),
    "unevaluatedProperties": ("31", {"type": "object", "unevaluatedProperties": INT}, {"type": "object", "unevaluatedProperties": {"type": "number"}}),
    "propertyNames": ("31", *both({"type": "object"}, propertyNames={"maxLength": 2})),
    "dependentRequired": ("31", *both(PAIR, dependentRequired={"a": ["b"]})),
    "dependentSchemas": ("31", *both(PAIR, dependentSchemas={"a": {"required": ["b"]}})),
    "not": ("30 31", *both(INT, **{"not": {"enum": [7]}})),
    "if then": ("31", *both(PAIR, **{"if": {"required": ["a"]}, "then": {"required": ["b"]}})),
    "if else": ("31", *both(PAIR, **{"if": {"required": ["a"]}, "else": {"required": ["b"]}})),
    "allOf": ("30 31", {"allOf": [PAIR, {"required": ["a"]}]}, {"allOf": [PAIR]}),
    "anyOf": ("30 31", {"anyOf": [INT, {"type": "boolean"}]}, {"anyOf": [INT, {"type": "boolean"}, PAIR]}),
    "anyOf-branch": ("30 31", {"anyOf": [{**INT, "maximum": 3}, PAIR]}, {"anyOf": [INT, PAIR]}),
    "oneOf": ("30 31", {"oneOf": [INT, {"type": "boolean"}]}, {"oneOf": [INT, {"type": "boolean"}, PAIR]}),
    "oneOf-branch": ("30 31", {"oneOf": [INT, {"type": "object", "properties": {"a": {**TEXT, "maxLength": 2}}}]}, {"oneOf": [INT, {"type": "object", "properties": {"a": TEXT}}]}),
}  # fmt: skip
MAY_BE_OPEN = frozenset(("format", "unevaluatedProperties"))
"""Widening these may stay undecided; it must never be called breaking."""
EVERY = [(name, f"3.{version[1]}.0") for name, row in KEYWORDS.items() for version in row[0].split()]


def document(version: str, sent: Data, read: Data) -> Data:
    """One operation that takes the one in a member and answers the other."""

    def held(schema: Data) -> Data:
        return {
            "content": {
                "application/json": {
                    "schema": {"type": "object", "required": ["it"], "properties": {"it": schema}}
                }
            }
        }

    responses = {"200": {"description": "x", **held(read)}}
    post = {"operationId": "send", "requestBody": {"required": True, **held(sent)}, "responses": responses}
    return {"openapi": version, "info": {"title": "x", "version": "1.0.0"}, "paths": {"/x": {"post": post}}}


def agree(changes: list[Change], old: Data, new: Data) -> None:
    """For a harmless change 200 tries find no request and no answer that it hurts."""
    if not {c.severity for c in changes} & {"breaking", "may break"}:
        assert hurt(old, new) == ("", ""), [c.message for c in changes]


@pytest.mark.parametrize(("name", "version"), share(EVERY, 2))
def test_less_breaks_callers_and_more_breaks_readers(name: str, version: str) -> None:
    _, less, more = KEYWORDS[name]
    same: Data = {"type": "boolean"}
    for old, new, breaks in [
        (document(version, more, same), document(version, less, same), True),
        (document(version, less, same), document(version, more, same), False),
        (document(version, same, less), document(version, same, more), True),
        (document(version, same, more), document(version, same, less), False),
    ]:
        changes = found(old, new)
        severities = {c.severity for c in changes}
        if breaks:
            assert severities & {"breaking"}, changes
        else:
            allowed = {"addition", "may break"} if name in MAY_BE_OPEN else {"addition"}
            assert severities, "nothing was noticed"
            assert severities <= allowed, changes
        agree(changes, old, new)


SHORT, LONG = {"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 5}


def places(schema: Data) -> dict[str, Data]:
    """A document for each place where a caller's schema may stand."""

    def with_parameter(where: str) -> Data:
        made = document("3.1.0", {"type": "boolean"}, {"type": "boolean"})
        name = "p" if where == "path" else "X-P"
        made["paths"] = {"/x/{p}" if where == "path" else "/x": made["paths"]["/x"]}
        made["paths"][next(iter(made["paths"]))]["parameters"] = [
            {"name": name, "in": where, "required": True, "schema": schema}
        ]
        return made

    def body(of: Data) -> Data:
        return document("3.1.0", of, {"type": "boolean"})

    referred = body({"$ref": "#/components/schemas/It"})
    referred["components"] = {
        "schemas": {"It": {"type": "object", "required": ["it"], "properties": {"it": schema}}}
    }
    twice = body(
        {
            "type": "object",
            "properties": {
                "a": {"$ref": "#/components/schemas/It"},
                "b": {"$ref": "#/components/schemas/It"},
            },
        }
    )
    twice["components"] = {"schemas": {"It": {"type": "array", "items": schema}}}
    ring = body({"$ref": "#/components/schemas/Node"})
    ring["components"] = {
        "schemas": {
            "Node": {
                "type": "object",
                "properties": {"text": schema, "next": {"$ref": "#/components/schemas/Node"}},
            }
        }
    }
    return {
        **{where: with_parameter(where) for where in ("query", "header", "path", "cookie")},
        "member": body(schema), "items": body({"type": "array", "items": schema}),
        "map": body({"type": "object", "additionalProperties": schema}),
        "all": body({"allOf": [{"type": "string"}, schema]}),
        "any": body({"anyOf": [{"type": "boolean"}, schema]}),
        "one": body({"oneOf": [{"type": "boolean"}, schema]}), "named": referred, "named twice": twice,
        "ring": ring,
    }  # fmt: skip


@pytest.mark.parametrize("place", places(SHORT))
def test_each_place_of_a_caller_is_compared(place: str) -> None:
    old, new = places(LONG)[place], places(SHORT)[place]
    changes = found(old, new)
    assert {c.severity for c in changes} == {"breaking"}, changes
    agree(changes, old, new)
    back = found(new, old)
    assert {c.severity for c in back} == {"addition"}, back
    agree(back, new, old)


@pytest.mark.parametrize(
    "place", ["member", "items", "map", "all", "any", "one", "named", "named twice", "ring"]
)
def test_each_place_of_a_reader_is_compared(place: str) -> None:
    def turned(data: Data) -> Data:
        """The schema that was sent is answered."""
        post = data["paths"]["/x"]["post"]
        post["responses"]["200"]["content"] = post.pop("requestBody")["content"]
        return data

    old, new = turned(places(SHORT)[place]), turned(places(LONG)[place])
    changes = found(old, new)
    assert {c.severity for c in changes} == {"breaking"}, changes
    agree(changes, old, new)
    assert {c.severity for c in found(new, old)} == {"addition"}


def within(part: Any) -> Data:
    """A body whose member is `{$ref: It}` inside something, and what It is."""
    return {"type": "object", "required": ["it"], "properties": {"it": part}}


NAMED = {"$ref": "#/components/schemas/It"}
TURNED = {
    "not": ({"type": "string", "not": NAMED}, True),
    "if": ({"type": "string", "if": NAMED, "then": {"enum": ["a"]}}, True),
    "then": ({"type": "string", "if": {"minLength": 1}, "then": NAMED}, False),
    "else": ({"type": "string", "if": {"maxLength": 0}, "else": NAMED}, False),
    "contains": ({"type": "array", "contains": NAMED}, False),
    "maxContains": ({"type": "array", "contains": NAMED, "minContains": 0, "maxContains": 1}, True),
    "propertyNames": ({"type": "object", "propertyNames": NAMED}, False),
}
"""A reference inside a keyword, and whether less inside is more of the whole."""


@pytest.mark.parametrize("keyword", TURNED)
def test_reference_under_a_keyword_that_turns_it_is_judged_as_a_whole(keyword: str) -> None:
    part, turned = TURNED[keyword]
    documents = []
    for it in ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 3}):
        made = document("3.1.0", within(part), {"type": "boolean"})
        documents.append({**made, "components": {"schemas": {"It": it}}})
    less, more = (documents[0], documents[1]) if turned else (documents[1], documents[0])
    changes = found(more, less)
    assert {c.severity for c in changes} == {"breaking"} or {c.severity for c in changes} == {"may break"}, (
        changes
    )
    agree(changes, more, less)
    back = found(less, more)
    assert back
    assert "breaking" not in {c.severity for c in back}, back
    agree(back, less, more)


def test_default_of_a_named_schema_is_noticed() -> None:
    documents = []
    for default in (10, 20):
        made = document("3.1.0", {"type": "boolean"}, {"type": "boolean"})
        made["paths"]["/x"]["parameters"] = [
            {"name": "limit", "in": "query", "schema": {"$ref": "#/components/schemas/Limit"}}
        ]
        documents.append(
            {**made, "components": {"schemas": {"Limit": {"type": "integer", "default": default}}}}
        )
    assert ("may break", "default") in {(c.severity, c.id) for c in found(*documents)}


@pytest.mark.parametrize(
    ("after", "severities"),
    [
        ({"properties": {"a": TEXT, "x-n": TEXT}}, {"addition"}),
        ({"properties": {"a": TEXT, "x-n": INT}, "patternProperties": GONE}, {"breaking", "addition"}),
        ({"patternProperties": {"^x-": TEXT, "^y-": TEXT}}, {"breaking"}),
        ({"additionalProperties": True}, {"breaking"}),
    ],
)
def test_new_member_beside_patterns_is_what_its_pattern_says(after: Data, severities: set[str]) -> None:
    """A name that no pattern has is new; one that a pattern has was promised to be of its kind."""
    before = {
        "type": "object",
        "properties": {"a": TEXT},
        "patternProperties": {"^x-": TEXT},
        "additionalProperties": False,
    }
    read = {key: value for key, value in {**before, **after}.items() if value is not GONE}
    changes = found(document("3.1.0", TEXT, before), document("3.1.0", TEXT, read))
    assert {c.severity for c in changes} == severities


def test_new_member_of_a_request_that_a_pattern_took_otherwise_is_not_harmless() -> None:
    before = {
        "type": "object",
        "properties": {"a": TEXT},
        "patternProperties": {"^x-": TEXT},
        "additionalProperties": False,
    }
    after = {**before, "properties": {"a": TEXT, "x-n": INT}}
    changes = found(document("3.1.0", before, TEXT), document("3.1.0", after, TEXT))
    assert "may break" in {c.severity for c in changes}


@pytest.mark.parametrize(
    "whole",
    [
        {"anyOf": [{"type": "boolean"}, {"$ref": "#/components/schemas/It"}]},
        {"$ref": "#/components/schemas/It"},
        {"type": "array", "items": {"$ref": "#/components/schemas/It"}},
    ],
)
@pytest.mark.parametrize("sent", [True, False])
def test_new_optional_member_never_breaks(whole: Data, sent: bool) -> None:
    """Neither in a named schema, nor in a branch, nor where the object took anything, nor for one side
    only.
    """
    for before in (
        {"type": "object"},
        PAIR,
        {**PAIR, "additionalProperties": False},
        {**PAIR, "additionalProperties": True},
        {**PAIR, "patternProperties": {"^x-": TEXT}},
        *([] if sent else [{**PAIR, "patternProperties": {"^x-": TEXT}, "additionalProperties": False}]),
        {"allOf": [PAIR, {"required": ["a"]}]},
    ):
        documents = []
        for it in (
            before,
            {**before, "properties": {**before.get("properties", {}), "new": {"type": "integer"}}},
        ):
            made = document("3.1.0", *((whole, TEXT) if sent else (TEXT, whole)))
            documents.append({**made, "components": {"schemas": {"It": it}}})
        assert {c.severity for c in found(*documents)} <= {"addition"}, found(*documents)


@tried(8, 40, SCHEMAS, FLAT, st.integers(0, 3), st.booleans(), st.sampled_from(["3.0.3", "3.1.0"]))
def test_any_change_of_any_schema_is_judged_alike(
    one: Data, more: Data, how: int, sent: bool, version: str
) -> None:
    """Two schemas of a kind, sent or read: what breaks is shown, and where all is harmless nothing is
    found.
    """
    other = json.loads(json.dumps(one))
    if how == 0:
        other |= more
    elif how == 1 and other:
        other.pop(sorted(other)[0])
    elif how == 2:
        other = {"allOf": [other, more]}
    else:
        other = {"anyOf": [other, more]}
    documents = []
    for schema in (one, other):
        made = document(version, *((schema, {"type": "boolean"}) if sent else ({"type": "boolean"}, schema)))
        made["components"] = {
            "schemas": {
                "Node": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Node"}}},
                "Word": {"type": "string", "maxLength": 2},
            }
        }
        text = json.dumps(made)
        assume(version == "3.1.0" or not any(word in text for word in ('"const"', "exclusive", "null", '["')))
        documents.append(made)
    changes = found(*documents)
    severities = {c.severity for c in changes}
    if "breaking" in severities:
        for change in changes:
            if change.severity == "breaking" and change.example and "…" not in change.example:
                json.loads(change.example)
    elif "may break" not in severities and not any(map(list_left_out, documents)):
        assert hurt(*documents) == ("", ""), changes


def test_second_judge_finds_requests_enough() -> None:
    """It would find nothing, too, if it made nothing."""
    import random

    from diff_oracle import accepts, answers, expected, requests
    from test_diff_openapi import BASE

    doc, rng = Doc(BASE), random.Random(1)
    for key in doc.operations:
        made = [requests(doc, doc, key, rng) for _ in range(100)]
        sent = [r for r in made if r is not None]
        assert len(sent) > 60
        assert [accepts(doc, r) for r in sent if accepts(doc, r)] == []
        read = [a for a in (answers(doc, doc, key, rng) for _ in range(100)) if a is not None]
        assert len(read) > 60
        assert [expected(doc, a, doc) for a in read if expected(doc, a, doc)] == []
