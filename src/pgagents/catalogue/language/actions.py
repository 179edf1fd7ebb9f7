"""Actions as written in the catalogue: how each is called, its answers, its laws, its pages and its jobs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.language.basics import (
    Cel,
    Cited,
    Day,
    Json,
    JsonName,
    Line,
    Member,
    Name,
    Output,
    Param,
    Scope,
    Security,
    Slug,
    Status,
    Strict,
)

# -- hints


Reason = Annotated[str, StringConstraints(min_length=10, max_length=300, pattern=r"^[^\n]*$")]


class Hint(Strict):
    """A claim about a call, with its reason. Short form: just true or false."""

    value: bool = Field(description="Whether it is so.")
    reason: Reason | None = Field(
        None,
        description="Why, in one sentence about what the action does; stores and their reviewers read it. "
        "The default is made from the rest of the catalogue.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, dict) else {"value": data}


class Effect(Strict):
    """The effect of a call, with its reason. Short form: just `read` or `write`."""

    value: Literal["read", "write"] = Field(description="`write` if a call changes anything.")
    reason: Reason | None = Field(
        None,
        description="Why, in one sentence about what the action does; stores and their reviewers read it. "
        "The default is made from the rest of the catalogue.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, dict) else {"value": data}


# -- pages of a list


class Pages(Strict):
    """The pages of a list: where its items are, and which argument requests the next page."""

    items: Cel = Field(description="The list in the answer, such as `response.items`.")
    next: Cel = Field(
        description=(
            "The value of `argument` for the next page, or the next page's URL: a member with "
            "`format: uri`, or `headers.link.next`. Null, empty or missing: there is none. It may read "
            "`response`, `input` and `headers`."
        ),
    )
    argument: Name = Field(
        description="The argument that requests a page; a URL has it in its query. Without it comes the "
        "first page.",
    )
    more: Cel | None = Field(
        None,
        description=(
            "True if there is a further page. Without it, the list ends where `next` has no value, or "
            "with a page without items."
        ),
    )
    size: Name | None = Field(None, description="The argument with the most items of a page.")
    total: Cel | None = Field(
        None,
        description=(
            "The number of all items that the arguments admit, on whatever page: `response.total` or "
            '`headers["x-total-count"]`.'
        ),
    )
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded it from names: what contradicts it is odd, not "
        "broken.",
    )
    bound: Name | None = Field(
        None,
        description=(
            "The error code for a page that is requested with other arguments than the first one was; "
            "without it, the answer to that is open."
        ),
    )
    bound_to: list[Name] | None = Field(
        None,
        min_length=1,
        description="The arguments that `bound` is about, such as the list's folder; the default is all.",
    )


# -- jobs


class Job(Strict):
    """Work that an action starts and does not wait for: the resource that shows it, and how it can end."""

    resource: Name = Field(
        description="The resource that shows the job's `state`: this action makes it, and its first "
        "`read_by` reads it."
    )
    done: Annotated[list[str], Field(min_length=1)] = Field(
        description="States in which the job has succeeded."
    )
    failed: list[str] = Field([], description="States in which the job has failed.")
    within_s: Annotated[float, Field(gt=0)] = Field(
        60, description="Seconds within which every job ends; no caller need wait longer."
    )
    reason: Member | None = Field(
        None, description="The resource's member that says why a job failed, such as `error.message`."
    )


class Law(Cited):
    """A condition in CEL that must hold between a request and its answer. Short form: just the expression."""

    that: Cel = Field(
        description=(
            "The condition; it may read `input` (what was sent, with the defaults of what was not), "
            "`response`, `status`, `headers`, `surface`, `now`, `before`, `env`, and `ref`: what an argument "
            "refers to, by its resource or the argument, such as `ref.room.rate`."
        )
    )
    when: Cel | None = Field(
        None,
        description=(
            "The law applies only where this condition is true; a law that never applied counts as untested."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"that": data} if isinstance(data, str) else data


class Relation(Cited):
    """A relation between two calls that differ in one argument: what the wider answer must keep of the
    narrower one.
    """

    widen: Name = Field(description="The argument that grows.")
    keeps: Cel = Field(
        description="The list in the answer; the wider answer must have every item of the narrower one."
    )
    by: JsonName = Field("id", description="The member that identifies an item.")
    unless: Cel | None = Field(
        None,
        description=(
            "The relation does not apply where this is true for the narrower call, such as for a full page."
        ),
    )
    fits: Cel | None = Field(
        None,
        description=(
            "If this is true for an item of the wider answer and the narrower call, the narrower answer "
            "must have the item too."
        ),
    )


class Example(Strict):
    """A documented call with its answer. Laws are tried on it.

    A server in its initial state gives this answer if the status is 2xx.
    """

    title: Line | None = Field(None, description="A short title.")
    input: dict[str, Json] = Field({}, description="The arguments of the call.")
    status: Status | None = Field(
        None, description="The status of the answer; the default is the action's first 2xx status."
    )
    output: Json = Field(None, description="The body of the answer.")
    headers: dict[str, str] = Field(
        {}, description="Headers of the answer by their names in lower case, for laws that read `headers`."
    )
    at: Line | None = Field(None, description="The time of the call (RFC 3339), for laws that read `now`.")
    before: Json = Field(None, description="The resource's previous body, for laws that read `before`.")


class Confirm(Strict):
    """The question that a person must confirm before a write."""

    title: Line | None = Field(None, description="A short heading above the question.")
    body: Line = Field(
        description=(
            "The question, with the effects and the cost of the call. `{order_id}` in it stands for the "
            "value of that argument: Pay order {order_id}?"
        )
    )


class Texts(Strict):
    """One surface's own wording and names."""

    name: str | None = Field(None, description="Replaces the action's name.")
    title: Line | None = Field(None, description="Replaces the action's title.")
    description: Line | None = Field(None, description="Replaces the action's description.")
    reasoning: Line | list[Line] | None = Field(
        None, description="Instructions for the model while it plans."
    )
    responding: Line | list[Line] | None = Field(
        None, description="Instructions for the model while it words its answer."
    )
    params: dict[str, Line] = Field({}, description="Descriptions of arguments, by argument name.")


class Signed(Strict):
    """A request whose sender is authenticated by a signature over the body instead of a key."""

    header: Name = Field(description="The argument that is the header with the signature.")
    scheme: Name = Field(
        "t_v1_hmac_sha256",
        description=(
            "The format: `t_v1_hmac_sha256` (Stripe), `hub_sha256` (GitHub), `slack_v0`, or "
            "`standard_webhooks`."
        ),
    )
    time: Name | None = Field(
        None, description="The argument that is the header with the time, for formats that have one."
    )
    id: Name | None = Field(
        None, description="The argument that is the header with the message's id, for formats that have one."
    )
    role: Name = Field(description="The role (under `auth.roles`) that holds the secret.")
    tolerance_s: Annotated[int, Field(gt=0)] = Field(
        300, description="Seconds by which a signature's time may be in the past or in the future."
    )
    otherwise: Name | None = Field(
        None,
        description="The error code for a wrong signature; the default is the code for an invalid argument.",
    )


class Deprecated(Strict):
    """The end of an action: its answers on REST say the days in headers."""

    since: Day | None = Field(
        None, description="The day since which it is deprecated, as the header Deprecation says (RFC 9745)."
    )
    sunset: Day | None = Field(
        None, description="The day on which it stops working, as the header Sunset says (RFC 8594)."
    )
    instead: Name | None = Field(None, description="The action to call instead.")


class Action(Cited):
    """One thing an agent can do: how it is called, what it answers, and what must hold."""

    title: Line = Field(description="A short title, as a list of actions shows it.")
    description: Line = Field(
        description="When to call it, what it does and what it answers; models read this text."
    )
    http: (
        Annotated[str, StringConstraints(pattern=r"^(GET|QUERY|POST|PUT|PATCH|DELETE) /[^\s?#]*$")] | None
    ) = Field(
        None,
        description=(
            "Method and path, such as `GET /v1/books/{book_id}`; without it, the action exists only on "
            "the dispatchers and MCP servers that offer it."
        ),
    )
    server: Name | None = Field(
        None, description="The server (under `api.servers`) that has its path; the default is `api.server`."
    )
    operation_id: Name | None = Field(
        None, description="The operationId in OpenAPI; the default is the action's name in camelCase."
    )
    effect: Effect = Field(
        description="`write` if a call changes anything; writes are "
        "confirmed, and verified with a test key only."
    )
    costs: bool | None = Field(
        None,
        description=(
            "True if a call moves money. A read that costs is confirmed as a write is, and `verify` calls it "
            "where writes are allowed, and named by `--allow` or `may_name_none`. Reports count the calls."
        ),
    )
    may_cost: Line | None = Field(
        None,
        description=(
            "Why a call may move money, as `import` found it. Until `costs` says whether it does, `verify` "
            "leaves the call out unless `--allow` names it."
        ),
    )
    sends: bool | None = Field(
        None,
        description=(
            "True if a call sends something to people, such as an e-mail, an SMS or an invitation, which "
            "nothing takes back. The report counts the calls."
        ),
    )
    may_send: Line | None = Field(
        None,
        description=(
            "Why a call may send something to people, as `import` found it. Until `sends` says whether it "
            "does, `verify` leaves the call out unless `--allow` names it."
        ),
    )
    destructive: Hint | None = Field(
        None,
        description=(
            "True if a call may remove, overwrite, end or charge something; false if it only adds. The "
            "default follows from the rest of the catalogue: true for a PUT, PATCH or DELETE, what costs "
            "money, undoes a resource, or moves its state without a way back. There, false needs a reason: "
            "`{value: false, reason: …}`."
        ),
    )
    idempotent: Hint | None = Field(
        None,
        description=(
            "True if a repeated call with the same arguments changes nothing more. The default is true for "
            "a read, a PUT, a DELETE, a call that must have an idempotency key, and one with "
            "`equal_calls_s`."
        ),
    )
    open_world: Hint | None = Field(
        None,
        description=(
            "True if a call reaches beyond the API's own data: the public web, other companies' systems, or "
            "a URL that the caller names. The default is true only for what registers a webhook."
        ),
    )
    may_change: list[JsonName] = Field(
        [],
        description=(
            "Members that a call that is not `destructive` changes all the same: those that it adds to, or "
            "that follow from what it adds."
        ),
    )
    bucket: Name | None = Field(
        None, description="The rate-limit bucket (under `limits.buckets`) that a call draws from."
    )
    scope: Scope | None = Field(
        None, description="The scope (under `auth.scopes`) that the key's plan must have."
    )
    security: Security | None = Field(
        None,
        description="Overrides the catalogue's `security` for this action; `[]`: it is called without a key.",
    )
    signed: Signed | None = Field(None, description="How a signature over the body replaces the key.")
    input: dict[Name, Param] = Field({}, description="Arguments by name.")
    either: Annotated[list[Annotated[list[Name], Field(min_length=1)]], Field(min_length=2)] | None = Field(
        None,
        description=(
            "Groups of arguments of which a call gives exactly one, whole: `[[address], [lat, lng]]`."
        ),
    )
    content_type: str | None = Field(
        None,
        description=(
            "The media type of the body that a call sends; the default is JSON. "
            "`application/x-www-form-urlencoded` is a form."
        ),
    )
    max_body_bytes: Annotated[int, Field(gt=0)] | None = Field(
        None, description="The largest body of a call in bytes, if it is less than `limits.max_body_bytes`."
    )
    unknown: Literal["refused", "ignored"] | None = Field(
        None,
        description=(
            "Overrides `behaviour.unknown_member` for this action. `ignored` on one without a body: what is "
            "sent as its body is ignored."
        ),
    )
    output: dict[Status, Output | None] = Field(description="Answers by status.")
    errors: list[Name] = Field(
        default=[],
        description="Error codes (under `errors.codes`) that this action may answer besides `errors.always`.",
    )
    other_statuses: list[Literal["2XX", "3XX", "4XX", "5XX"]] = Field(
        [],
        description=(
            "Classes of statuses that it may answer besides those of `output` and of its errors, such as "
            "`[2XX, 4XX]`. Nothing is promised of such an answer's body. A 5xx that no error code describes "
            "is a crash all the same."
        ),
    )
    otherwise: Name | None = Field(
        None,
        description=(
            "The error code for its wrong, missing and unknown arguments, in place of those of "
            "`errors.framework`; an argument's own `otherwise` goes before it."
        ),
    )
    idempotency: Name | None = Field(None, description="The argument that is the idempotency key.")
    equal_calls_s: Annotated[int, Field(gt=0)] | None = Field(
        None,
        description=(
            "Seconds from a first call within which equal calls of one caller are one: `pgagents mcp` gives "
            "them one idempotency key, made of caller, tool and arguments. Without it each call that has no "
            "key gets a new one."
        ),
    )
    etag: bool = Field(
        False,
        description="True if a read's answer has an ETag: the same tag in If-None-Match is answered 304, "
        "and a change gives a new one.",
    )
    if_match: Name | None = Field(
        None,
        description="The argument that is the If-Match header of a write: with another tag than the present "
        "one it is refused with the action's error of status 412. `verify` sends `*` where it must send one.",
    )
    pages: Pages | None = Field(None, description="How its list goes on after a page.")
    job: Job | None = Field(None, description="The work that it starts and that goes on after its answer.")
    may_name_none: bool = Field(
        False,
        description=(
            "True if `verify` may call it without naming an instance, for example with the id left out; "
            "a faulty server may then change any instance, so set it for test servers only."
        ),
    )
    tenant: bool = Field(
        False,
        description="True if the answer depends on the caller's project alone, whatever other projects do.",
    )
    confirm: Confirm | None = Field(
        None, description="The question that a person must confirm before the call."
    )
    laws: dict[Slug, Law] = Field({}, description="Conditions between a call and its answer, by name.")
    relations: dict[Slug, Relation] = Field(
        {}, description="Conditions between two calls that differ in one argument, by name."
    )
    examples: dict[Slug, Example] = Field(
        {},
        description=(
            "Calls with their answers, by name; manifests show "
            "them, the mock serves them, and laws are tried on them."
        ),
    )
    texts: dict[Name, Texts] = Field(
        default={}, description="Other wording for one surface, by the surface's name (under `surfaces`)."
    )
    tags: list[str] = Field([], description="Headings in the full OpenAPI document.")
    deprecated: bool | Deprecated = Field(
        False, description="True if callers should stop using it, or since when, until when and what instead."
    )
    formerly: dict[Name, Day] = Field(
        default={},
        description="Former names, each with the day until which agents may use it: `find_book: 2027-03-01`.",
    )
