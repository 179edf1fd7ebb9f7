"""Facts about the whole API as written in the catalogue: addresses, limits, events, audit, retention."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.language.basics import (
    Cel,
    Cited,
    HeaderName,
    HeaderValue,
    JsonName,
    Line,
    Name,
    Path,
    Schema,
    Status,
    Strict,
    Url,
)
from pgagents.catalogue.language.resources import CatalogueCall
from pgagents.catalogue.model.model import fill


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


# -- headers, CORS, and points in which servers differ


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
    schema_: Schema | None = Field(
        None, alias="schema", description="The schema of its value; the default is any text."
    )
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
    read_only: Literal["ignored", "refused", "any"] = Field(
        "any",
        description=(
            "How a body member that only the server sets is treated, such as one that is `readOnly`. With "
            "`ignored` the rest of the call is done."
        ),
    )
    left_out: Literal["cleared", "any"] = Field(
        "any", description="`cleared` if a member that a PUT leaves out gets its default, or no value."
    )
    reads_lag_s: Annotated[float, Field(ge=0, le=60)] = Field(
        0,
        description=(
            "The seconds within which a read or a list shows what was written before, where a store is "
            "eventually consistent. The default is at once."
        ),
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


# -- rate limits, and limits of agents' hosts


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


# -- idempotency keys


class Idempotency(Cited):
    """The effect of an idempotency key on every action that has one."""

    lives_s: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Seconds for which a key is remembered."
    )
    not_used_up_by: list[Status] = Field(
        default=[], description="Statuses of refusals that leave the key unused, for a mended call too."
    )
    otherwise: Name | None = Field(
        None,
        description=(
            "The error code for a used key with other arguments; the default is the action's error of "
            "status 409."
        ),
    )
    of: Literal["key", "project"] = Field(
        "key", description="The scope of a key: the calls of one API key, or of a whole project."
    )
    per_action: bool | None = Field(
        None,
        description="True if each action has keys of its own; false if another action refuses a used key. "
        "Without it, neither is promised.",
    )
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded it from a header's name: what contradicts it is "
        "odd, not broken.",
    )


# -- retention


class Retention(Cited):
    """The time for which something is kept, and what happens afterwards."""

    after_s: Annotated[int, Field(gt=0)] = Field(description="Seconds for which it is kept.")
    of: Line = Field(description="The data that is kept.")
    then: Line = Field(description="What happens to the data afterwards.")


# -- outgoing events


class Event(Cited):
    """One type of outgoing event."""

    description: Line = Field(description="When the event is sent.")
    data: Name | None = Field(None, description="The schema (under `schemas`) of the event's data.")
    by: list[Name] = Field(
        default=[],
        description=(
            "Actions that send the event when they succeed; without any, the event of a job's resource is "
            "sent when the job ends."
        ),
    )
    about: Name | None = Field(
        None, description="The resource that the event's data shows, as the action or the job left it."
    )


class Signature(Strict):
    """The signature of outgoing events."""

    header: str | None = Field(
        None, description="The header with the signature; the default is the usual one of the format."
    )
    scheme: Name = Field(
        "t_v1_hmac_sha256",
        description=(
            "The format: `t_v1_hmac_sha256` (Stripe), `hub_sha256` (GitHub), `slack_v0`, or "
            "`standard_webhooks`."
        ),
    )
    tolerance_s: Annotated[int, Field(gt=0)] = Field(
        300, description="Seconds by which a signature's time may be in the past or in the future."
    )


class Webhooks(Cited):
    """Events that the API sends out."""

    envelope: Name = Field(description="The schema (under `schemas`) of every delivery.")
    signature: Signature | None = Field(
        None, description="How a delivery is signed; without it, deliveries are not signed."
    )
    registered_by: Name = Field(description="The action that registers a receiver.")
    url: Name = Field("url", description="The argument with the receiver's URL.")
    types: Name = Field("events", description="The argument with the list of event types to send.")
    secret_at: str | None = Field(
        None,
        description="The path in the answer of the secret that signs deliveries, such as `webhook.secret`.",
    )
    id_at: JsonName | None = Field(
        None,
        description=(
            "The envelope's member with the event's id, which a redelivery repeats; the default is the "
            "header for it if the signature's format has one, such as `webhook-id`, otherwise `id`."
        ),
    )
    type_at: JsonName = Field("type", description="The envelope's member with the event's type.")
    data_at: JsonName = Field("data", description="The envelope's member with the event's data.")
    within_s: Annotated[int, Field(gt=0)] = Field(
        30, description="Seconds after the action within which an event is sent."
    )
    again_within_s: Annotated[int, Field(gt=0)] | None = Field(
        None,
        description=(
            "Seconds within which a failed delivery is repeated; without it, no repetition is promised."
        ),
    )
    targets: Literal["public", "any"] = Field(
        "any",
        description=(
            "`public`: receivers over plain http and at private, loopback and link-local addresses are "
            "refused."
        ),
    )
    events: dict[str, Event] = Field(min_length=1, description="Event types by name.")


# -- the audit log


class Audit(Cited):
    """The audit log: every successful write leaves a row in a list."""

    listed_by: CatalogueCall = Field(
        description="The action that lists the rows, newest first; its `at` finds the list in the answer."
    )
    as_: Name | None = Field(
        None, alias="as", description="The role whose key may read the log; the default is `main`."
    )
    reads_on: list[Name] = Field(default=[], description="Surfaces on which reads leave a row too.")
    at: JsonName = Field(
        "at",
        description="The member of a row with the time: RFC 3339, or a number since 1970, in seconds "
        "or a smaller unit that its size tells.",
    )
    action: JsonName = Field("action", description="The member of a row with the action's name.")
    actor: JsonName | None = Field(
        None, description="The member of a row with the id of the key that made the call."
    )
    diff: JsonName | None = Field(None, description="The member of a row with the changes that a write made.")
    about: dict[JsonName, Name] = Field(
        default={}, description="Members of a row that hold an id, each with its resource."
    )
    never: list[Name] = Field(
        default=[], description="Arguments whose values must not appear in any row, except in `diff`."
    )
