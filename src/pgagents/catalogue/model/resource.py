"""Resources, the kinds of objects on the server, and workflows, the tasks of users as sequences of calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.http import text_of
from pgagents.base.places import Pointer, Text
from pgagents.catalogue.model.action import Action, ActionCall, Law, Param
from pgagents.catalogue.model.answers import Code


@dataclass(frozen=True, slots=True)
class Move:
    """A state transition of a resource that an action causes. `otherwise` is the error in any other state,
    if there is one.
    """

    action: Action
    origin_states: tuple[str, ...]
    to: str
    input: Mapping[str, Any]
    otherwise: Code | None
    origin: Pointer
    inferred: bool = False
    """True if it was inferred from names. A contradiction of it is odd, not broken."""


@dataclass(frozen=True, slots=True)
class Need:
    """States of a resource in which an action may be called; `otherwise` is the error in any other state,
    if there is one.

    `parts` are the resources of which the instance must have one, each with the error without one.
    """

    action: Action
    states: tuple[str, ...]
    parts: tuple[tuple[str, Code], ...]
    otherwise: Code | None
    origin: Pointer
    moves: bool
    """True if the action moves the instance, too."""
    input: Mapping[str, Any] = field(default_factory=dict)
    """What the author gives the call; what he leaves out has its usual value."""


@dataclass(frozen=True, slots=True)
class Takes:
    """A capacity of which each living instance takes one.

    The capacity is the member `counter` of the resource `of`. The instance names the other one in its member
    `by`.
    """

    of: str
    by: str
    counter: str
    read_by: Action
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Unique:
    """Members whose values no two living instances share. `otherwise` is the error for the second one.

    `overlaps` are the start and the end of the time for which an instance has them; empty if it is always.
    `stays_taken` is true if a removed instance keeps its values.
    """

    members: tuple[str, ...]
    otherwise: Code
    stays_taken: bool
    overlaps: tuple[str, ...]
    cite: tuple[str, ...]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class TimedMove:
    """A state transition that the server makes by itself, at the time in the member `at`."""

    origin_state: str
    to: str
    at: str
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object on the server, how a test gets an instance, and its life cycle.

    `ids` are dotted paths to the members that form its id together. `absent` is an id that does not exist.
    """

    name: str
    ids: tuple[str, ...]
    found_by: ActionCall | None
    made_by: ActionCall | None
    read_by: tuple[ActionCall, ...]
    listed_by: tuple[ActionCall, ...]
    undone_by: ActionCall | None
    absent: Id | None
    missing: Code | None
    tenant: bool
    state: str | None
    states: tuple[str, ...]
    initial: str | None
    moves: tuple[Move, ...]
    fixed: tuple[str, ...]
    volatile: tuple[str, ...]
    laws: tuple[Law, ...]
    cite: tuple[str, ...]
    origin: Pointer
    takes: Takes | None = None
    expires_by: str | None = None
    """The member with the time at which an instance ends by itself."""
    within: str | None = None
    """The resource that contains instances of this one; None if there is none."""
    placed_by: tuple[str, ...] = ()
    """The containing resources that every call must name with an instance, the outermost first."""
    body_at: str | None = None
    """Path to the instance's members in a response."""
    gone_when: Expression | None = None
    """A condition that is true for a removed instance that the server still returns."""
    moves_by_time: tuple[TimedMove, ...] = ()
    shows_job: tuple[str, ...] = ()
    """The members that change by themselves while a job runs; empty if they show no job."""
    unique: tuple[Unique, ...] = ()
    inferred: bool = False
    """True if a call of the resource was inferred from paths. All that contradicts it is odd, not broken."""
    reads_change: tuple[str, ...] = ()
    """The members that a read may change."""
    needs: tuple[Need, ...] = ()
    """The actions that leave an instance as it is and need it in a state, and those that need a part."""
    counts: tuple[tuple[str, str], ...] = ()
    """The resources inside it of which a member is the number, each with that member."""
    given: Expression | None = None
    """The id of an existing instance, for a resource that no call lists or makes. It reads `env`."""

    @property
    def is_seen_by_guess(self) -> bool:
        """True if a call that makes, reads or lists an instance was inferred."""
        return any(
            call.inferred for call in (self.made_by, *self.read_by, *self.listed_by) if call is not None
        )

    def list_firm(self) -> list[Pointer]:
        """Return the places that are the author's own: calls that no inferred call proves, and what an import
        never concludes.
        """
        own: dict[str, Sequence[ActionCall | None]] = {
            "found_by": (self.found_by,),
            "made_by": (self.made_by,),
            "read_by": self.read_by,
            "listed_by": self.listed_by,
            "undone_by": (self.undone_by,),
        }
        beside = {"read_by": ("made_by",), "listed_by": ("made_by",), "undone_by": ("made_by", "read_by")}
        firm: list[Pointer] = []
        for key, calls in own.items():
            needed = [call for name in (key, *beside.get(key, ())) for call in own[name] if call is not None]
            if any(calls) and not any(call.inferred for call in needed):
                firm.append((*self.origin, key))
        firm += [move.origin for move in self.moves if not move.inferred]
        firm += [need.origin for need in self.needs if not need.moves]
        firm += [law.origin for law in self.laws]
        firm += [unique.origin for unique in self.unique]
        return [*firm, *(move.origin for move in self.moves_by_time)]

    @property
    def id(self) -> str:
        """The member that identifies an instance; the last one if the id has several."""
        return self.ids[-1]

    @property
    def removes(self) -> bool:
        """True if `undone_by` removes the instance for good, instead of changing its state."""
        undo = self.undone_by
        if undo is None or not self.state:
            return undo is not None
        return self.removed_for_good

    @property
    def removed_for_good(self) -> bool:
        """True if the catalogue says that `undone_by` removes the instance, and it is not a state
        transition.
        """
        undo = self.undone_by
        if undo is None or any(move.action is undo.action for move in self.moves):
            return False
        return undo.action.may_remove

    def missing_for(self, param: Param) -> Code | None:
        """Return the error of an id in this argument that does not exist; None if the catalogue
        names none.
        """
        return param.otherwise.get(REFERENCE, self.missing)

    def missing_in(self, action: Action) -> Code | None:
        """Return the action's error for an instance that does not exist; None if it has none."""
        named = (self.missing_for(p) for p in action.params if p.refers_to == self.name)
        return next(named, self.missing)

    def id_of(self, body: Any) -> Id | None:
        """Return the id in a body: a scalar, or a tuple if it has several members.

        None if a member is missing.
        """
        if len(self.ids) == 1:
            value = member_at(body, self.ids[0])
            return value if is_scalar(value) else None
        values = tuple([member_at(body, path) for path in self.ids])
        return values if all(map(is_scalar, values)) else None

    def find_absent_value(self, param: Param) -> str | int | float | None:
        """Return a value for an argument that names no existing instance."""
        if isinstance(self.absent, tuple):
            return (
                self.absent[self.ids.index(param.refers_member)] if param.refers_member in self.ids else None
            )
        return self.absent

    def place_in(self, params: Iterable[Param], values: Mapping[str, Any]) -> str:
        """Return the ids of the containers that a call's arguments name; empty if they name none.

        Ids are unique only within the containers that `placed_by` lists.
        """
        if not self.placed_by:
            return ""
        known = [p for p in params if p.refers_to in self.placed_by]
        in_path = {p.refers_to for p in known if p.place == "path"}  # one beside it moves the instance
        known = [p for p in known if p.place == "path" or p.refers_to not in in_path]
        named = (values.get(str(p.name)) for above in self.placed_by for p in known if p.refers_to == above)
        return "/".join(id_text(value) for value in named if value is not None)

    def id_named(self, params: Iterable[Param], values: Mapping[str, Any]) -> Id | None:
        """Return the id that a call's arguments name; None if a part of it is missing."""
        own = [p for p in params if p.refers_to == self.name]
        by_member = {p.refers_member or self.id: values.get(str(p.name)) for p in own}
        found: tuple[Any, ...] = tuple(by_member.get(member) for member in self.ids)
        if not all(is_scalar(value) for value in found):
            return None
        return found if len(found) > 1 else next(iter(found))

    def value_for(self, param: Param, body: Any) -> Any:
        """Return the value of an argument that names the instance with this body."""
        return member_at(body, param.refers_member or self.id)

    def values_for(self, params: Iterable[Param], body: Any) -> dict[str, Any]:
        """Return the arguments that name the instance with this body, without those that name its
        containers.
        """
        return {str(p.name): self.value_for(p, body) for p in params if p.refers_to == self.name}


REFERENCE = "refers_to"
"""The keyword under which an argument has its error for an id that does not exist."""
_OBJECT = (dict, Mapping)
"""A dictionary comes first, because an abstract class takes long to ask."""
Id = str | int | float | tuple[str | int | float, ...]


def id_text(id: object) -> str:
    """Return an id as one text, for keys and messages: as paths have it, so `10.0` is "10"."""
    return "/".join(map(text_of, id)) if isinstance(id, tuple) else text_of(id)


def is_scalar(value: Any) -> bool:
    """True for a value that can be an id: a non-empty string or a number."""
    return (isinstance(value, str) and value != "") or (
        isinstance(value, int | float) and not isinstance(value, bool)
    )


def member_at(body: Any, path: str) -> Any:
    """Return the member at a dotted path, or None."""
    for step in path.split("."):
        if not isinstance(body, _OBJECT):
            return None
        body = body.get(step)
    return body


def with_member(body: Mapping[str, Any], steps: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a body with another value at a path. Objects on the way are made if they are missing."""
    first, *rest = steps
    inner = body.get(first)
    return {
        **body,
        first: with_member(inner if isinstance(inner, _OBJECT) else {}, rest, value) if rest else value,
    }


def unwrap(item: Any, path: str) -> Any:
    """Return the item with the members of the object at `path` added to its own."""
    inner = member_at(item, path)
    return {**item, **inner} if isinstance(item, Mapping) and isinstance(inner, Mapping) else item


# -- removals by id


def names_instance(resource: Resource) -> bool:
    """True if an argument of `undone_by` refers to a resource, or is computed from the id. True also if there
    is no `undone_by`.
    """
    undo = resource.undone_by
    if undo is None:
        return True
    return any(p.refers_to for p in undo.action.params) or any(
        reads_id(resource, value) for value in undo.input.values()
    )


def reads_id(resource: Resource, value: object) -> bool:
    """True if a value is an expression that reads a member of the resource's id, or the whole instance."""
    if not isinstance(value, Expression):
        return False
    read = [path for name in ("resource", resource.name) if name in value.names for path in value.paths[name]]
    ids = [tuple(id.split(".")) for id in resource.ids]
    return any(path == id[: len(path)] or id == path[: len(id)] for path in read for id in ids)


# -- workflows


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a workflow."""

    name: str
    action: Action
    input: Mapping[str, Any]
    role: str
    after_s: float | Expression
    status: int
    keep: Mapping[str, Expression]
    expect: tuple[Expression, ...]
    expect_timed: tuple[Expression, ...]
    origin: Pointer
    expect_alone: tuple[Expression, ...] = ()
    """Conditions that are certain only while nobody else uses the server."""
    key: Expression | None = None
    """The key for this call, if an earlier step created it."""
    via: str = ""
    """The call's surface: a dispatcher, or a surface whose headers are sent. REST if empty."""
    within_s: float = 0.0
    """Seconds within which the conditions must become true; the call is repeated until then."""
    headers: tuple[tuple[str, str | Expression], ...] = ()
    """Additional headers of the call."""
    status_written: bool = False
    """True if the catalogue's author wrote the status, so that no other one will do."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A user's task from beginning to end, as a sequence of calls."""

    name: str
    title: Text
    description: Text
    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    cite: tuple[str, ...]
    origin: Pointer
    only_verify: bool = False
    """True if the workflow is no user's task, so that only verify runs it."""
