"""Building blocks of the catalogue's language: names, texts, JSON Schemas, and variables of expressions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
JsonName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,256}$")]
"""The name of any JSON member: `@id`, `first-name`, `2fa`."""
Member = Annotated[
    str,
    StringConstraints(pattern=r"""^[^\x00-\x20\x7f."'\[\]]{1,64}(\.[^\x00-\x20\x7f."'\[\]]{1,64}){0,5}$"""),
]
"""A path to a member, whose names have no dot themselves."""
Scope = Annotated[str, StringConstraints(pattern=r"^[!#-\[\]-~]{1,200}$")]
"""A scope as OAuth spells it (RFC 6749, 3.3): `documents.write`."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Cel = Annotated[str, StringConstraints(min_length=1)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+")]
Path = Annotated[str, StringConstraints(pattern=r"^/[^\s?#]*$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,998}[!-~])?$")]
Media = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
Status = Annotated[int, Field(ge=100, le=599)]
MediaType = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*( *;.*)?$"
    ),
]
Json = Any
Keyword = Annotated[str, StringConstraints(pattern=r"^([a-z][A-Za-z]{0,31}|refers_to)$")]
"""A keyword of JSON Schema, or our `refers_to`."""
Security = list[dict[Name, list[str]]]
"""Security requirements as in OpenAPI."""


class Strict(BaseModel):
    """A model that refuses unknown keys and does not convert text to numbers or booleans."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Discriminator(Strict):
    """The member that tells alternatives apart, as in OpenAPI."""

    property_name: JsonName = Field(alias="propertyName", description="The member's name.")
    mapping: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="By the member's value, the name of a schema; the default is the schema's own name.",
    )


class Schema(Strict):
    """A JSON Schema (2020-12), with the keywords that OpenAPI 3.1 takes.

    `{$ref: Lot}` names an entry under `schemas`; `type: object` may be left out beside `properties`.
    """

    ref: str | None = Field(None, alias="$ref", description="The name of an entry under `schemas`.")
    type: str | list[str] | None = Field(
        None, description="One JSON type, or a list with `null` for a value that may be null."
    )
    title: Line | None = Field(None, description="A short title.")
    description: Line | None = Field(
        None, description="The meaning of the value, for models and people, with units and formats."
    )
    format: str | None = Field(None, description="A format such as `date-time`, `uri`, `email`, `uuid`.")
    enum: list[Json] | None = Field(None, min_length=1, description="The allowed values.")
    const: Json = Field(None, description="The only allowed value.")
    default: Json = Field(None, description="The value that applies if it is left out.")
    examples: list[Json] | None = Field(
        None,
        description="Typical values. `verify` sends those of a read's argument; what a write sends stands "
        "under `examples` of the action, since a value may name what is somebody else's.",
    )
    minimum: float | None = Field(None, description="The least value.")
    maximum: float | None = Field(None, description="The greatest value.")
    exclusive_minimum: float | None = Field(
        None, alias="exclusiveMinimum", description="The value must be greater than this."
    )
    exclusive_maximum: float | None = Field(
        None, alias="exclusiveMaximum", description="The value must be less than this."
    )
    multiple_of: float | None = Field(
        None, alias="multipleOf", gt=0, description="The value must be a multiple of this."
    )
    min_length: int | None = Field(
        None, alias="minLength", ge=0, description="The least number of characters."
    )
    max_length: int | None = Field(
        None, alias="maxLength", ge=0, description="The greatest number of characters."
    )
    pattern: str | None = Field(
        None,
        description="A regular expression that must match somewhere in the text; anchor it with ^ and $.",
    )
    items: Schema | None = Field(None, description="The schema of every item.")
    min_items: int | None = Field(None, alias="minItems", ge=0, description="The least number of items.")
    max_items: int | None = Field(None, alias="maxItems", ge=0, description="The greatest number of items.")
    unique_items: bool | None = Field(None, alias="uniqueItems", description="True if all items must differ.")
    properties: dict[JsonName, Schema] | None = Field(
        None, description="Members by name; any name that JSON allows."
    )
    required: list[str] | None = Field(None, description="Names of the required members.")
    additional_properties: bool | Schema | None = Field(
        None,
        alias="additionalProperties",
        description="Whether other members are allowed, or the schema of their values.",
    )
    min_properties: int | None = Field(
        None, alias="minProperties", ge=0, description="The least number of members."
    )
    max_properties: int | None = Field(
        None, alias="maxProperties", ge=0, description="The greatest number of members."
    )
    one_of: list[Schema] | None = Field(
        None, alias="oneOf", min_length=1, description="Exactly one of these schemas must match."
    )
    any_of: list[Schema] | None = Field(
        None, alias="anyOf", min_length=1, description="At least one of these schemas must match."
    )
    all_of: list[Schema] | None = Field(
        None, alias="allOf", min_length=1, description="All of these schemas must match."
    )
    discriminator: Discriminator | None = Field(
        None, description="The member that says which of the alternatives a value is."
    )
    not_: Schema | None = Field(None, alias="not", description="A schema that must not match.")
    if_: Schema | None = Field(
        None, alias="if", description="Where this schema matches, `then` must match too, otherwise `else`."
    )
    then: Schema | None = Field(None, description="The schema of values that match `if`.")
    else_: Schema | None = Field(
        None, alias="else", description="The schema of values that do not match `if`."
    )
    prefix_items: list[Schema] | None = Field(
        None,
        alias="prefixItems",
        min_length=1,
        description="The schemas of the first items, in order; `items` is that of the others.",
    )
    contains: Schema | None = Field(None, description="A schema that at least one item must match.")
    min_contains: int | None = Field(
        None, alias="minContains", ge=0, description="The least number of items that match `contains`."
    )
    max_contains: int | None = Field(
        None, alias="maxContains", ge=0, description="The greatest number of items that match `contains`."
    )
    pattern_properties: dict[str, Schema] | None = Field(
        None,
        alias="patternProperties",
        min_length=1,
        description="The schemas of members whose names match a regular expression.",
    )
    property_names: Schema | None = Field(
        None, alias="propertyNames", description="The schema of every member's name."
    )
    dependent_required: dict[JsonName, list[str]] | None = Field(
        None,
        alias="dependentRequired",
        min_length=1,
        description="Members that are required where the named member is there.",
    )
    dependent_schemas: dict[JsonName, Schema] | None = Field(
        None,
        alias="dependentSchemas",
        min_length=1,
        description="Schemas of the whole object where the named member is there.",
    )
    unevaluated_properties: bool | Schema | None = Field(
        None,
        alias="unevaluatedProperties",
        description="Whether members are allowed that no part of the schema describes, or their schema.",
    )
    unevaluated_items: bool | Schema | None = Field(
        None,
        alias="unevaluatedItems",
        description="Whether items are allowed that no part of the schema describes, or their schema.",
    )
    content_encoding: str | None = Field(
        None, alias="contentEncoding", description="The encoding of bytes in a text, such as `base64`."
    )
    content_media_type: MediaType | None = Field(
        None, alias="contentMediaType", description="The media type of what the text holds."
    )
    read_only: bool | None = Field(
        None, alias="readOnly", description="True if the member appears in answers only."
    )
    write_only: bool | None = Field(
        None, alias="writeOnly", description="True if the member appears in requests only."
    )
    deprecated: bool | None = Field(None, description="True if callers should stop using it.")
    secret: bool | None = Field(
        None,
        description=(
            "True if `verify` must never print, store or log the value, and no other member may contain it."
        ),
    )
    private: bool | None = Field(
        None,
        description=(
            "True for personal data, or a code that opens something; every report of `verify` masks it."
        ),
    )


class Param(Schema):
    """One argument of an action: a schema, whether it is required, and where it is sent."""

    required: bool | None = Field(  # type: ignore[assignment]  # an argument's flag, no object's list
        None, description="True if every call must give it."
    )
    in_: Literal["path", "query", "header", "cookie", "body", "whole_body"] | None = Field(
        None,
        alias="in",
        description=(
            "Where it is sent; the default is the path if the path names it, the query for GET and "
            "DELETE, otherwise the body. `cookie`: one value of the header Cookie. `whole_body`: the value "
            "is the body itself, not a member of it."
        ),
    )
    wire: JsonName | None = Field(
        None,
        description="Its name on the wire if that differs, such as the name of a header, or `@type`.",
    )
    style: Literal["form", "spaceDelimited", "pipeDelimited", "deepObject"] | None = Field(
        None,
        description=(
            "OpenAPI's style of a list or object in the query or in a form: `form` (the default of lists), "
            "`spaceDelimited`, `pipeDelimited`, or `deepObject` for brackets: `address[city]=Rome`."
        ),
    )
    explode: bool | None = Field(
        None,
        description=(
            "OpenAPI's `explode`: true for one pair for each item or member (`tag=a&tag=b`), false for one "
            "text (`tag=a,b`); the default is true for `form` and `deepObject`."
        ),
    )
    content_type: Literal["application/json"] | None = Field(
        None,
        description=(
            '`application/json` if the value is sent as one JSON text in the query: `filter={"limit":3}`. '
            "It is OpenAPI's `content` of a parameter, and stands in place of `style`."
        ),
    )
    allow_reserved: bool | None = Field(
        None,
        description=(
            "True if `/` and other reserved characters are sent as they are: in the query, or at the end of "
            "the path, where the value may then have several segments."
        ),
    )
    media: list[Media] | None = Field(
        None, min_length=1, description="The media types that a file (`format: binary`) may have."
    )
    max_bytes: int | None = Field(None, ge=1, description="The most bytes that a file may have.")
    otherwise: Name | dict[Keyword, Name] | None = Field(
        None,
        description=(
            "The error code for a value that its schema does not allow, or by keyword: `{pattern: "
            "bad_query}`; the default is the action's `otherwise`, or `errors.framework.invalid`. With the "
            "keyword `refers_to`, the code for an id that does not exist, in place of the resource's "
            "`missing`."
        ),
    )
    refers_to: Member | None = Field(
        None,
        description=(
            "The resource (under `resources`) whose id this is; `repo.owner` if the id has several members."
        ),
    )


HeaderField = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")]


class AnswerHeader(Schema):
    """A header of one answer: a schema, and whether it always comes."""

    required: bool | None = Field(  # type: ignore[assignment]  # a header's flag, no object's list
        None, description="False if it may be missing."
    )


class Output(Schema):
    """An answer's body; `{}` or null means no body."""

    headers: dict[HeaderField, AnswerHeader] = Field(
        {},
        description="Headers of this answer alone, by name; laws read them as `headers.location`. What every "
        "answer has is said under `headers` at the top.",
    )

    content_type: MediaType | None = Field(
        None,
        description=(
            "Its media type, if that is not JSON: `text/csv` for rows by a header row, a text, a file, "
            "another type of JSON such as `application/geo+json`, or `*/*` for any type, which the "
            "answer's own Content-Type names then."
        ),
    )
    events: dict[JsonName, Schema] | None = Field(
        None,
        min_length=1,
        description="The events of a `text/event-stream`: by name, the schema of their data.",
    )
    ends_within_s: Annotated[int, Field(gt=0, le=25)] | None = Field(
        None,
        description=(
            "Seconds after which a `text/event-stream` has ended; callers wait 30 s for a whole answer."
        ),
    )
    max_bytes: Annotated[int, Field(gt=0)] | None = Field(
        None, description="The greatest size of a text, CSV or file, in bytes."
    )
    media: list[Media] | None = Field(
        None,
        min_length=2,
        description=(
            "The media types of which a file has one, such as a stored document that comes as it was put; "
            "beside `content_type: application/octet-stream`."
        ),
    )


class Cited(Strict):
    """Base of everything that can cite requirements."""

    cite: list[str] = Field(
        default=[],
        description="Ids of the requirements that this part states, shown in findings and reports.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_cite(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("cite"), str):
            return {**data, "cite": [data["cite"]]}
        return data


# -- variables of expressions, for each place of the catalogue


LAW = ("input", "response", "status", "surface", "now", "before", "ref", "env", "headers")
ITEM = "item"
PAGES = ("input", "response", "headers")
CALL = ("env", "now", "resource", "input")
FRESH = "fresh"
MADE_UP = "value"
"""The kind of fresh value that only the argument's schema decides. A server may refuse it by another rule."""
FRESH_KINDS = ("text", "slug", "email", "uuid", "int", "url", MADE_UP)
RESOURCE_LAW = ("created", "read", "input", "env", "surface")
BUCKET = ("key", "call")
NOBODY = "nobody"
"""Whom a step names that sends no key, unless a role is called so."""
STEP = ("env", "now", "input", "response", "status", "headers")
