"""Authentication as written in the catalogue: schemes, scopes, plans, and the identities for tests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pgagents.catalogue.language.basics import Cited, Json, Line, Name, Path, Scope, Strict, Url
from pgagents.catalogue.model.credential import kinds


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

    type: Annotated[str, Field(json_schema_extra={"enum": sorted(kinds())})] = Field(
        "http_bearer",
        description=(
            "`http_bearer`: `Authorization: Bearer KEY`; `api_key`: a key in `in`, under `name`; "
            "`http_basic`: HTTP Basic, with `user:password` as the key; `oauth2`: a bearer token by `flows`."
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
