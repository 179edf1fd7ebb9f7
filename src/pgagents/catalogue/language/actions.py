"""Actions as they are written: how each is called, what it answers, and what must hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.language.basics import Cel, Cited, Day, Json, Line, Name, Output, Param, Slug, Status, Strict


class Law(Cited):
    """What must hold between a request and its answer, in CEL. Sugar: just the expression."""

    that: Cel = Field(description="The condition. It may read input, response, status, surface, now, before and env.")
    when: Cel | None = Field(None, description="Only where this holds; a law whose `when` was never true counts as untested.")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"that": data} if isinstance(data, str) else data


class Relation(Cited):
    """Two calls that differ in one argument, and what the wider one must keep."""

    widen: Name = Field(description="The argument that grows.")
    keeps: Cel = Field(description="The list of which the wider answer must keep every item.")
    by: Name = Field("id", description="The member that tells items apart.")
    unless: Cel | None = Field(None, description="Not applicable where this holds of the narrower call (a full page, say).")
    fits: Cel | None = Field(
        None, description="Where this holds of an item of the wider answer and the narrower call, the narrower answer has it too."
    )


class Example(Strict):
    """A call as documentation shows it; the laws are tried on it. A 2xx example is one that a server in its first state answers so."""

    title: Line | None = Field(None, description="A few words on what it shows.")
    input: dict[str, Json] = Field({}, description="The arguments of the call.")
    status: Status | None = Field(None, description="Default: the action's first 2xx.")
    output: Json = Field(None, description="The body of the answer.")
    at: Line | None = Field(None, description="The moment of the call (RFC 3339), for laws that read `now`.")
    before: Json = Field(None, description="The resource's last known body, for laws that read `before`.")


class Confirm(Strict):
    """What a person is asked before a write."""

    title: Line | None = Field(None, description="A few words over the question.")
    body: Line = Field(description="The question, with what will happen and what it costs.")


class Texts(Strict):
    """One surface's own wording and names."""

    name: str | None = Field(None, description="In the place of the action's name.")
    title: Line | None = Field(None, description="In the place of the action's title.")
    description: Line | None = Field(None, description="In the place of the action's description.")
    reasoning: Line | list[Line] | None = Field(None, description="What the model is told while it plans.")
    responding: Line | list[Line] | None = Field(None, description="What the model is told while it words its answer.")
    params: dict[str, Line] = Field({}, description="Descriptions of arguments, by name.")


class Signed(Strict):
    """A body whose sender proves itself by a signature instead of a key."""

    header: Name = Field(description="The argument that is the signature's header.")
    scheme: Literal["t_v1_hmac_sha256"] = Field("t_v1_hmac_sha256", description="`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`.")
    role: Name = Field(description="The role (under `auth.roles`) that holds the secret.")
    tolerance_s: Annotated[int, Field(gt=0)] = Field(300, description="How many seconds a signature's time may be off, behind or ahead.")
    otherwise: Name | None = Field(None, description="The code for a signature that does not fit. Default: that of an invalid argument.")


class Action(Cited):
    """One thing an agent can do: how it is called, what it answers, and what must hold."""

    title: Line = Field(description="A few words, as a list of actions shows them.")
    description: Line = Field(description="When to call it, what it does and what it answers: this is what a model reads.")
    http: Annotated[str, StringConstraints(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /[^\s?#]*$")] = Field(
        description="Method and path: `GET /v1/books/{book_id}`."
    )
    operation_id: Name | None = Field(None, description="Default: the action's name in camelCase.")
    effect: Literal["read", "write"] = Field(
        description="Whether a call changes anything. Writes are confirmed, and verified with a test key only."
    )
    costs: bool = Field(False, description="Whether a call moves money.")
    destructive: bool = Field(False, description="Whether a call removes something for good.")
    bucket: Name | None = Field(None, description="The rate-limit bucket (under `limits.buckets`) a call draws from.")
    scope: Name | None = Field(None, description="The scope (under `auth.scopes`) the key's plan must have.")
    key: bool = Field(True, description="False: called without a key.")
    signed: Signed | None = Field(None, description="A call that proves itself by a signature over its body.")
    input: dict[Name, Param] = Field({}, description="Arguments by name.")
    unknown: Literal["refused", "ignored"] | None = Field(None, description="Overrides `behaviour.unknown_member` for this action.")
    output: dict[Status, Output | None] = Field(description="Answers by status.")
    errors: list[Name] = Field(default=[], description="Codes of `errors.codes` that this action may answer besides `errors.always`.")
    idempotency: Name | None = Field(None, description="The argument that is the idempotency key.")
    may_name_none: bool = Field(
        False,
        description="Whether verify may call it without naming an instance, such as with its id left out. A server that is wrong then "
        "may change any: say so only of a server for tests.",
    )
    tenant: bool = Field(False, description="Whether it tells of the caller's project alone: nothing another project does changes it.")
    confirm: Confirm | None = Field(None, description="What a person is asked before the call.")
    laws: dict[Slug, Law] = Field({}, description="What must hold between a call and its answer.")
    relations: dict[Slug, Relation] = Field({}, description="What must hold between two calls that differ in one argument.")
    examples: dict[Slug, Example] = Field(
        {}, description="Calls with their answers, by name: shown in manifests, served by the mock, and every law is tried on them."
    )
    texts: dict[Name, Texts] = Field(default={}, description="Wording for one surface, by its name under `surfaces`.")
    tags: list[str] = Field([], description="Headings in the full OpenAPI document.")
    deprecated: bool = Field(False, description="Whether callers should stop using it.")
    formerly: dict[Name, Day] = Field(
        default={}, description="Names that it had, each with the day until which agents may go on using it: `find_book: 2027-03-01`."
    )
