"""A schema takes all that another takes, or not: `yes` is never wrong, `no` comes with a value, and easy
cases are decided.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pgagents.base.jsonschema.schema import REF, validator
from pgagents.diff.inclusion import decide_inclusion

Schema = dict[str, Any]
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = st.sampled_from(["a", "b", "c"])
WORDS = st.sampled_from(["", "x", "xy", "abc", "x1", "0"])
SMALL = st.integers(-3, 6)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), SMALL, st.sampled_from([0.5, -1.5, 2.0, 2.5]), WORDS
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


def some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    """Any of these keywords together."""
    return st.fixed_dictionaries({}, optional=keywords)


def typed(kind: str, **keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    """A schema of one type, sometimes without saying so, sometimes taking null too."""
    types = st.sampled_from([{"type": kind}, {"type": kind}, {}, {"type": [kind, "null"]}])
    return st.builds(lambda t, k: {**t, **k}, types, some(**keywords))


FLAT: st.SearchStrategy[Schema] = st.one_of(
    typed("integer", minimum=SMALL, maximum=SMALL, multipleOf=st.integers(1, 4)),
    typed(
        "number",
        minimum=SMALL,
        exclusiveMinimum=SMALL,
        maximum=SMALL,
        exclusiveMaximum=SMALL,
        multipleOf=st.sampled_from([0.5, 1, 2]),
    ),
    typed(
        "string",
        minLength=st.integers(0, 3),
        maxLength=st.integers(0, 3),
        pattern=st.sampled_from(["^x", "[0-9]$", "^a"]),
    ),
    st.builds(lambda values: {"enum": values}, st.lists(LEAVES, min_size=1, max_size=4)),
    st.builds(lambda value: {"const": value}, LEAVES),
    st.just({}),
    st.builds(lambda name: {"$ref": REF + name}, st.sampled_from(["Node", "Word"])),
)


def deeper(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        typed(
            "array",
            items=inner,
            minItems=st.integers(0, 2),
            maxItems=st.integers(0, 3),
            uniqueItems=st.booleans(),
        ),
        typed(
            "object",
            properties=st.dictionaries(NAMES, inner, max_size=3),
            required=st.lists(NAMES, max_size=2, unique=True),
            additionalProperties=st.one_of(st.booleans(), inner),
            maxProperties=st.integers(0, 3),
            minProperties=st.integers(0, 2),
        ),
        *(
            st.builds(lambda of, k=k: {k: of}, st.lists(inner, min_size=1, max_size=3))
            for k in ("anyOf", "oneOf", "allOf")
        ),
    )


SCHEMAS = st.recursive(FLAT, deeper, max_leaves=5)
NODES = st.sampled_from([
    {"type": "object", "properties": {"a": {"$ref": REF + "Node"}, "b": {"type": "integer"}}},
    {"type": "object", "properties": {"a": {"$ref": REF + "Node"}, "b": {"type": "integer", "minimum": 0}}},
    {"type": ["object", "null"], "properties": {"a": {"$ref": REF + "Node"}}, "additionalProperties": False},
])  # fmt: skip
NAMED = st.fixed_dictionaries(
    {"Node": NODES, "Word": st.sampled_from([{"type": "string"}, {"type": "string", "maxLength": 2}])}
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """Two schemas: two of their own, or one and the same with something changed."""
    one = draw(SCHEMAS)
    how = draw(st.integers(0, 3))
    if how == 0:
        return one, draw(SCHEMAS)
    other = json.loads(json.dumps(one))
    if how == 1:
        other |= draw(FLAT)
    elif how == 2 and other:
        other.pop(draw(st.sampled_from(sorted(other))))
    else:
        other = {"allOf": [other, draw(FLAT)]}
    return draw(st.sampled_from([(one, other), (other, one)]))


@pytest.mark.matrix
@settings(QUICK, max_examples=300)
@given(pairs(), NAMED, NAMED, st.lists(VALUES, min_size=8, max_size=20))
def test_what_is_called_included_has_no_counterexample(
    pair: tuple[Schema, Schema], known: dict[str, Schema], others: dict[str, Schema], values: list[Any]
) -> None:
    one, other = pair
    answer = decide_inclusion(one, known, other, others)
    takes, refuses = validator(one, known), validator(other, others)
    found = [v for v in values if takes.is_valid(v) and not refuses.is_valid(v)]
    if answer.verdict == "yes":
        assert found == []
    if answer.verdict == "no" and "…" not in answer.example:
        example = json.loads(answer.example)
        assert takes.is_valid(example)
        assert not refuses.is_valid(example)


@QUICK
@given(SCHEMAS, NAMED)
def test_every_schema_is_included_in_itself(schema: Schema, known: dict[str, Schema]) -> None:
    described = {**schema, "description": "The same with words"}
    assert decide_inclusion(schema, known, described, known).verdict == "yes"


@QUICK
@given(SCHEMAS, NAMED, VALUES)
def test_leaving_out_a_value_is_noticed(schema: Schema, known: dict[str, Schema], value: Any) -> None:
    assume(validator(schema, known).is_valid(value))
    without = {"allOf": [schema, {"enum": ["some other value"]}]}
    assume(value != "some other value")
    assert decide_inclusion(schema, known, without, known).verdict != "yes"


TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
PERSON: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": TEXT, "age": {"type": "integer", "minimum": 0}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("narrower", "wider"),
    [
        ({**TEXT, "maxLength": 30}, TEXT),
        (TEXT, {"type": "string"}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "string"}, {"type": ["string", "null"]}),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}),
        ({"enum": ["a", "b"]}, {"type": "string", "maxLength": 1}),
        ({"const": 3}, {"type": "integer", "minimum": 3}),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 0}),
        ({"type": "integer", "multipleOf": 10}, {"type": "integer", "multipleOf": 5}),
        (
            {"type": "array", "items": TEXT, "maxItems": 3},
            {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        ),
        (PERSON, {**PERSON, "required": []}),
        (PERSON, {**PERSON, "additionalProperties": True}),
        (PERSON, {**PERSON, "properties": {**PERSON["properties"], "note": TEXT}}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"allOf": [PERSON, {"required": ["age"]}]}, PERSON),
        ({"type": "boolean"}, {"enum": [True, False, None]}),
        (TEXT, {"oneOf": [TEXT, {"type": "integer"}]}),
        ({"type": "object", "maxProperties": 1}, {"type": "object", "maxProperties": 2}),
    ],
)
def test_common_widenings_are_decided_both_ways(narrower: Schema, wider: Schema) -> None:
    assert decide_inclusion(narrower, {}, wider, {}).verdict == "yes"
    back = decide_inclusion(wider, {}, narrower, {})
    same = narrower.get("anyOf") or wider.get("anyOf")
    boolean = narrower == {"type": "boolean"}
    assert back.verdict == ("yes" if same and not boolean else "no")


def test_recursive_schemas_are_compared_by_what_they_hold() -> None:
    children = {"type": "array", "items": {"$ref": REF + "Tree"}}
    tree: Schema = {"type": "object", "properties": {"children": children, "n": {"type": "integer"}}}
    lax: Schema = {"type": "object", "properties": {"children": children, "n": {"type": "number"}}}
    whole = {"$ref": REF + "Tree"}
    assert decide_inclusion(whole, {"Tree": tree}, whole, {"Tree": lax}).verdict == "yes"
    assert decide_inclusion(whole, {"Tree": lax}, whole, {"Tree": tree}).verdict == "no"


def test_one_name_with_two_meanings_is_not_taken_for_one() -> None:
    whole = {"type": "array", "items": {"$ref": REF + "Word"}}
    answer = decide_inclusion(
        whole, {"Word": {"type": "string"}}, whole, {"Word": {"type": "string", "maxLength": 3}}
    )
    assert answer.verdict == "no"


def test_true_is_not_one() -> None:
    assert decide_inclusion({"const": True}, {}, {"const": 1}, {}).verdict == "no"
    assert decide_inclusion({"enum": [1]}, {}, {"enum": [True]}, {}).verdict == "no"


@pytest.mark.parametrize(
    "other", [{"type": "string", "pattern": "^[a-z]+$"}, {"type": "string", "format": "hostname"}]
)
def test_what_cannot_be_decided_is_left_open_or_refuted_and_never_called_included(other: Schema) -> None:
    assert decide_inclusion({"type": "string", "pattern": "^[a-z]{1,5}$"}, {}, other, {}).verdict != "yes"


def test_schemas_that_all_refer_to_each_other_are_answered() -> None:
    """Their values have no end, so neither the search nor the proof may follow them all."""
    names = [REF + f"S{n}" for n in range(30)]
    members = {f"m{n}": {"anyOf": [{"type": "string"}, {"$ref": name}]} for n, name in enumerate(names)}
    known = {f"S{n}": {"type": "object", "properties": members} for n in range(30)}
    narrower = {name: {**schema, "required": ["m0"]} for name, schema in known.items()}
    assert decide_inclusion({"$ref": names[0]}, narrower, {"$ref": names[0]}, known).verdict != "no"
    assert decide_inclusion({"$ref": names[0]}, known, {"$ref": names[0]}, narrower).verdict == "no"
