"""Vendors' schema dialects as data. All that `lower` needs to know about a vendor is here.

The dialects follow the vendors' documentation, read 2026-11-20 (schemas/requirements has the quotes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pgagents.base.jsonschema.combine import APPLICATORS

BOUNDS = frozenset(
    (
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
    )
)
MORE = frozenset(("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"))
EVERY = frozenset(APPLICATORS)
NOTES = frozenset(("readOnly", "writeOnly", "deprecated"))


@dataclass(frozen=True, slots=True)
class Dialect:
    """The keywords and forms that a schema dialect has.

    `keywords` are its constraints; with `whole_patterns`, `pattern` is one too, even if it is not among them.
    Those in `repeated` are also written into the description, because the vendor does not promise to enforce
    them. A missing constraint is written into the description if `describes` is true, and dropped otherwise.
    Both are losses.
    """

    name: str
    keywords: frozenset[str]
    applicators: frozenset[str] = frozenset()
    """The keywords of `APPLICATORS` that the dialect has."""
    repeated: frozenset[str] = frozenset()
    describes: bool = True
    refs: Literal["keep", "inline"] = "inline"
    unroll: int = 2
    """The largest number of times that a recursive schema appears on one path before it is cut."""
    upper_types: bool = False
    null: Literal["type", "nullable", "branch"] = "type"
    """The form of null: one more type, the keyword `nullable`, or an alternative."""
    nullable_needs_type: bool = False
    """True if `nullable` has an effect only beside `type` (OpenAPI 3.0.3)."""
    null_in_enum: bool = True
    type_arrays: bool = True
    const: bool = True
    enums: Literal["any", "strings"] = "any"
    all_of: bool = False
    any_of: Literal["beside", "alone", "none"] = "beside"
    """The places where `anyOf` is allowed: beside other keywords, only alone, or nowhere."""
    one_of: bool = True
    exclusive: Literal["number", "boolean", "none"] = "number"
    formats: Mapping[str, frozenset[str]] | None = field(default=None)
    """Allowed formats by JSON type; None allows all."""
    whole_patterns: bool = False
    """True if a pattern must match the whole text.

    Such patterns have no lookaround, backreferences, `\\b`, `\\p` or flags.
    """
    additional: Literal["keep", "explicit", "drop", "closed"] = "keep"
    """The form of `additionalProperties`: as it is, always explicit, never written, or always false."""
    optional: Literal["absent", "null"] = "absent"
    """The form of optional members.

    With `absent`, a member may be left out. With `null`, it is always present, and null means that it is not
    given.
    """
    names: str = ""
    """A pattern that the names of members must match; empty if any name is allowed."""
    named: bool = False
    """True if every object must have `properties` and every array `items`."""
    defaults: bool = True
    most: Mapping[str, float] = field(default_factory=dict)
    """The largest allowed value of a keyword. The dialect lacks the keyword for larger values."""
    empty_objects: bool = True
    """True if objects without named members are allowed."""
    untyped: bool = True
    """True if schemas without `type` or alternatives are allowed."""
    ordering: bool = False
    """True if `propertyOrdering` states the order of members."""
    examples: Literal["examples", "example", "none"] = "none"
    whole_examples: bool = False
    """True if a tool has a place for examples of all its arguments, beside the schema."""


OPENAPI_30 = Dialect(
    "OpenAPI 3.0.3",
    BOUNDS | MORE | NOTES,
    frozenset(("not",)),
    refs="keep",
    null="nullable",
    nullable_needs_type=True,
    type_arrays=False,
    const=False,
    all_of=True,
    exclusive="boolean",
    examples="example",
)

OPENAPI_30_FLAT = replace(
    OPENAPI_30,
    name="OpenAPI 3.0.3 without composition",
    applicators=frozenset(),
    refs="inline",
    all_of=False,
    any_of="none",
    one_of=False,
)

_PARAMETER = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
"""The names that Gemini's reference allows.

The reference does not say if it means nested members, so they must match too. xAI and Perplexity pass schemas
on to models of several vendors.
"""

GEMINI = Dialect(
    "Gemini Schema",
    BOUNDS,
    upper_types=True,
    null="nullable",
    null_in_enum=False,
    type_arrays=False,
    const=False,
    enums="strings",
    any_of="alone",
    one_of=False,
    exclusive="none",
    # live servers refuse all other formats of STRING, although the reference lists more
    formats={
        "string": frozenset(("enum", "date-time")),
        "integer": frozenset(("int32", "int64")),
        "number": frozenset(("float", "double")),
    },
    additional="drop",
    empty_objects=False,
    untyped=False,
    ordering=True,
    examples="example",
    names=_PARAMETER,
)

GEMINI_JSON = Dialect(
    "Gemini JSON Schema",
    BOUNDS | {"multipleOf", "uniqueItems"},
    frozenset(("prefixItems",)),
    repeated=frozenset(
        ("pattern", "minLength", "maxLength", "multipleOf", "uniqueItems", "minProperties", "maxProperties")
    ),
    const=False,
    one_of=False,  # accepted, and interpreted as anyOf
    exclusive="none",
    additional="explicit",
    ordering=True,
    names=_PARAMETER,
    examples="examples",
)

XAI = Dialect(
    "xAI",
    BOUNDS | {"exclusiveMinimum", "exclusiveMaximum"},
    one_of=False,  # accepted, and interpreted as anyOf
    whole_patterns=True,
    formats={
        "string": frozenset(("date", "time", "date-time", "email", "uuid", "ipv4", "ipv6", "uri")),
        "integer": frozenset(("int32", "int64")),
        "number": frozenset(("float", "double")),
    },
    additional="explicit",
    names=_PARAMETER,
    examples="examples",
)

# refuses `object schema missing properties` and `array schema missing items` outside strict mode too
OPENAI = Dialect("OpenAI", BOUNDS | MORE, EVERY, named=True, examples="examples")

_TEXT_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
)

OPENAI_STRICT = Dialect(
    "OpenAI strict",
    frozenset(
        (
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "pattern",
            "minItems",
            "maxItems",
        )
    ),
    const=False,
    one_of=False,
    formats={"string": _TEXT_FORMATS},
    additional="closed",
    optional="null",
    named=True,
    defaults=False,
    untyped=False,
)

ANTHROPIC = Dialect("Anthropic", BOUNDS | MORE, EVERY, whole_examples=True)

ANTHROPIC_STRICT = Dialect(
    "Anthropic strict",
    frozenset(("minItems",)),
    null="branch",
    type_arrays=False,
    one_of=False,
    exclusive="number",
    formats={"string": _TEXT_FORMATS | {"uri"}},
    whole_patterns=True,
    additional="closed",
    named=True,
    untyped=False,
    most={"minItems": 1},
    whole_examples=True,
)

# models of several vendors answer at one URL, so this is the dialect that all of them understand
PERPLEXITY = Dialect(
    "Perplexity",
    BOUNDS,
    repeated=frozenset(("pattern", "minLength", "maxLength", "minProperties", "maxProperties")),
    const=False,
    one_of=False,
    exclusive="none",
    whole_patterns=True,
    formats={"string": _TEXT_FORMATS - {"duration", "hostname"}},
    additional="explicit",
    named=True,
    names=_PARAMETER,
)

# JSON Schema 2020-12, each tool's schema self-contained; the inspector warns about lists of types
MCP = Dialect("MCP", BOUNDS | MORE | NOTES, EVERY, null="branch", type_arrays=False, examples="examples")
