"""Headers of answers, CORS, and points in which servers may differ, as written in the catalogue."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pgagents.catalogue.language.basics import Cited, Line, Schema, Status, Strict, Url


class Header(Cited):
    """A header of answers."""

    description: Line = Field(description="The meaning of the header.")
    on: list[Literal["all", "success", "error", "keyed"] | Status] = Field(
        default=["all"],
        description=(
            "The answers that must have it: `all`, `success`, "
            "`error`, `keyed` (calls with a key), or statuses."
        ),
    )
    https: bool = Field(False, description="True if it is promised for https addresses only.")
    schema_: Schema = Field(alias="schema", description="The schema of its value.")
    const: str | None = Field(None, description="Its value, if it is always the same.")

    @model_validator(mode="before")
    @classmethod
    def _one_on(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("on"), str | int):
            return {**data, "on": [data["on"]]}
        return data


class Browsers(Cited):
    """The web pages that may call the API from a browser (CORS), each with a key of its own."""

    origins: Literal["any"] | Annotated[list[Url], Field(min_length=1)] = Field(
        "any", description="The origins of the pages: `any`, or a list."
    )
    credentials: bool = Field(
        False, description="True if the browser may send cookies; not allowed with `any` origin."
    )

    @model_validator(mode="after")
    def _no_credentials_for_all(self) -> Browsers:
        if self.credentials and self.origins == "any":
            raise ValueError("credentials need a list of origins: `any` page could act as the user")
        return self


class Behaviour(Strict):
    """Points in which servers may differ. A value fixes the point; `any`, the default, leaves it open."""

    time_zone: Literal["Z", "any"] = Field("any", description="How times state their zone.")
    time_fraction: Literal["none", "any"] = Field(
        "any", description="`none` if times never have fractions of a second."
    )
    unknown_query: Literal["ignored", "refused", "any"] = Field(
        "any", description="How a query parameter that is not an argument is treated."
    )
    unknown_member: Literal["refused", "ignored", "any"] = Field(
        "any", description="How a body member that is not an argument is treated."
    )
    repeated_member: Literal["refused", "any"] = Field(
        "any", description="`refused` if a JSON body in which a member stands twice is refused."
    )
    other_tools: Literal["none", "any"] = Field(
        "any", description="`none` if the MCP server lists only tools that are actions of its surface."
    )
    refused_status: Literal[400, 422, "any"] = Field("any", description="The status for invalid arguments.")
    replay: Literal["conflict", "same", "any"] = Field(
        "any", description="The answer to a repeated call with the same idempotency key."
    )
    foreign_id: Literal["not_found", "forbidden", "any"] = Field(
        "any", description="The answer to an id that belongs to another project."
    )
    absent_id_first: Literal["validation", "any"] = Field(
        "any", description="`validation` if wrong arguments are refused before an unknown id is looked up."
    )
    auth_first: Literal[True, "any"] = Field(
        "any", description="True if a missing key is refused before a wrong path, method, body or unknown id."
    )
    literal_path: Literal["wins", "any"] = Field(
        "any", description="`wins` if a literal path takes precedence over a template that matches too."
    )
    trailing_slash: Literal["unknown", "any"] = Field(
        "any", description="`unknown` if a path with a trailing slash is another path."
    )
    head: Literal["as_get", "any"] = Field(
        "any", description="`as_get` if HEAD is there wherever GET is, event streams excepted."
    )
    redirects: Literal["never", "any"] = Field(
        "any", description="`never` if the server does not answer with redirects."
    )
    redirect_uris: Literal["exact", "any"] = Field(
        "any",
        description=(
            "`exact` if OAuth redirects go only to an address "
            "that equals a registered one character for character."
        ),
    )
    content_type: Literal["json", "any"] = Field("any", description="The media type of answers.")
    last_page: Literal["tells_none", "any"] = Field(
        "any",
        description="`tells_none` if the last page of a list announces no further page, even if it is full.",
    )
    order_of_ties: Literal["any"] = Field(
        "any", description="Whether equal items have a fixed order; always open."
    )
