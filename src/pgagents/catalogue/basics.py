"""What every part of the catalogue's language is made of: names, texts, and JSON Schemas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Cel = Annotated[str, StringConstraints(min_length=1)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+")]
Path = Annotated[str, StringConstraints(pattern=r"^/[^\s?#]*$")]
Status = Annotated[int, Field(ge=100, le=599)]
Json = Any


class Strict(BaseModel):
    """Unknown keys are refused; numbers and booleans are not made from text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True, defer_build=True)


class Schema(Strict):
    """A JSON Schema (2020-12), the part that carries over to vendors.

    `{$ref: Lot}` names an entry under `schemas`; `type: object` may be left out beside `properties`.
    """

    ref: str | None = Field(None, alias="$ref", description="The name of an entry under `schemas`.")
    type: str | list[str] | None = Field(None, description="One JSON type, or a list with `null` for a value that may be null.")
    title: Line | None = None
    description: Line | None = None
    format: str | None = None
    enum: list[Json] | None = Field(None, min_length=1)
    const: Json = None
    default: Json = None
    examples: list[Json] | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = Field(None, alias="exclusiveMinimum")
    exclusive_maximum: float | None = Field(None, alias="exclusiveMaximum")
    multiple_of: float | None = Field(None, alias="multipleOf", gt=0)
    min_length: int | None = Field(None, alias="minLength", ge=0)
    max_length: int | None = Field(None, alias="maxLength", ge=0)
    pattern: str | None = None
    items: Schema | None = None
    min_items: int | None = Field(None, alias="minItems", ge=0)
    max_items: int | None = Field(None, alias="maxItems", ge=0)
    unique_items: bool | None = Field(None, alias="uniqueItems")
    properties: dict[Name, Schema] | None = None
    required: list[str] | None = None
    additional_properties: bool | Schema | None = Field(None, alias="additionalProperties")
    min_properties: int | None = Field(None, alias="minProperties", ge=0)
    max_properties: int | None = Field(None, alias="maxProperties", ge=0)
    one_of: list[Schema] | None = Field(None, alias="oneOf", min_length=1)
    any_of: list[Schema] | None = Field(None, alias="anyOf", min_length=1)
    all_of: list[Schema] | None = Field(None, alias="allOf", min_length=1)
    read_only: bool | None = Field(None, alias="readOnly")
    write_only: bool | None = Field(None, alias="writeOnly")
    deprecated: bool | None = None
    secret: bool | None = Field(None, description="Never printed, stored or logged by the tester, and never to appear outside this member.")


class Param(Schema):
    """One argument of an action: a schema, whether it is required, and where it travels."""

    required: bool | None = Field(None, description="Whether every call must give it.")  # type: ignore[assignment]  # an argument's own flag, not the object's list
    in_: Literal["path", "query", "header", "body"] | None = Field(
        None,
        alias="in",
        description="Where it travels. Default: the path if the path names it, the query of a GET or DELETE, else the body.",
    )
    wire: str | None = Field(None, description="Its name on the wire, where that is no identifier (a header).")
    refers_to: Name | None = Field(None, description="The resource (under `resources`) whose id this is.")


class Output(Schema):
    """An answer's body; `{}` or null is no body."""

    content_type: str | None = Field(None, description="Its media type, where that is not JSON.")


class Cited(Strict):
    """Something with a requirement's id behind it."""

    cite: list[str] = Field(default=[], description="Ids of the requirements this states, for findings and reports.")

    @model_validator(mode="before")
    @classmethod
    def _one_cite(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("cite"), str):
            return {**data, "cite": [data["cite"]]}
        return data
