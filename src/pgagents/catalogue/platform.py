"""The API around its actions as it is written: addresses, keys, limits, errors, headers, open points."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.basics import Cel, Cited, Line, Name, Path, Schema, Status, Strict, Url


class Server(Strict):
    """Another host of the API, with the reason no manifest lists it."""

    url: Url
    note: Line


class Api(Strict):
    """Names, texts and addresses of the API."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")]
    title: Line
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$")]
    server: Url
    other_servers: list[Server] = []
    contact: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    logo: Url | None = None
    terms: Url | None = None
    privacy: Url | None = None
    docs: Url | None = None
    for_people: Line
    for_models: Line
    hosted: dict[str, Path] = Field(
        default={}, description="Under which path of the server a generated file is hosted, by the file's path in the output folder."
    )


class Scheme(Strict):
    """How a call proves who makes it."""

    type: Literal["http_bearer"] = "http_bearer"
    description: Line | None = None
    prefixes: dict[str, Literal["test", "live"]] = Field(
        default={}, description="Prefixes of keys and the mode they mean; `verify` writes with a test key only."
    )
    issue_at: Url | None = None


class OAuth(Cited):
    """OAuth 2.0 authorization code flow."""

    authorize: Path
    token: Path
    revoke: Path | None = None
    metadata: Path | None = None
    resource_metadata: Path | None = None
    pkce: Literal["S256"] = "S256"
    pkce_binds: list[Literal["public", "challenged", "confidential"]] = Field(
        default=["public", "challenged", "confidential"],
        description="Which clients cannot do without: `challenged` is any that sent a challenge.",
    )
    access_s: Annotated[int, Field(gt=0)] | None = Field(None, description="How long an access token lives.")
    refresh_s: Annotated[int, Field(gt=0)] | None = Field(None, description="How long a refresh token lives.")
    refresh_rotates: bool = False
    scopes: dict[str, Line]
    needs: dict[str, list[Name]] = Field(default={}, description="Which actions a token needs each scope for.")


class Role(Strict):
    """An identity that `verify` may be given, and what the catalogue expects of it."""

    description: Line
    plan: Name | None = None
    project: Name = "main"
    mode: Literal["test", "live"] = "test"
    fleet: str | None = None
    revoked: bool = False
    operator: bool = False


class Auth(Strict):
    """Keys, plans, scopes and the identities a test needs."""

    schemes: dict[Name, Scheme] = Field(min_length=1)
    default: Name
    oauth: OAuth | None = None
    scopes: dict[Name, Line] = {}
    plans: dict[Name, list[Name]] = {}
    roles: dict[Name, Role] = {}


class Bucket(Cited):
    """A rolling token bucket: `requests` tokens, refilled evenly over `per_s` seconds."""

    requests: Annotated[int, Field(ge=1)]
    per_s: Annotated[float, Field(gt=0)] = 60
    of: Literal["key", "end_user", "address"] = "key"
    when: Cel | None = Field(None, description="Which calls also draw from it; reads key and call.")
    description: Line | None = None


class LimitHeaders(Strict):
    """Names of the headers that tell the limit."""

    limit: str
    remaining: str
    reset: str
    retry: str = "Retry-After"


class Budgets(Strict):
    """What agents' hosts bear of an answer."""

    seconds: Annotated[float, Field(gt=0)] | None = None
    characters: Annotated[int, Field(gt=0)] | None = None
    items: Annotated[int, Field(gt=0)] | None = None


class Limits(Strict):
    """Buckets, their headers and budgets of an answer."""

    headers: LimitHeaders | None = None
    reset_unit: Literal["epoch_seconds", "seconds"] = "epoch_seconds"
    buckets: dict[Name, Bucket] = {}
    end_user: list[Line] = Field(default=[], description="What names the end user, first found first: `oauth sub`, `header NAME`.")
    lifted: Line | None = Field(None, description="How a key comes by a higher limit than the published one; its headers tell it.")
    budgets: dict[Name, Budgets] = Field(default={}, description="By surface; `all` for every one.")
    max_body_bytes: Annotated[int, Field(gt=0)] | None = None


class Code(Cited):
    """One error code with its one status. Sugar: just the status."""

    status: Status
    meaning: Line | None = None
    envelope: Name | None = Field(None, description="Its own envelope (under `schemas`), where it differs.")
    only: list[Name] | None = Field(None, description="The only actions that may answer it.")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"status": data} if isinstance(data, int) and not isinstance(data, bool) else data


class Framework(Strict):
    """Codes for what is refused before any action runs."""

    unknown_path: Name | None = None
    wrong_method: Name | None = None
    bad_body: Name | None = Field(None, description="Bad JSON, duplicate members, NaN, no object.")
    wrong_type: Name | None = Field(None, description="A body of another content type.")
    invalid: Name = Field(description="An argument that its schema refuses.")
    too_large: Name | None = None
    no_key: Name = Field(description="No, malformed, unknown or revoked key.")
    no_scope: Name | None = None
    limited: Name | None = None
    crashed: Name | None = None
    plaintext: Name | None = None


class Edge(Cited):
    """What a proxy before the API may answer at any time, without envelope or limit headers; clients wait and repeat."""

    status: Status
    retry: bool = Field(True, description="Whether it carries Retry-After.")


class Errors(Strict):
    """The error envelope, its codes, and who answers which."""

    envelope: Name = Field(description="The schema (under `schemas`) of every error body.")
    code_at: str = Field("error.code", description="Where the body has the code.")
    message_at: str = "error.message"
    request_id_at: str | None = None
    field_at: str | None = Field(None, description="Where the body names the offending argument.")
    scope_at: str | None = None
    codes: dict[Name, Code] = Field(min_length=1)
    always: list[Name] = []
    edge: list[Edge] = []
    framework: Framework


class Header(Cited):
    """A header that answers carry."""

    description: Line
    on: list[Literal["all", "success", "error", "keyed"] | Status] = Field(default=["all"], description="Which answers must have it.")
    https: bool = Field(False, description="Claimed only of https addresses.")
    schema_: Schema = Field(alias="schema")
    const: str | None = Field(None, description="Its one value, where it has one.")

    @model_validator(mode="before")
    @classmethod
    def _one_on(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("on"), str | int):
            return {**data, "on": [data["on"]]}
        return data


class Points(Strict):
    """Where servers may differ: a value fixes the point, `any` leaves it open, and so does leaving it out."""

    time_zone: Literal["Z", "any"] = "any"
    time_fraction: Literal["none", "any"] = "any"
    retry_after: Literal["seconds", "any"] = "any"
    unknown_query: Literal["ignored", "refused", "any"] = "any"
    unknown_member: Literal["refused", "ignored", "any"] = "any"
    refused_status: Literal[400, 422, "any"] = "any"
    query_numbers: Literal["decimal", "any"] = "any"
    clamping: Literal["refused", "any"] = "any"
    replay: Literal["conflict", "same", "any"] = "any"
    foreign_id: Literal["not_found", "forbidden", "any"] = "any"
    absent_id_first: Literal["validation", "any"] = "any"
    auth_first: Literal[True, "any"] = "any"
    literal_path: Literal["wins", "any"] = "any"
    trailing_slash: Literal["unknown", "any"] = "any"
    redirects: Literal["never", "any"] = "any"
    content_type: Literal["json", "any"] = "any"
    message_text: Literal["any"] = "any"
    extra_members: Literal["none", "any"] = "any"
    extra_headers: Literal["any"] = "any"
    null_members: Literal["present", "any"] = "any"
    number_form: Literal["any"] = "any"
    order_of_ties: Literal["any"] = "any"
    head_and_options: Literal["refused", "any"] = "any"
