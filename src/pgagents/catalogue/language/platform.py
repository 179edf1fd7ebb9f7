"""The API around its actions as it is written: addresses, keys, limits, errors, headers, open points."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.language.basics import Cel, Cited, Line, Name, Path, Schema, Status, Strict, Url
from pgagents.catalogue.language.resources import CatalogueCall


class Server(Strict):
    """Another host of the API, with the reason no manifest lists it."""

    url: Url = Field(description="Its address.")
    note: Line = Field(description="Why no manifest lists it.")


class Api(Strict):
    """Names, texts and addresses of the API."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")] = Field(
        description="A short name of letters and digits, for places that take no more."
    )
    title: Line = Field(description="The name that people know the API by.")
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$")] = Field(
        description="The version of the contract, as semantic versioning has it."
    )
    server: Url = Field(description="The one base URL that manifests name.")
    other_servers: list[Server] = Field([], description="Hosts that are named somewhere and stand in no manifest.")
    contact: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] = Field(description="An e-mail address for developers.")
    logo: Url | None = Field(None, description="A picture of the API.")
    terms: Url | None = Field(None, description="The terms of use.")
    privacy: Url | None = Field(None, description="The privacy policy.")
    docs: Url | None = Field(None, description="Where people read about the API.")
    for_people: Line = Field(description="What the API is for, in one sentence for people.")
    for_models: Line = Field(description="What the API is for, as a model should read it.")
    hosted: dict[str, Path] = Field(
        default={}, description="Under which path of the server a generated file is hosted, by the file's path in the output folder."
    )


class Scheme(Strict):
    """How a call proves who makes it."""

    type: Literal["http_bearer"] = Field("http_bearer", description="Its kind.")
    description: Line | None = Field(None, description="How a key looks, and where it comes from.")
    prefixes: dict[str, Literal["test", "live"]] = Field(
        default={}, description="Prefixes of keys and the mode they mean; `verify` writes with a test key only."
    )
    issue_at: Url | None = Field(None, description="Where people get a key.")


class OAuth(Cited):
    """OAuth 2.0 authorization code flow."""

    authorize: Path = Field(description="The path of the authorization endpoint.")
    token: Path = Field(description="The path of the token endpoint.")
    revoke: Path | None = Field(None, description="The path of the revocation endpoint (RFC 7009).")
    metadata: Path | None = Field(None, description="The path of the server metadata (RFC 8414).")
    resource_metadata: Path | None = Field(None, description="The path of the protected resource metadata (RFC 9728).")
    pkce: Literal["S256"] = Field("S256", description="The challenge method (RFC 7636).")
    pkce_binds: list[Literal["public", "challenged", "confidential"]] = Field(
        default=["public", "challenged", "confidential"],
        description="Which clients cannot do without: `challenged` is any that sent a challenge.",
    )
    access_s: Annotated[int, Field(gt=0)] | None = Field(None, description="How long an access token lives.")
    refresh_s: Annotated[int, Field(gt=0)] | None = Field(None, description="How long a refresh token lives.")
    refresh_rotates: bool = Field(False, description="Whether each refresh gives a new refresh token and ends the old one.")
    scopes: dict[str, Line] = Field(description="Scopes in words, as a consent page shows them.")
    needs: dict[str, list[Name]] = Field(default={}, description="Which actions a token needs each scope for.")


class Role(Strict):
    """An identity that `verify` may be given, and what the catalogue expects of it."""

    description: Line = Field(description="Who it is.")
    plan: Name | None = Field(None, description="Its key's plan.")
    project: Name = Field("main", description="Its key's project.")
    mode: Literal["test", "live"] = Field("test", description="Whether its key is of test or live mode.")
    group: str | None = Field(None, description="The group within its project that its key is limited to, by id.")
    revoked: bool = Field(False, description="Whether its key has been revoked.")
    operator: bool = Field(False, description="Whether it may call the operator's endpoints.")
    surface: Name | None = Field(None, description="The surface that its calls come from, whose `attribution` they are stamped with.")


class Auth(Strict):
    """Keys, plans, scopes and the identities a test needs."""

    schemes: dict[Name, Scheme] = Field(min_length=1, description="How a call proves who makes it.")
    default: Name = Field(description="The scheme that calls use.")
    oauth: OAuth | None = Field(None, description="How an assistant signs its users in.")
    scopes: dict[Name, Line] = Field({}, description="What a plan can allow, in words.")
    plans: dict[Name, list[Name]] = Field({}, description="Scopes of the keys of each plan.")
    roles: dict[Name, Role] = Field({}, description="Identities that `verify` may be given with `--identity`.")


class Bucket(Cited):
    """So many calls in a time: `requests` in `per_s` seconds, which come back evenly (a rolling token bucket) or at the end of a window."""

    requests: Annotated[int, Field(ge=1)] = Field(description="Calls in a window: the capacity, and what is refilled in that time.")
    per_s: Annotated[float, Field(gt=0)] = Field(60, description="The window in seconds.")
    refill: Literal["even", "window"] = Field(
        "even",
        description="How calls come back: one by one at an even pace (`even`), or all together when a window of `per_s` seconds ends "
        "(`window`), wherever windows begin; the reset header tells that end.",
    )
    of: Literal["key", "end_user", "address"] = Field("key", description="Whose calls share it.")
    when: Cel | None = Field(None, description="Which calls also draw from it; reads key and call.")
    description: Line | None = Field(None, description="Which calls draw from it.")


class LimitHeaders(Strict):
    """Names of the headers that tell the limit."""

    limit: str = Field(description="The header with the capacity.")
    remaining: str = Field(description="The header with what is left.")
    reset: str = Field(description="The header that says when it is full again: of a window, its end.")
    retry: str = Field("Retry-After", description="The header that says when to come back.")


class Budgets(Strict):
    """What agents' hosts bear of an answer."""

    seconds: Annotated[float, Field(gt=0)] | None = Field(None, description="Seconds that the host waits for an answer.")
    characters: Annotated[int, Field(gt=0)] | None = Field(None, description="Characters of an answer that the host reads at most.")
    items: Annotated[int, Field(gt=0)] | None = Field(None, description="Items of a list that the host reads at most.")


class Limits(Strict):
    """Buckets, their headers and budgets of an answer."""

    headers: LimitHeaders | None = Field(None, description="The names of the headers that tell a limit.")
    reset_unit: Literal["epoch_seconds", "seconds"] = Field("epoch_seconds", description="What the reset header counts.")
    buckets: dict[Name, Bucket] = Field({}, description="Rate limits by name.")
    end_user: list[Line] = Field(default=[], description="What names the end user, first found first: `oauth sub`, `header NAME`.")
    unlimited: Line | None = Field(None, description="How a key comes by a higher limit than the published one; its headers tell it.")
    budgets: dict[Name, Budgets] = Field(default={}, description="By surface; `all` for every one.")
    max_body_bytes: Annotated[int, Field(gt=0)] | None = Field(None, description="The largest body that is read.")


class Code(Cited):
    """One error code with its one status. Sugar: just the status."""

    status: Status
    meaning: Line | None = None
    envelope: Name | None = Field(None, description="Its own envelope (under `schemas`), where it differs.")
    only: list[Name] | None = Field(None, description="The only actions that may answer it.")
    provoked_by: dict[Name, CatalogueCall] = Field(
        default={}, description="By action, the operator's call after which its next call is answered so; reads the resource that it moves."
    )

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"status": data} if isinstance(data, int) and not isinstance(data, bool) else data


class Framework(Strict):
    """Codes for what is refused before any action runs."""

    unknown_path: Name | None = Field(None, description="A path that is none.")
    wrong_method: Name | None = Field(None, description="A path that does not take the method.")
    bad_body: Name | None = Field(None, description="Bad JSON, duplicate members, NaN, no object.")
    wrong_type: Name | None = Field(None, description="A body of another content type.")
    invalid: Name = Field(description="An argument that its schema refuses.")
    too_large: Name | None = Field(None, description="A body over `limits.max_body_bytes`.")
    no_key: Name = Field(description="No, malformed, unknown or revoked key.")
    no_scope: Name | None = Field(None, description="The key's plan lacks the scope.")
    limited: Name | None = Field(None, description="A rate limit is used up.")
    crashed: Name | None = Field(None, description="An error that nobody expected.")
    plaintext: Name | None = Field(None, description="A call over plain http.")


class Edge(Cited):
    """What a proxy before the API may answer at any time, without envelope or limit headers; clients wait and repeat."""

    status: Status = Field(description="A status that a proxy before the API may answer at any time.")
    retry: bool = Field(True, description="Whether it carries Retry-After.")


class Errors(Strict):
    """The error envelope, its codes, and who answers which."""

    envelope: Name = Field(description="The schema (under `schemas`) of every error body.")
    code_at: str | None = Field("error.code", description="Where the body has the code. null: nowhere, the status alone tells.")
    message_at: str | None = Field("error.message", description="Where the body has a sentence for a person. null: nowhere.")
    request_id_at: str | None = Field(None, description="Where the id of the request stands in the envelope.")
    field_at: str | None = Field(None, description="Where the body names the offending argument.")
    field_of_several: str | None = Field(
        None, description="What stands there where more than one argument is wrong. null: it may be any of them."
    )
    scope_at: str | None = Field(None, description="Where the name of a missing scope stands in the envelope.")
    codes: dict[Name, Code] = Field(min_length=1, description="Every code with its status.")
    always: list[Name] = Field([], description="Codes that any action may answer.")
    edge: list[Edge] = Field([], description="What a proxy before the API may answer.")
    framework: Framework = Field(description="Which code the framework itself answers, case by case.")


class Header(Cited):
    """A header that answers carry."""

    description: Line = Field(description="What it tells.")
    on: list[Literal["all", "success", "error", "keyed"] | Status] = Field(default=["all"], description="Which answers must have it.")
    https: bool = Field(False, description="Claimed only of https addresses.")
    schema_: Schema = Field(alias="schema", description="What its value is.")
    const: str | None = Field(None, description="Its one value, where it has one.")

    @model_validator(mode="before")
    @classmethod
    def _one_on(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("on"), str | int):
            return {**data, "on": [data["on"]]}
        return data


class Browsers(Cited):
    """Which web pages may call the API from a browser, each with a key of its own (CORS)."""

    origins: Literal["any"] | Annotated[list[Url], Field(min_length=1)] = Field("any", description="Whose pages: `any`, or a list.")
    credentials: bool = Field(False, description="Whether a page may have the browser add cookies; never to `any` origin.")

    @model_validator(mode="after")
    def _no_credentials_for_all(self) -> Browsers:
        if self.credentials and self.origins == "any":
            raise ValueError("credentials need a list of origins: `any` page could act as the user")
        return self


class Behaviour(Strict):
    """Where servers may differ: a value fixes the point, `any` leaves it open, and so does leaving it out."""

    time_zone: Literal["Z", "any"] = Field("any", description="How times name their zone.")
    time_fraction: Literal["none", "any"] = Field("any", description="Whether times have fractions of a second.")
    unknown_query: Literal["ignored", "refused", "any"] = Field(
        "any", description="What happens with a query parameter that is no argument."
    )
    unknown_member: Literal["refused", "ignored", "any"] = Field("any", description="What happens with a body member that is no argument.")
    other_tools: Literal["none", "any"] = Field(
        "any", description="Whether the MCP server may list tools that are no actions of its surface."
    )
    refused_status: Literal[400, 422, "any"] = Field("any", description="The status of refused arguments.")
    replay: Literal["conflict", "same", "any"] = Field(
        "any", description="What a repeated call with the same idempotency key is answered with."
    )
    foreign_id: Literal["not_found", "forbidden", "any"] = Field(
        "any", description="What the id of another project's thing is answered with."
    )
    absent_id_first: Literal["validation", "any"] = Field("any", description="Whether an unknown id is noticed before a wrong argument.")
    auth_first: Literal[True, "any"] = Field(
        "any", description="Whether a missing key is noticed before a wrong path, method or body, and before an id of nothing."
    )
    literal_path: Literal["wins", "any"] = Field("any", description="Whether a literal path wins over a template that fits too.")
    trailing_slash: Literal["unknown", "any"] = Field("any", description="Whether a path with a slash at its end is another path.")
    redirects: Literal["never", "any"] = Field("any", description="Whether redirects may be answered.")
    redirect_uris: Literal["exact", "any"] = Field(
        "any", description="Whether an OAuth client is sent back to an address that it registered character for character."
    )
    content_type: Literal["json", "any"] = Field("any", description="The media type of answers.")
    last_page: Literal["tells_none", "any"] = Field(
        "any", description="Whether the last page of a list tells of no further one, even where it is full."
    )
    order_of_ties: Literal["any"] = Field("any", description="Whether equal items have a fixed order.")
