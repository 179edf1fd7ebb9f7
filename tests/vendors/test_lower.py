"""Lowering widens and never narrows, says what it lost and where, and keeps to the dialect."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lengths import tried
from pgagents.base.jsonschema.patterns import whole
from pgagents.base.places import Node, Text, origin_of, plain
from pgagents.generate import dialect as dialects
from pgagents.generate.dialect import (
    ANTHROPIC,
    ANTHROPIC_STRICT,
    GEMINI,
    GEMINI_JSON,
    MCP,
    OPENAI,
    OPENAI_STRICT,
    OPENAPI_30,
    OPENAPI_30_FLAT,
    PERPLEXITY,
    XAI,
    Dialect,
)
from pgagents.generate.lower import lower

DIALECTS = [d for d in vars(dialects).values() if isinstance(d, Dialect)]
REF = "#/components/schemas/"
NAMES = ["a", "b", "c"]
PATTERNS = ["^[a-z]+$", "a", "^a", "b$", "a|b", "^(a|b)$", "^a|b$", r"^\d{1,2}$", "(?=a)a", "[$^]", r"^a\$"]
COMPONENTS = {
    "Leaf": {"type": "string", "maxLength": 3, "description": "a leaf"},
    "Tree": {
        "type": "object",
        "required": ["a"],
        "additionalProperties": False,
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "array", "items": {"$ref": f"{REF}Tree"}},
            "c": {"$ref": f"{REF}Tree"},
        },
    },
    "Open": {
        "type": "object",
        "properties": {"a": {"$ref": f"{REF}Leaf"}},
        "additionalProperties": {"type": "integer"},
    },
}

texts = st.sampled_from(["", "a", "ab", "abc", "xay", "b", "12", "a\nb", "a$", "é", "null"])
whole_numbers = st.integers(-3, 6)
numbers = whole_numbers | st.sampled_from([0.5, 1.5, 2.0, -0.5])
scalars = texts | numbers | st.booleans() | st.none()


def _some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


strings = st.builds(
    lambda more: {"type": "string", **more},
    _some(
        minLength=st.integers(0, 2),
        maxLength=st.integers(1, 4),
        pattern=st.sampled_from(PATTERNS),
        const=texts,
        enum=st.lists(texts, min_size=1, max_size=4, unique=True),
        format=st.sampled_from(["date-time", "uuid", "email"]),
        description=st.sampled_from(["Text", "Text."]),
    ),
)
bounded = st.builds(
    lambda kind, more: {"type": kind, **more},
    st.sampled_from(
        [
            "integer",
            "number",
            ["integer", "null"],
            ["number", "null"],
            ["integer", "string"],
            ["number", "integer"],
        ]
    ),
    _some(
        minimum=numbers,
        maximum=numbers,
        exclusiveMinimum=numbers,
        exclusiveMaximum=numbers,
        multipleOf=st.sampled_from([1, 2, 0.5]),
        enum=st.lists(numbers | st.none() | texts, min_size=1, max_size=4, unique_by=repr),
        default=whole_numbers,
    ),
)
odd = st.sampled_from(
    [
        {},
        {"type": "boolean"},
        {"type": "null"},
        {"const": None},
        {"const": True},
        {"enum": ["a", "b"]},
        {"enum": ["a", None]},
        {"type": ["string", "null"], "enum": ["a"]},
        {"type": ["string", "null"], "enum": ["a", None]},
        {"type": "object"},
    ]
    + [{"$ref": REF + name} for name in COMPONENTS]
    + [
        {"$ref": f"{REF}Leaf", "minLength": 1, "description": "mine"},
        {"$ref": f"{REF}Tree", "required": ["b"]},
    ],
)


def _nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    nullable = inner.map(lambda schema: [schema, {"type": "null"}])
    arrays = st.builds(
        lambda items, more: {"type": "array", "items": items, **more},
        inner,
        _some(maxItems=st.integers(0, 3), uniqueItems=st.booleans()),
    )
    objects = st.builds(
        lambda properties, more: {"type": "object", "properties": properties, **more},
        st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3),
        _some(
            required=st.lists(st.sampled_from(NAMES), unique=True, min_size=1),
            additionalProperties=st.booleans() | inner,
            patternProperties=st.dictionaries(st.sampled_from(["^b$", "^[bc]"]), inner, min_size=1),
            minProperties=st.integers(0, 2),
            maxProperties=st.integers(1, 3),
        ),
    )
    composed = st.builds(
        lambda base, key, parts: {**base, key: parts},
        inner | st.just({}),
        st.sampled_from(["anyOf", "oneOf", "allOf"]),
        several | nullable,
    )
    return arrays | objects | objects | composed


schemas = st.recursive(strings | bounded | odd, _nested, max_leaves=6)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = {
            **COMPONENTS[schema["$ref"][len(REF) :]],
            **{k: v for k, v in schema.items() if k != "$ref"},
        }
    return schema


def value_for(draw: Any, schema: dict[str, Any], depth: int = 0) -> Any:
    """A value that has a good chance of being valid."""
    schema = _resolved(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return value_for(
                draw,
                {
                    **schema[key][draw(st.integers(0, len(schema[key]) - 1))],
                    **({"type": schema["type"]} if "type" in schema else {}),
                },
                depth,
            )
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = draw(st.sampled_from(kind))
    if kind == "object" and depth < 5:
        members = schema.get("properties", {})
        chosen = set(schema.get("required", ())) | set(draw(st.lists(st.sampled_from(NAMES), max_size=2)))
        known = {n: value_for(draw, members[n], depth + 1) for n in sorted(chosen) if n in members}
        extra = schema.get("additionalProperties", True)
        rest = (
            {}
            if extra is False
            else {
                n: draw(scalars) if extra is True else value_for(draw, extra, depth + 1)
                for n in sorted(chosen - set(members))
            }
        )
        return {**known, **rest}
    if kind == "array" and depth < 5:
        return [value_for(draw, schema.get("items", {}), depth + 1) for _ in range(draw(st.integers(0, 2)))]
    simple = {
        "string": texts,
        "integer": whole_numbers,
        "number": numbers,
        "boolean": st.booleans(),
        "null": st.none(),
        "object": st.just({}),
        "array": st.just([]),
    }
    return draw(simple.get(kind, values))


def read_back(lowered: Any, dialect: Dialect) -> Any:
    """Return a lowered schema as JSON Schema, by the dialect's own reader."""
    if isinstance(lowered, list):
        return [read_back(part, dialect) for part in lowered]
    if not isinstance(lowered, dict):
        return lowered
    out: dict[str, Any] = {}
    for key, value in lowered.items():
        if key == "properties":
            out[key] = {name: read_back(member, dialect) for name, member in value.items()}
        elif key in ("items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            out[key] = read_back(value, dialect)
        elif key == "type" and dialect.upper_types:
            assert value == value.upper()
            out[key] = value.lower()
        elif key == "pattern" and dialect.whole_patterns:
            out[key] = f"^(?:{value})$"
        elif key not in ("nullable", "propertyOrdering", "example"):
            out[key] = value
    if lowered.get("nullable"):
        if "type" in out:
            out["type"] = [out["type"], "null"]
        if "enum" in out and not dialect.null_in_enum:
            out["enum"] = [*out["enum"], None]
    if dialect.exclusive == "boolean":
        for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if out.pop(flag, False):
                out[flag] = out.pop(bound)
    if dialect is XAI and "object" in (
        [out["type"]] if isinstance(out.get("type"), str) else out.get("type", ())
    ):
        out.setdefault("additionalProperties", False)  # xAI's own default
    return out


def _filled(lowered: Any, value: Any) -> Any:
    """The value as strict mode sends it: null for every member that is not given."""
    for branch in lowered.get("anyOf", ()):
        filled = _filled(branch, value)
        if _validator(branch, {}).is_valid(filled):
            return filled
    if isinstance(value, dict) and "properties" in lowered:
        known = {
            name: _filled(member, value[name]) if name in value else None
            for name, member in lowered["properties"].items()
        }
        return {**value, **known}
    if isinstance(value, list) and "items" in lowered:
        return [_filled(lowered["items"], item) for item in value]
    return value


def _validator(schema: Any, components: Any) -> Any:
    return jsonschema_rs.Draft202012Validator(
        plain({**schema, "components": {"schemas": components}}), validate_formats=False
    )


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
@tried(80, 400, data=st.data())
def test_a_value_that_the_catalogue_takes_is_taken_after_lowering(
    dialect: Dialect, data: st.DataObject
) -> None:
    schema = data.draw(schemas)
    value = value_for(data.draw, schema) if data.draw(st.integers(0, 4)) else data.draw(values)
    if not _validator(schema, COMPONENTS).is_valid(value):
        return
    lowered, losses = lower(schema, COMPONENTS, dialect)
    if any(
        loss.went == "narrowed"
        or (loss.constraint.startswith("additionalProperties") and dialect.additional == "closed")
        for loss in losses
    ):
        return  # said to be shut out
    if dialect.optional == "null":
        value = _filled(lowered, value)
    components = {
        name: read_back(lower(part, COMPONENTS, dialect)[0], dialect) for name, part in COMPONENTS.items()
    }
    read = read_back(lowered, dialect)
    assert _validator(read, components).is_valid(value), (schema, lowered, value)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (
            {"type": "string", "oneOf": [{"type": "string", "enum": [""], "const": "a"}, {"type": "string"}]},
            "a",
        ),
        ({"oneOf": [{"allOf": [{"enum": ["a", "b"]}, {"type": "null"}]}, {"type": "null"}]}, None),
    ],
    ids=["const beside enum", "enum without null"],
)
def test_a_branch_that_takes_nothing_shuts_nothing_out(
    dialect: Dialect, schema: dict[str, Any], value: object
) -> None:
    """A dialect that writes such a branch wider than it is has no `oneOf`: two would take the value."""
    assert _validator(schema, {}).is_valid(value)
    lowered, losses = lower(schema, {}, dialect)
    assert any(loss.went == "narrowed" for loss in losses) or _validator(
        read_back(lowered, dialect), {}
    ).is_valid(value)


def test_the_values_tried_are_mostly_valid() -> None:
    valid = []

    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def note(data: st.DataObject) -> None:
        schema = data.draw(schemas)
        valid.append(_validator(schema, COMPONENTS).is_valid(value_for(data.draw, schema)))

    note()
    assert sum(valid) > len(valid) * 0.4


def _words(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_words, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for key, value in schema.items():
        if key == "properties":
            found |= set().union(*map(_words, value.values())) if value else set()
        elif key in ("items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            found |= _words(value)
    return found


@pytest.mark.parametrize(
    ("dialect", "never"),
    [
        (
            GEMINI,
            {
                "$ref",
                "const",
                "oneOf",
                "allOf",
                "additionalProperties",
                "exclusiveMinimum",
                "multipleOf",
                "uniqueItems",
                "examples",
            },
        ),
        (GEMINI_JSON, {"$ref", "const", "allOf", "exclusiveMinimum", "exclusiveMaximum"}),
        (XAI, {"$ref", "allOf", "multipleOf", "uniqueItems", "nullable"}),
        (OPENAI, {"$ref", "allOf", "nullable"}),
        (
            OPENAI_STRICT,
            {
                "$ref",
                "const",
                "oneOf",
                "allOf",
                "default",
                "nullable",
                "minLength",
                "maxLength",
                "uniqueItems",
                "minProperties",
                "maxProperties",
            },
        ),
        (ANTHROPIC, {"$ref", "allOf", "nullable"}),
        (
            ANTHROPIC_STRICT,
            {
                "$ref",
                "oneOf",
                "allOf",
                "nullable",
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "multipleOf",
                "minLength",
                "maxLength",
                "maxItems",
            },
        ),
        (
            PERPLEXITY,
            {"$ref", "const", "oneOf", "allOf", "nullable", "exclusiveMaximum", "multipleOf", "uniqueItems"},
        ),
        (MCP, {"$ref", "allOf", "nullable"}),
        (OPENAPI_30, {"const", "examples"}),
        (OPENAPI_30_FLAT, {"$ref", "const", "examples", "anyOf", "oneOf", "allOf"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@tried(50, 200, schema=schemas)
def test_no_word_of_another_language_is_left(
    dialect: Dialect, never: set[str], schema: dict[str, Any]
) -> None:
    assert not _words(lower(schema, COMPONENTS, dialect)[0]) & never


@tried(50, 200, schema=schemas)
def test_the_catalogue_is_never_changed(schema: dict[str, Any]) -> None:
    before = repr(schema), repr(COMPONENTS)
    for dialect in DIALECTS:
        lower(schema, COMPONENTS, dialect)
    assert (repr(schema), repr(COMPONENTS)) == before


def _node(members: dict[str, Any], *origin: str) -> Node:
    return Node(members, origin=origin)


def test_exclusive_bounds_of_whole_numbers_are_said_exactly_and_are_no_loss() -> None:
    lowered, losses = lower(
        _node({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}, "x"), {}, GEMINI
    )
    assert (lowered["minimum"], lowered["maximum"], losses) == (1, 9, ())


def test_exclusive_bounds_of_numbers_are_widened_and_told() -> None:
    lowered, losses = lower(
        _node({"type": "number", "exclusiveMinimum": 0, "description": "Hours."}, "x"), {}, GEMINI
    )
    assert (lowered["minimum"], lowered["description"]) == (0, "Hours. More than 0.")
    assert [(loss.origin, loss.constraint, loss.went) for loss in losses] == [
        (("x", "exclusiveMinimum"), "exclusiveMinimum 0", "description")
    ]


def test_openapi_30_says_exclusive_bounds_by_a_flag() -> None:
    lowered, _ = lower(
        _node({"type": "number", "minimum": -5, "exclusiveMinimum": 0, "maximum": 1}, "x"), {}, OPENAPI_30
    )
    assert (lowered["minimum"], lowered["exclusiveMinimum"], lowered["maximum"]) == (0, True, 1)


def test_a_reference_beside_other_words_is_wrapped_for_openapi_30() -> None:
    lowered, losses = lower(_node({"$ref": f"{REF}Leaf", "description": "mine"}, "x"), COMPONENTS, OPENAPI_30)
    assert lowered == {"description": "mine", "allOf": [{"$ref": f"{REF}Leaf"}]}
    assert losses == ()


def test_a_reference_that_may_be_null_is_laid_in_for_openapi_30() -> None:
    lowered, _ = lower(
        _node({"anyOf": [{"$ref": f"{REF}Leaf"}, {"type": "null"}]}, "x"), COMPONENTS, OPENAPI_30
    )
    assert (lowered["type"], lowered["nullable"]) == ("string", True)


def test_text_that_may_be_null_keeps_null_in_the_enum_of_openapi_30() -> None:
    lowered, _ = lower(_node({"type": ["string", "null"], "enum": ["a", None]}, "x"), {}, OPENAPI_30)
    assert lowered == {"type": "string", "nullable": True, "enum": ["a", None]}


def test_null_is_left_out_of_the_enum_of_gemini() -> None:
    lowered, _ = lower(_node({"type": ["string", "null"], "enum": ["a", None]}, "x"), {}, GEMINI)
    assert lowered == {"type": "STRING", "nullable": True, "enum": ["a"]}


@pytest.mark.parametrize("dialect", [GEMINI, GEMINI_JSON, XAI, PERPLEXITY], ids=lambda d: d.name)
def test_member_whose_name_the_vendor_refuses_is_described(dialect: Dialect) -> None:
    schema = {
        "type": "object",
        "required": ["@type"],
        "properties": {"@type": {"type": "string", "description": "Its type."}, "text": {"type": "string"}},
    }
    lowered, losses = lower(_node(schema, "x"), {}, dialect)
    assert list(lowered["properties"]) == ["text"]
    assert "required" not in lowered
    assert lowered["description"] == 'Further member "@type" (string, required): Its type.'
    assert [(loss.constraint, loss.went) for loss in losses] == [("member @type", "description")]


def test_numbers_in_an_enum_go_into_the_description_for_gemini() -> None:
    lowered, losses = lower(_node({"type": "integer", "enum": [1, 2]}, "x"), {}, GEMINI)
    assert lowered == {"type": "INTEGER", "description": "One of 1, 2."}
    assert losses[0].origin == ("x", "enum")


def test_a_schema_that_contains_itself_is_cut_and_told() -> None:
    lowered, losses = lower(_node({"$ref": f"{REF}Tree"}, "x"), COMPONENTS, XAI)
    inner = lowered["properties"]["c"]
    assert "c" not in inner["properties"]
    assert inner["additionalProperties"] is True
    assert "Tree" in {loss.constraint.removeprefix("schema ") for loss in losses}


@pytest.mark.parametrize(
    ("schema", "dialect"),
    [
        ({"anyOf": [{"description": "Anything"}, {"type": "string"}]}, dialects.OPENAI_STRICT),
        ({"$ref": f"{REF}Unknown"}, GEMINI),
        ({"anyOf": [{"$ref": f"{REF}Unknown"}, {"type": "null"}]}, GEMINI),
    ],
)
def test_only_a_schema_that_contains_itself_is_said_to(schema: dict[str, Any], dialect: Dialect) -> None:
    _, losses = lower(_node(schema, "x"), {}, dialect)
    assert losses
    assert not [loss for loss in losses if "itself" in loss.detail]
    tree = _node({"type": "array", "items": {"$ref": f"{REF}T"}}, "schemas", "T")
    _, losses = lower(tree, {"T": tree}, dialect)
    assert "it contains itself" in [loss.detail for loss in losses]


def test_what_a_member_lost_is_told_at_the_member_of_the_component() -> None:
    schemas = {"Leaf": _node({"type": "string", "format": "uuid"}, "schemas", "Leaf")}
    _, losses = lower(_node({"type": "array", "items": {"$ref": f"{REF}Leaf"}}, "x"), schemas, GEMINI)
    assert [loss.origin for loss in losses] == [("schemas", "Leaf", "format")]


def test_a_bound_that_is_met_is_told_where_the_kept_one_stands() -> None:
    schemas = {"Leaf": _node({"type": "string", "format": "uuid", "maxLength": 5}, "schemas", "Leaf")}
    outer = _node({"$ref": f"{REF}Leaf", "maxLength": 3}, "x")
    lowered, losses = lower(outer, schemas, GEMINI_JSON)
    assert lowered["maxLength"] == 3
    assert [loss.origin for loss in losses] == [("x", "maxLength")]


def test_members_of_both_parts_of_all_of_are_one_object() -> None:
    parts = [
        {"properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"properties": {"b": {"type": "integer"}}},
    ]
    lowered, losses = lower(_node({"type": "object", "allOf": parts}, "x"), {}, GEMINI)
    assert list(lowered["properties"]) == ["a", "b"]
    assert (lowered["required"], losses) == (["a"], ())


def test_alternatives_stand_alone_for_gemini_with_what_stood_beside_them_inside() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"properties": {"b": {"type": "null"}}}],
        "description": "d",
    }
    lowered, _ = lower(_node(schema, "x"), {}, GEMINI)
    assert set(lowered) == {"anyOf", "description"}
    assert all(branch["type"] == "OBJECT" and "a" in branch["properties"] for branch in lowered["anyOf"])


def test_an_object_without_members_is_left_out_of_gemini_and_told() -> None:
    schema = _node(
        {
            "type": "object",
            "properties": {"map": _node({"type": "object"}, "x", "map"), "n": {"type": "integer"}},
            "required": ["map"],
        },
        "x",
    )
    lowered, losses = lower(schema, {}, GEMINI)
    assert list(lowered["properties"]) == ["n"]
    assert "required" not in lowered
    assert ("x", "map") in [loss.origin for loss in losses]


def test_texts_keep_their_origin() -> None:
    text = Text("Hours", ("x", "description"))
    lowered, _ = lower(_node({"type": "number", "multipleOf": 2, "description": text}, "x"), {}, GEMINI)
    assert lowered["description"] == "Hours (a multiple of 2)"
    assert origin_of(lowered["description"]) == ("x", "description")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("^[A-Z]+$", "^[A-Z]+$"),
        ("abc", r"^[\s\S]*abc[\s\S]*$"),
        ("^abc", r"^abc[\s\S]*$"),
        ("abc$", r"^[\s\S]*abc$"),
        ("a|b", r"^[\s\S]*(?:a|b)[\s\S]*$"),
        ("^(a|b)$", "^(a|b)$"),
        (r"^a\$", r"^a\$[\s\S]*$"),
        ("[^a]", r"^[\s\S]*[^a][\s\S]*$"),
        ("^a|b$", None),
        ("a^b", None),
        (r"\bword", None),
        (r"^(a)\1$", None),
        ("^(?!x)a$", None),
        ("^(?<=x)a$", None),
        (r"^\p{L}$", None),
    ],
)  # fmt: skip
def test_a_pattern_matches_the_whole_text_or_is_given_up(pattern: str, said: str | None) -> None:
    assert whole(pattern) == said


def test_null_as_an_alternative_keeps_the_texts_outside() -> None:
    schema = _node({"type": ["string", "null"], "enum": ["a", None], "description": "d", "default": "a"}, "x")
    lowered, losses = lower(schema, {}, MCP)
    assert lowered == {
        "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}],
        "description": "d",
        "default": "a",
    }
    assert losses == ()


def test_an_optional_member_of_strict_mode_is_there_and_may_be_null() -> None:
    members = {
        "n": {"type": "integer", "enum": [1, 2], "default": 1, "description": "Number"},
        "m": {"type": "string"},
    }
    schema = _node(
        {"type": "object", "properties": members, "required": ["m"], "additionalProperties": False}, "x"
    )
    lowered, losses = lower(schema, {}, OPENAI_STRICT)
    assert lowered["required"] == ["n", "m"]
    assert lowered["properties"]["n"] == {
        "type": ["integer", "null"],
        "enum": [1, 2, None],
        "description": "Number (default 1; null if not given)",
    }
    assert [(loss.origin[-2:], loss.constraint, loss.went) for loss in losses] == [
        (("n", "default"), "default 1", "description"),
        (("properties", "n"), "optional", "widened"),
    ]


def test_an_optional_member_that_may_be_null_already_cannot_be_told_from_none() -> None:
    schema = _node(
        {"type": "object", "properties": {"n": {"type": ["string", "null"]}}, "additionalProperties": False},
        "x",
    )
    lowered, losses = lower(schema, {}, OPENAI_STRICT)
    assert lowered["properties"]["n"]["type"] == ["string", "null"]
    assert [loss.detail for loss in losses] == ["null and not given cannot be distinguished"]


@pytest.mark.parametrize(
    ("schema", "went"),
    [
        ({"type": "object", "additionalProperties": {"type": "string"}}, "narrowed"),
        ({"type": "object"}, "narrowed"),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "b"]}, "narrowed"),
        (
            {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False},
            "narrowed",
        ),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, "dropped"),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            None,
        ),
    ],
)
@pytest.mark.parametrize("dialect", [OPENAI_STRICT, ANTHROPIC_STRICT], ids=lambda d: d.name)
def test_a_closed_object_says_whether_it_shuts_out_what_the_api_takes(
    dialect: Dialect, schema: dict[str, Any], went: str | None
) -> None:
    lowered, losses = lower(_node(schema, "x"), {}, dialect)
    assert lowered["additionalProperties"] is False
    assert {loss.went for loss in losses if loss.constraint != "any value"} == ({went} if went else set())


@pytest.mark.parametrize("dialect", [OPENAI_STRICT, ANTHROPIC_STRICT], ids=lambda d: d.name)
@pytest.mark.parametrize("further", [True, False, {"type": "string"}], ids=str)
def test_a_closed_object_shuts_out_members_that_a_pattern_names(dialect: Dialect, further: object) -> None:
    schema = _node(
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "patternProperties": {"^x-": {"type": "string"}},
            "additionalProperties": further,
        },
        "x",
    )
    _, losses = lower(schema, {}, dialect)
    assert [loss.origin for loss in losses if loss.went == "narrowed"] == [("x", "patternProperties")]
    assert not [loss for loss in losses if loss.constraint.startswith("additionalProperties")]


@pytest.mark.parametrize("dialect", [OPENAI_STRICT, ANTHROPIC_STRICT], ids=lambda d: d.name)
@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_closed_alternatives_shut_out_the_members_beside_them(dialect: Dialect, keyword: str) -> None:
    branches = [{"type": "object", "properties": {n: {"type": "string"}}, "required": [n]} for n in "bc"]
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], keyword: branches}
    lowered, losses = lower(_node(schema, "x"), {}, dialect)
    assert not _validator(lowered, {}).is_valid({"a": "1", "b": "2"})
    assert [loss.origin for loss in losses if loss.went == "narrowed"] == [("x", keyword)]


@pytest.mark.parametrize("dialect", [OPENAI_STRICT, ANTHROPIC_STRICT], ids=lambda d: d.name)
def test_closed_alternatives_with_the_same_members_shut_nothing_out(dialect: Dialect) -> None:
    members = {"a": {"type": "string"}, "b": {"type": "string"}}
    whole = {"type": "object", "properties": members, "required": ["a", "b"]}
    first = [{"type": "string", "const": value} for value in "xy"]
    schema = {**whole, "anyOf": [{**whole, "properties": {**members, "a": one}} for one in first]}
    lowered, losses = lower(_node(schema, "x"), {}, dialect)
    assert _validator(lowered, {}).is_valid({"a": "x", "b": "2"})
    assert "narrowed" not in {loss.went for loss in losses}
