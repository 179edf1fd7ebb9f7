"""What a vendor's schema language can say, as data; `lower` reads nothing else about a vendor.

The named dialects follow the vendors' own texts, read 2026-11-20 (schemas/requirements has the quotes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

BOUNDS = frozenset(("minimum", "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "minProperties", "maxProperties"))
MORE = frozenset(("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"))
NOTES = frozenset(("readOnly", "writeOnly", "deprecated"))


@dataclass(frozen=True, slots=True)
class Dialect:
    """The capabilities of a schema language.

    `keywords` are the constraints it carries; those in `repeated` are said again in the description, because the
    language takes them without promising to heed them. A constraint it does not carry goes into the description
    where `describes`, else it is dropped; either way it is a loss.
    """

    name: str
    keywords: frozenset[str]
    whole: bool = False
    """The language is the catalogue's own: nothing is changed."""
    repeated: frozenset[str] = frozenset()
    describes: bool = True
    refs: Literal["keep", "inline"] = "inline"
    unroll: int = 2
    """How often a schema that contains itself appears on one path before it is cut."""
    upper_types: bool = False
    null: Literal["type", "nullable", "branch"] = "type"
    """How a value that may be null is said: as one more type, by `nullable`, or as an alternative of its own."""
    nullable_needs_type: bool = False
    """`nullable` counts only beside `type` (OpenAPI 3.0.3)."""
    null_in_enum: bool = True
    type_arrays: bool = True
    const: bool = True
    enums: Literal["any", "strings"] = "any"
    all_of: bool = False
    any_of: Literal["beside", "alone", "none"] = "beside"
    """`anyOf` beside other keywords, only by itself, or not at all."""
    one_of: bool = True
    exclusive: Literal["number", "boolean", "none"] = "number"
    formats: Mapping[str, frozenset[str]] | None = field(default=None)
    """Formats by JSON type; None takes any."""
    whole_patterns: bool = False
    """A pattern must match the whole text, in a subset without lookaround, backreferences, `\\b`, `\\p` and flags."""
    additional: Literal["keep", "explicit", "drop", "closed"] = "keep"
    """`additionalProperties` as it is, always said, never said, or always false."""
    optional: Literal["absent", "null"] = "absent"
    """An optional member may be left out, or is always there and null stands for none."""
    named: bool = False
    """Whether every object must have `properties` and every array `items`."""
    defaults: bool = True
    most: Mapping[str, float] = field(default_factory=dict)
    """Greatest value of a keyword that is carried only up to it."""
    empty_objects: bool = True
    """Whether an object without named members is taken."""
    untyped: bool = True
    """Whether a schema without `type` or alternatives is taken."""
    ordering: bool = False
    """Whether `propertyOrdering` tells the order of members."""
    examples: Literal["examples", "example", "none"] = "none"


OPENAPI_31 = Dialect("OpenAPI 3.1", BOUNDS | MORE | NOTES, whole=True, refs="keep", all_of=True, examples="examples")

OPENAPI_30 = Dialect(
    "OpenAPI 3.0.3",
    BOUNDS | MORE | NOTES,
    refs="keep",
    null="nullable",
    nullable_needs_type=True,
    type_arrays=False,
    const=False,
    all_of=True,
    exclusive="boolean",
    examples="example",
)  # fmt: skip

OPENAPI_30_FLAT = replace(OPENAPI_30, name="OpenAPI 3.0.3 without composition", refs="inline", all_of=False, any_of="none", one_of=False)

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
    # live servers refuse other formats of STRING, whatever the reference lists
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
)  # fmt: skip

GEMINI_JSON = Dialect(
    "Gemini JSON Schema",
    BOUNDS | {"multipleOf", "uniqueItems"},
    repeated=frozenset(("pattern", "minLength", "maxLength", "multipleOf", "uniqueItems", "minProperties", "maxProperties")),
    const=False,
    one_of=False,  # taken, and read as anyOf
    exclusive="none",
    additional="explicit",
    ordering=True,
)  # fmt: skip

XAI = Dialect(
    "xAI",
    BOUNDS | {"exclusiveMinimum", "exclusiveMaximum"},
    one_of=False,  # taken, and read as anyOf
    whole_patterns=True,
    formats={
        "string": frozenset(("date", "time", "date-time", "email", "uuid", "ipv4", "ipv6", "uri")),
        "integer": frozenset(("int32", "int64")),
        "number": frozenset(("float", "double")),
    },
    additional="explicit",
)  # fmt: skip

# refuses `object schema missing properties` and `array schema missing items` outside strict mode too
OPENAI = Dialect("OpenAI", BOUNDS | MORE, named=True)

_TEXT_FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))

OPENAI_STRICT = Dialect(
    "OpenAI strict",
    frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "minItems", "maxItems")),
    const=False,
    one_of=False,
    formats={"string": _TEXT_FORMATS},
    additional="closed",
    optional="null",
    named=True,
    defaults=False,
    untyped=False,
)  # fmt: skip

ANTHROPIC = Dialect("Anthropic", BOUNDS | MORE)

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
)  # fmt: skip

# models of several vendors answer behind one address, so this is what all of them understand
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
)  # fmt: skip

# JSON Schema 2020-12, each tool's whole in itself; the inspector warns of a list of types
MCP = Dialect("MCP", BOUNDS | MORE | NOTES, null="branch", type_arrays=False, examples="examples")
