"""Resources that tests make and undo, and workflows of users, as written in the catalogue."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pgagents.catalogue.language.actions import Law
from pgagents.catalogue.language.basics import (
    Cel,
    Cited,
    Json,
    JsonName,
    Line,
    Member,
    Name,
    Slug,
    Status,
    Strict,
)

CallKey = Literal["found_by", "made_by", "read_by", "listed_by", "undone_by", "moves"]


class CatalogueCall(Strict):
    """An action with its arguments; a string that begins with `=` is an expression."""

    action: Name = Field(description="The action to call.")
    input: dict[str, Json] = Field(
        default={},
        description="Arguments by name; a single expression such as `=env.place` gives all of them.",
    )
    at: Cel | None = Field(
        None,
        description=(
            "An expression for the resource, or the list, in the answer; the default is the whole body. Of "
            "`made_by` whose answer has no body: `location`, the id in its `Location`; `int(location)` if it "
            "is a number."
        ),
    )
    id: Member | None = Field(
        None,
        description="Of a resource's call: the member with the instance's id in this call's answer, if other "
        "calls name it otherwise, such as `silenceID`.",
    )
    where: Cel | None = Field(
        None,
        description=(
            "A condition that selects an item of the list; it reads the item under the resource's name."
        ),
    )
    inferred: bool | None = Field(
        None,
        description="Of a resource's call: true if `pgagents import` concluded it. The default is the "
        "resource's own `inferred`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _whole_input(cls, data: Any) -> Any:
        return (
            {**data, "input": {"*": data["input"]}}
            if isinstance(data, dict) and isinstance(data.get("input"), str)
            else data
        )


class Move(Strict):
    """A state transition of a resource that an action causes, or the states in which it may be called."""

    from_: list[str] = Field(alias="from", description="States in which the action may be called.")
    to: str | None = Field(
        None,
        description="The state afterwards. Without it the action leaves the resource as it is: it makes, "
        "changes or removes what belongs to it, such as a line of an order that is open.",
    )
    has: dict[Name, Name] = Field(
        default={},
        description="Other resources of which it must have an instance, such as lines of an order that is "
        "sent, each with the error code without one.",
    )
    input: dict[str, Json] = Field(
        {},
        description=(
            "Arguments for which the action is this transition. Without one that names the instance, it is "
            "the argument that refers to the resource."
        ),
    )
    otherwise: Name | None = Field(
        None, description="The error code in any other state; needed where `from` leaves one out."
    )
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded it: what contradicts it is odd, not broken.",
    )


class Takes(Strict):
    """A counter of another resource that each instance lowers by one while it lives."""

    of: Name = Field(description="The resource that has the counter.")
    by: JsonName = Field(description="The member with that resource's id.")
    counter: JsonName = Field(description="The member of that resource that is lowered by one.")
    read_by: Name = Field(description="The action that reads the counter.")


class Unique(Cited):
    """Members that no two living instances of a tenant, in the same parent, have together."""

    members: Annotated[list[Name], Field(min_length=1, max_length=4)] = Field(
        description="The members; each is an argument of the making call too."
    )
    otherwise: Name = Field(description="The error code for making a second instance with the same values.")
    overlaps: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        default=[],
        description="The arguments with the start and the end of a time for which an instance has these "
        "values, so that two may share them at other times. One may begin when another ends.",
    )
    stays_taken: bool = Field(
        False, description="True if a removed instance keeps its values, so that no new one gets them."
    )


class TimedMove(Strict):
    """A state transition that happens by itself, without a call."""

    from_: str = Field(alias="from", description="The state before.")
    to: str = Field(description="The state afterwards.")
    at: JsonName = Field(description="The member with the time of the transition.")


class Resource(Cited):
    """A kind of object on the server: how a test finds, makes, reads and undoes one, and its lifecycle."""

    id: Member | Annotated[list[Member], Field(min_length=2, max_length=4)] = Field(
        "id",
        description=(
            "The member with its id, a path such as `meta.id`, or a list of members that form the id "
            "together."
        ),
    )
    found_by: CatalogueCall | None = Field(None, description="A call that finds an existing instance.")
    given: Cel | None = Field(
        None,
        description="An expression over `env` for the id of an instance that is there, where no call lists "
        "or makes one: `env.workspace`.",
    )
    made_by: CatalogueCall | None = Field(
        None,
        description="The call that makes an instance; `=fresh.text`, `.slug`, `.email`, `.uuid`, `.int` and "
        "`.url` are new values for "
        "each call, `=fresh.value` is any value that the schema allows, and the idempotency key is added "
        "automatically.",
    )
    read_by: list[CatalogueCall] = Field([], description="Calls that read an instance.")
    listed_by: list[CatalogueCall] = Field([], description="Calls that list instances.")
    undone_by: CatalogueCall | None = Field(None, description="The call that ends or removes an instance.")
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded it from paths: what contradicts it is odd, not "
        "broken.",
    )
    confirmed: list[CallKey] = Field(
        default=[],
        description="Of an inferred resource: the calls, and `moves`, that an author takes as his own. What "
        "contradicts them is broken, not odd.",
    )
    absent: str | int | dict[JsonName, str | int] | None = Field(
        None, description="A well-formed id that does not exist; a mapping if the id has several members."
    )
    missing: Name | None = Field(None, description="The error code for an id that does not exist.")
    takes: Takes | None = Field(
        None,
        description=(
            "A counter of another resource that an instance lowers, verified only if nobody else uses "
            "the server."
        ),
    )
    expires_by: JsonName | None = Field(
        None, description="The member with the time at which an instance ends by itself."
    )
    within: Name | None = Field(
        None,
        description=(
            "The parent resource, with which an instance is removed, and under which it is addressed if all "
            "its calls name one; the default is the resource in the path of the making call."
        ),
    )
    body_at: Member | None = Field(
        None,
        description=(
            "The path of its members inside what `at` finds, such as JSON:API's `attributes`; members "
            "beside them count too."
        ),
    )
    gone_when: Cel | None = Field(
        None,
        description="A condition for a removed instance that can still be read, such as `resource.deleted`.",
    )
    counts: dict[Name, JsonName] = Field(
        default={},
        description="Resources that live in it, each with its member that is the number of them: "
        "`{comment: comment_count}`.",
    )
    moves_by_time: list[TimedMove] = Field(
        default=[], description="State transitions that happen by themselves."
    )
    unique: list[Unique] = Field(
        default=[],
        description="Members that no two living instances have together, such as an e-mail address, or a "
        "name within one parent.",
    )
    tenant: bool = Field(False, description="True if other projects must not see it.")
    state: JsonName | None = Field(None, description="The member with its state.")
    states: list[str] = Field([], description="All its states.")
    initial: str | None = Field(None, description="The state of a new instance.")
    moves: dict[Name, Move] = Field(
        {},
        description="State transitions by the action that causes them, and actions that only some states "
        "allow.",
    )
    fixed: list[JsonName] = Field(
        default=[], description="Members that never change after the instance is made."
    )
    volatile: list[JsonName] = Field(
        default=[],
        description="Members that may differ between two equal answers, such as a time of reading. No "
        "comparison of answers looks at them.",
    )
    reads_change: list[JsonName] = Field(
        default=[],
        description="Members that reading changes, such as `last_used_at`: a read that changes another one "
        "does more than read.",
    )
    laws: dict[Slug, Law] = Field(
        default={},
        description="Conditions that may read `created`, `read`, `input`, `env` and `surface`, by name. One "
        "that reads neither `created` nor `input` holds of every read, also after a change.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_call(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        lists = {k: [data[k]] for k in ("read_by", "listed_by") if isinstance(data.get(k), dict)}
        return {**data, **lists}


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
HeaderText = Annotated[str, Field(pattern=r"^[!-~]([ -~]{0,254}[!-~])?$")]


class Step(Strict):
    """One call of a workflow."""

    action: Name = Field(description="The action to call.")
    input: dict[str, Json] = Field(
        {},
        description="Arguments, sent as written; strings that begin with `=` are expressions over the "
        "earlier steps, or new values as in `made_by`, such as `=fresh.text`.",
    )
    as_: Name | None = Field(
        None,
        alias="as",
        description="The role whose key makes the call; the default is `main`, and `nobody` sends no key.",
    )
    key: Cel | None = Field(None, description="A key that an earlier step kept, used instead of `as`.")
    via: Name | None = Field(
        None,
        description=(
            "The surface of the call: a dispatcher, or a surface whose headers are sent; the default is REST."
        ),
    )
    headers: dict[HeaderName, HeaderText] = Field(
        {},
        description="Additional headers of the call, such as one that names an end user; one that begins "
        "with `=` is an expression over the earlier steps.",
    )
    after_s: Annotated[float, Field(gt=0)] | Cel | None = Field(
        None,
        description=(
            "Seconds to wait before the call if the server offers a clock; a text is an expression over "
            "the earlier steps."
        ),
    )
    status: Status | None = Field(
        None, description="The expected status; the default is the action's first 2xx status."
    )
    keep: dict[Name, Cel] = Field(
        default={},
        description=(
            "Values to keep for later steps: expressions over `response`, `status` and `headers` (names "
            "in lower case)."
        ),
    )
    expect: list[Cel] = Field([], description="Conditions that must hold after the call.")
    within_s: Annotated[float, Field(gt=0, le=60)] | None = Field(
        None,
        description=(
            "For a read: seconds within which it has its status and the conditions become true; it is "
            "repeated until then."
        ),
    )
    expect_timed: list[Cel] = Field(
        default=[], description="Conditions that are verified only if `after_s` could be waited for."
    )
    expect_alone: list[Cel] = Field(
        default=[], description="Conditions that are verified only if nobody else uses the server."
    )


class Workflow(Cited):
    """A user's task from beginning to end, as a sequence of calls."""

    title: Line = Field(description="A short title.")
    description: Line | None = Field(None, description="Who does it, and why.")
    needs: list[Name] = Field(default=[], description="Roles that the workflow requires.")
    only_verify: bool = Field(
        False,
        description=(
            "True if only `verify` runs it and no manifest mentions it, because it is not a user's task."
        ),
    )
    steps: dict[Name, Step] = Field(min_length=1, description="The calls, in order.")
