"""The API around its actions as written in the catalogue: addresses, keys, limits, errors, headers, open
points.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.language.basics import (
    Cel,
    Cited,
    HeaderName,
    HeaderValue,
    Json,
    Line,
    Name,
    Path,
    Schema,
    Scope,
    Status,
    Strict,
    Url,
)
from pgagents.model.connection.certificate import MUTUAL_TLS
from pgagents.model.connection.server import fill
from pgagents.model.credential import kinds


class Server(Strict):
    """Another host of the API that no manifest lists."""

    url: Url = Field(description="Its base URL.")
    note: Line = Field(description="The reason why no manifest lists it.")


class ServerVariable(Strict):
    """A variable of a server's URL, in OpenAPI's words."""

    default: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = Field(
        description="The value that applies where nothing else is given."
    )
    enum: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]] | None = Field(
        None, min_length=1, description="All values that it may have."
    )
    description: Line | None = Field(None, description="What it chooses, in words.")


class TemplateServer(Strict):
    """A server whose URL has variables: `https://{region}.example.com`."""

    url: Url = Field(description="Its base URL, with the names of variables in braces.")
    variables: dict[Name, ServerVariable] = Field({}, description="The variables of its URL, by name.")


class OwnServer(TemplateServer):
    """Another server of the API, for the actions that name it."""

    description: Line | None = Field(None, description="What it is for, such as uploads.")


class Api(Strict):
    """Names, texts and addresses of the API."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")] = Field(
        description="A short name of letters and digits, for places that allow nothing else."
    )
    title: Line = Field(description="The name by which people know the API.")
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$")] = Field(
        description="The version of the contract (semantic versioning)."
    )
    server: Url | TemplateServer = Field(
        description="The base URL that manifests name, or `url` with its `variables`."
    )
    servers: dict[Name, OwnServer] = Field(
        {},
        description=(
            "Other servers by name, for actions with `server: NAME`, such as an upload host; keys go to "
            "these hosts too."
        ),
    )
    other_servers: list[Server] = Field([], description="Other hosts of the API, which no manifest lists.")
    contact: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] = Field(
        description="An e-mail address for developers."
    )
    logo: Url | None = Field(None, description="The URL of a logo.")
    terms: Url | None = Field(None, description="The URL of the terms of use.")
    privacy: Url | None = Field(None, description="The URL of the privacy policy.")
    docs: Url | None = Field(None, description="The URL of the documentation.")
    request_headers: dict[HeaderName, HeaderValue] = Field(
        default={},
        description=(
            "Headers that every call has, such as `{Stripe-Version: 2026-06-30.basil}`; no model is offered "
            "them."
        ),
    )
    for_people: Line = Field(description="The purpose of the API in one sentence for people.")
    for_models: Line = Field(description="The purpose of the API as a model should read it.")
    hosted: dict[str, Path] = Field(
        default={},
        description=(
            "Paths on the server under which generated files are "
            "hosted, by the file's path in the output folder."
        ),
    )

    @property
    def base_url(self) -> str:
        """Return the URL of the server, with the default of each variable."""
        if isinstance(self.server, str):
            return self.server
        values = {name: one.default for name, one in self.server.variables.items()}
        return fill(self.server.url, values)


class ClientCredentials(Strict):
    """OAuth 2.0 client credentials: id and secret of a client are exchanged for an access token."""

    token_url: Url | Path = Field(
        description=(
            "The token endpoint: a URL, or a path on the API's server. Secrets go to this host and to the "
            "API's server alone."
        )
    )
    scopes: dict[Scope, Line] = Field(
        {},
        description=(
            "Descriptions of the scopes; all of them are requested. A role of `verify` requests those of its "
            "plan, where plans have them."
        ),
    )
    audience: Line | None = Field(None, description="The API that the token is for, if the server asks.")
    client_in: Literal["header", "body"] = Field(
        "header", description="Where id and secret are sent: by HTTP Basic, or in the body (RFC 6749, 2.3.1)."
    )


class AuthorizationCode(Cited):
    """OAuth 2.0 authorization code: users sign in, and let an app call the API for them."""

    authorization_url: Url | Path = Field(
        description="The page where a user decides: a URL, or a path on the API's server."
    )
    token_url: Url | Path = Field(
        description="The endpoint that exchanges codes for tokens: a URL, or a path on the API's server."
    )
    revocation_url: Url | Path | None = Field(None, description="The revocation endpoint (RFC 7009).")
    metadata_url: Url | Path | None = Field(
        None, description="The metadata of the authorization server (RFC 8414)."
    )
    resource_metadata_url: Url | Path | None = Field(
        None, description="The metadata of the API as a protected resource (RFC 9728)."
    )
    pkce_binds: list[Literal["public", "challenged", "confidential"]] = Field(
        default=["public", "challenged", "confidential"],
        description=(
            "Clients that must use PKCE with S256 (RFC 7636); `challenged` is any client that sent a "
            "challenge, `[]` a server without PKCE."
        ),
    )
    access_s: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Lifetime of an access token in seconds."
    )
    refresh_s: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Lifetime of a refresh token in seconds; without it there are none."
    )
    refresh_rotates: bool = Field(
        False, description="True if each refresh issues a new refresh token and invalidates the old one."
    )
    scopes: dict[str, Line] = Field(description="Descriptions of the scopes, as a consent page shows them.")
    needs: dict[str, list[Name]] = Field(
        default={}, description="Scopes, each with the actions for which a token needs it."
    )


class Flows(Strict):
    """The ways to get a token, in OpenAPI's words."""

    client_credentials: ClientCredentials | None = Field(
        None, description="The secret is `client_id:client_secret`; pgagents fetches and renews tokens."
    )
    authorization_code: AuthorizationCode | None = Field(
        None,
        description=(
            "Users sign in. Without `client_credentials`, an access token is the secret of an identity."
        ),
    )


class Scheme(Strict):
    """The credential of a call."""

    type: Annotated[str, Field(json_schema_extra={"enum": sorted([*kinds(), MUTUAL_TLS])})] = Field(
        "http_bearer",
        description=(
            "`http_bearer`: `Authorization: Bearer KEY`; `api_key`: a key in `in`, under `name`; "
            "`http_basic`: HTTP Basic, with `user:password` as the key; `oauth2`: a bearer token by `flows`; "
            "`mutual_tls`: a client certificate."
        ),
    )
    in_: str | None = Field(
        None,
        alias="in",
        description="The place of an `api_key`: `header`, `query` or `cookie`.",
        json_schema_extra={"enum": ["header", "query", "cookie"]},
    )
    name: str | None = Field(None, description="The name of the header, query parameter or cookie.")
    value: str | None = Field(
        None,
        description="The value in that place, such as `Token {key}`. The default is the key alone.",
    )
    flows: Flows | None = Field(None, description="How a token of an `oauth2` scheme is got.")
    description: Line | None = Field(None, description="The format of a key, and where to get one.")
    prefixes: dict[str, Literal["test", "live"]] = Field(
        default={}, description="Prefixes of keys, each with its mode; `verify` writes with a test key only."
    )
    issue_at: Url | None = Field(None, description="The URL where people get a key.")
    also_accepted: list[Literal["query", "header", "bearer", "basic"]] = Field(
        [],
        description=(
            "Other forms in which the server accepts the same key, so that no check expects a refusal: in "
            "the query, in a header, or in Authorization after `Bearer` or `Basic`."
        ),
    )
    inferred: bool = Field(
        False,
        description=(
            "True if the document that was imported says nothing of it (`--auth`): which calls are refused "
            "without it is a guess, so that what contradicts it is odd, not broken."
        ),
    )


class Role(Strict):
    """An identity that `verify` may be given, and its expected properties."""

    description: Line = Field(description="Who it is.")
    plan: Name | None = Field(None, description="The plan of its key.")
    project: Name = Field("main", description="The project of its key.")
    mode: Literal["test", "live"] = Field("test", description="The mode of its key.")
    group: str | None = Field(
        None, description="The group within its project that its key is limited to, by id."
    )
    revoked: bool = Field(False, description="True if its key has been revoked.")
    env: dict[str, Json] = Field(
        {}, description="Members of `env` that have another value for it, such as its own workspace."
    )
    operator: bool = Field(False, description="True if it may call the operator's actions.")
    surface: Name | None = Field(
        None, description="The surface that its calls come from, whose `attribution` they are recorded with."
    )


class Auth(Strict):
    """Keys, plans, scopes and the identities that a test needs."""

    schemes: dict[Name, Scheme] = Field({}, description="How calls are authenticated, by name.")
    scopes: dict[Scope, Line] = Field({}, description="Descriptions of the permissions that a plan can have.")
    plans: dict[Name, list[Scope]] = Field({}, description="Scopes of the keys of each plan.")
    roles: dict[Name, Role] = Field(
        {}, description="Identities that `verify` may be given with `--identity`."
    )


class Bucket(Cited):
    """A rate limit of `requests` calls in `per_s` seconds."""

    requests: Annotated[int, Field(ge=1)] = Field(
        description="Calls allowed in `per_s` seconds: the capacity, which is refilled in that time."
    )
    per_s: Annotated[float, Field(gt=0)] = Field(60, description="The length of the window in seconds.")
    refill: Literal["even", "window"] = Field(
        "even",
        description=(
            "`even`: calls are refilled one by one at an even pace; `window`: all are refilled when "
            "a window of `per_s` seconds ends, which the reset header announces."
        ),
    )
    of: Literal["key", "end_user", "address"] = Field(
        "key", description="The calls that share the bucket: those of one key, end user or address."
    )
    when: Cel | None = Field(
        None,
        description=(
            "Calls for which this condition is true draw from the bucket too; it may read `key` and `call`."
        ),
    )
    description: Line | None = Field(None, description="The calls that draw from the bucket, in words.")


class LimitHeaders(Strict):
    """The headers that state a rate limit: three numbers, the fields of the IETF, or one header with a
    pattern. Without any of them only `retry` is there.
    """

    limit: str | None = Field(None, description="The header with the capacity.")
    remaining: str | None = Field(None, description="The header with the number of calls left.")
    reset: str | None = Field(
        None, description="The header with the time when the bucket is full again; for a window, its end."
    )
    ietf: bool = Field(
        False,
        description=(
            "True for `RateLimit` and `RateLimit-Policy`, as draft-ietf-httpapi-ratelimit-headers-11 "
            "defines them."
        ),
    )
    usage: str | None = Field(None, description="The one header that states all, as `pattern` says.")
    pattern: str | None = Field(
        None,
        description="The form of `usage`: `{limit}` and `{used}` or `{remaining}`, as in `{used}/{limit}`.",
    )
    retry: str = Field(
        "Retry-After", description="The header with the time after which to repeat a refused call."
    )


class Budgets(Strict):
    """Limits of an agent's host for one answer."""

    seconds: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Seconds that the host waits for an answer."
    )
    characters: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Most characters of an answer that the host reads."
    )
    items: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Most items of a list that the host reads."
    )


class Limits(Strict):
    """Rate limits, their headers, and limits of agents' hosts."""

    status: Annotated[list[Annotated[int, Field(ge=400, le=599)]], Field(min_length=1)] = Field(
        default=[429],
        description=(
            "The statuses of calls over a limit. One that has other meanings too is such a refusal if its "
            "code is that of `errors.framework.limited`, or if a header says so."
        ),
    )
    headers: LimitHeaders | None = Field(None, description="The headers that state a rate limit.")
    reset_unit: Literal["epoch_seconds", "seconds"] = Field(
        "epoch_seconds", description="The unit of the reset header: seconds since 1970, or seconds from now."
    )
    buckets: dict[Name, Bucket] = Field({}, description="Rate limits by name.")
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded them from names of headers: what contradicts them "
        "is odd, not broken.",
    )
    end_user: list[Line] = Field(
        default=[],
        description="Where a call names its end user, in order of precedence: `oauth sub`, `header NAME`.",
    )
    unlimited: Line | None = Field(
        None,
        description=(
            "How to get a key with a higher limit than the published one; its headers state that limit."
        ),
    )
    budgets: dict[Name, Budgets] = Field(
        default={},
        description="Limits of agents' hosts for an answer, by surface; `all` applies to every surface.",
    )
    max_body_bytes: Annotated[int, Field(gt=0)] | None = Field(
        None, description="The largest request body in bytes."
    )


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
