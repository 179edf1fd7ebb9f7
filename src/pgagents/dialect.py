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
    null: Literal["type", "nullable"] = "type"
    """How a value that may be null is said: as one more type, or by `nullable`."""
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
    additional: Literal["keep", "explicit", "drop"] = "keep"
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
