"""What every part of the catalogue's language is made of: names, texts, and JSON Schemas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Member = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,5}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Cel = Annotated[str, StringConstraints(min_length=1)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+")]
Path = Annotated[str, StringConstraints(pattern=r"^/[^\s?#]*$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
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
    title: Line | None = Field(None, description="A few words on it.")
    description: Line | None = Field(None, description="What it is, for models and people; units and formats belong here.")
    format: str | None = Field(None, description="A format such as `date-time`, `uri`, `email`, `uuid`.")
    enum: list[Json] | None = Field(None, min_length=1, description="The values that it may have.")
    const: Json = Field(None, description="The one value that it may have.")
    default: Json = Field(None, description="What holds where it is left out.")
    examples: list[Json] | None = Field(None, description="Values that are good to show.")
    minimum: float | None = Field(None, description="The least value.")
    maximum: float | None = Field(None, description="The greatest value.")
    exclusive_minimum: float | None = Field(None, alias="exclusiveMinimum", description="A value that it must exceed.")
    exclusive_maximum: float | None = Field(None, alias="exclusiveMaximum", description="A value that it must stay below.")
    multiple_of: float | None = Field(None, alias="multipleOf", gt=0, description="What it must be a multiple of.")
    min_length: int | None = Field(None, alias="minLength", ge=0, description="The least number of characters.")
    max_length: int | None = Field(None, alias="maxLength", ge=0, description="The greatest number of characters.")
    pattern: str | None = Field(None, description="A regular expression that it must match somewhere; anchor it with ^ and $.")
    items: Schema | None = Field(None, description="The schema of every item.")
    min_items: int | None = Field(None, alias="minItems", ge=0, description="The least number of items.")
    max_items: int | None = Field(None, alias="maxItems", ge=0, description="The greatest number of items.")
    unique_items: bool | None = Field(None, alias="uniqueItems", description="Whether items must differ.")
    properties: dict[Name, Schema] | None = Field(None, description="Members by name.")
    required: list[str] | None = Field(None, description="Members that must be there.")
    additional_properties: bool | Schema | None = Field(
        None, alias="additionalProperties", description="Whether other members are allowed, or their schema."
    )
    min_properties: int | None = Field(None, alias="minProperties", ge=0, description="The least number of members.")
    max_properties: int | None = Field(None, alias="maxProperties", ge=0, description="The greatest number of members.")
    one_of: list[Schema] | None = Field(None, alias="oneOf", min_length=1, description="Exactly one of these holds.")
    any_of: list[Schema] | None = Field(None, alias="anyOf", min_length=1, description="At least one of these holds.")
    all_of: list[Schema] | None = Field(None, alias="allOf", min_length=1, description="All of these hold.")
    read_only: bool | None = Field(None, alias="readOnly", description="Sent in answers only.")
    write_only: bool | None = Field(None, alias="writeOnly", description="Sent in requests only.")
    deprecated: bool | None = Field(None, description="Callers should stop using it.")
    secret: bool | None = Field(None, description="Never printed, stored or logged by the tester, and never to appear outside this member.")
    private: bool | None = Field(None, description="A person's data, or a code that opens something: masked in every report of the tester.")


class Param(Schema):
    """One argument of an action: a schema, whether it is required, and where it travels."""

    required: bool | None = Field(None, description="Whether every call must give it.")  # type: ignore[assignment]  # an argument's own flag, not the object's list
    in_: Literal["path", "query", "header", "body"] | None = Field(
        None,
        alias="in",
        description="Where it travels. Default: the path if the path names it, the query of a GET or DELETE, else the body.",
    )
    wire: str | None = Field(None, description="Its name on the wire, where that is no identifier (a header).")
    refers_to: Member | None = Field(
        None, description="The resource (under `resources`) whose id this is; `repo.owner` where the id has several members."
    )


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
