"""What tests make and undo, and what users do, as they are written."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from pgagents.catalogue.language.actions import Law
from pgagents.catalogue.language.basics import Cel, Cited, Json, Line, Member, Name, Slug, Status, Strict


class CatalogueCall(Strict):
    """An action with its arguments; a string that begins with `=` is an expression."""

    action: Name = Field(description="The action to call.")
    input: dict[str, Json] = Field(default={}, description="Arguments by name; `=env.place` alone lays in a whole mapping.")
    at: Cel | None = Field(
        None, description="Where the answer has the resource, or the list of them. Default: the whole body is the resource, or the list."
    )
    where: Cel | None = Field(None, description="Which item of the list will do; an item is read through the resource's name.")

    @model_validator(mode="before")
    @classmethod
    def _whole_input(cls, data: Any) -> Any:
        return {**data, "input": {"*": data["input"]}} if isinstance(data, dict) and isinstance(data.get("input"), str) else data


class Move(Strict):
    """What an action does to a resource's state."""

    from_: list[str] = Field(alias="from", description="States in which the action may be called.")
    to: str = Field(description="The state afterwards.")
    input: dict[str, Json] = Field({}, description="Arguments that make it this move.")
    otherwise: Name = Field(description="The code from any other state.")


class Takes(Strict):
    """One of these lowers a counter of another resource while it lives, and gives it back."""

    of: Name = Field(description="The resource it takes from.")
    by: Name = Field(description="The member that holds that resource's id.")
    counter: Name = Field(description="The member of that resource that falls by one.")
    read_by: Name = Field(description="The action that reads the counter.")


class TimedMove(Strict):
    """A state that ends by itself, without a call."""

    from_: str = Field(alias="from", description="The state before.")
    to: str = Field(description="The state afterwards.")
    at: Name = Field(description="The member that says when.")


class Resource(Cited):
    """A kind of thing: how a test finds, makes, reads back and undoes one, and its lifecycle."""

    id: Member | Annotated[list[Member], Field(min_length=2, max_length=4)] = Field(
        "id",
        description="The member that is its id, a text or a number; a path such as `meta.id`; or a list of members that "
        "are the id together.",
    )
    found_by: CatalogueCall | None = Field(None, description="A call that finds one that is there.")
    made_by: CatalogueCall | None = Field(
        None,
        description="The call that makes one. `=fresh.text`, `.slug`, `.email`, `.uuid`, `.int` and `.url` are values that are new "
        "for each. The idempotency key is not named here: each call gets one of its own.",
    )
    read_by: list[CatalogueCall] = Field([], description="Calls that read one back.")
    listed_by: list[CatalogueCall] = Field([], description="Calls that list them.")
    undone_by: CatalogueCall | None = Field(None, description="The call that ends or removes one.")
    absent: str | int | dict[Name, str | int] | None = Field(
        None, description="A well-formed id that no such thing has, of the id's type; a mapping where the id is a list of members."
    )
    missing: Name | None = Field(None, description="The code for an id that does not exist.")
    takes: Takes | None = Field(None, description="What one of these takes up elsewhere, judged where the target is exclusive.")
    expires_by: Name | None = Field(None, description="The member that says when it ends by itself.")
    within: Name | None = Field(
        None,
        description="The resource that one of these lives in: it is always addressed under the parent that it was made under, "
        "and goes with it. Default: what the making call has in its path.",
    )
    body_at: Member | None = Field(
        None, description="Where its members stand inside what `at` finds, as in JSON:API's `attributes`; those beside them count too."
    )
    gone_when: Cel | None = Field(None, description="What holds of one that was removed and can still be read: `resource.deleted`.")
    moves_by_time: list[TimedMove] = Field(default=[], description="Which states end by themselves, and when.")
    tenant: bool = Field(False, description="Whether another project must not see it.")
    state: Name | None = Field(None, description="The member that holds its state.")
    states: list[str] = Field([], description="All its states.")
    initial: str | None = Field(None, description="The state of one that was just made.")
    moves: dict[Name, Move] = Field({}, description="Which action moves it from which states to which.")
    fixed: list[Name] = Field(default=[], description="Members that never change once made.")
    volatile: list[Name] = Field(default=[], description="Members left out when one call is compared over two surfaces.")
    laws: dict[Slug, Law] = Field(default={}, description="May read created, read, input, env.")

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

    action: Name = Field(description="The action it calls.")
    input: dict[str, Json] = Field({}, description="Arguments; those that begin with `=` are expressions over the steps before.")
    as_: Name | None = Field(None, alias="as", description="The role whose key makes the call. Default: main.")
    key: Cel | None = Field(None, description="The key that makes the call, kept from a step before; instead of `as`.")
    via: Name | None = Field(
        None, description="The surface it is called through: a dispatcher, or one whose headers go with the call. Default: REST."
    )
    headers: dict[HeaderName, HeaderText] = Field(
        {}, description="Further headers that go with the call, such as one that names an end user."
    )
    after_s: Annotated[float, Field(gt=0)] | Cel | None = Field(
        None, description="Seconds to let pass before it, where the server offers a clock; a text is an expression over the steps before."
    )
    status: Status | None = Field(None, description="The status expected. Default: the action's first 2xx.")
    keep: dict[Name, Cel] = Field(
        default={}, description="Values to keep for later steps, as expressions of response, status and headers (names in lower case)."
    )
    expect: list[Cel] = Field([], description="What must hold afterwards.")
    within_s: Annotated[float, Field(gt=0, le=60)] | None = Field(
        None, description="For a read: seconds in which what must hold may come true; it is called again until then."
    )
    expect_timed: list[Cel] = Field(default=[], description="Claimed only where `after_s` could pass.")
    expect_alone: list[Cel] = Field(default=[], description="Claimed only where nobody else uses the server.")


class Workflow(Cited):
    """What a user does from beginning to end."""

    title: Line = Field(description="A few words on it.")
    description: Line | None = Field(None, description="Who does it, and why.")
    needs: list[Name] = Field(default=[], description="Roles without which it cannot run.")
    only_verify: bool = Field(False, description="It is no work of a user's: verify runs it, and no manifest tells of it.")
    steps: dict[Name, Step] = Field(min_length=1, description="What is called, in order.")
