"""Find the places in answers that represent an instance by its id, and the schemas of their members.

Two members with the same name, description and type must have the same value for the same instance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.reading import place_of
from pgagents.base.jsonschema.combine import list_parts
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.verify.fixtures.target import is_made_by, list_fellows, list_involved, list_removed, shows_moved
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.exchange import Exchange

Path = tuple[str, ...]
EACH = "[]"
"""A step of a path: every item of a list."""
DEEPEST = 6
_OF_TIMES = ("date", "date-time")
OWN_ID = "id"


@dataclass(frozen=True, slots=True)
class Representation:
    """Objects at `path` in an action's answer that represent an instance of `kind`; their member `id` is its
    id.

    `words` gives each member's description and type. `direct` is true if the answer depends on the instance
    alone: the call named no other, or made or changed this one.
    """

    action: str
    kind: str
    path: Path
    id: str
    words: Mapping[str, str]
    direct: bool
    writes: bool
    makes: bool
    """True if the action makes the instance, or makes one of another resource from it, such as a bill from an
    order.
    """


def represent(setting: Setting, action: str) -> tuple[Representation, ...]:
    """Return what the answers of an action represent."""

    def find() -> tuple[Representation, ...]:
        declared = next((a for a in setting.model.actions if a.name == action), None)
        referred = setting.compute_once("references", lambda: references(setting.model))
        return representations_of(setting, declared, referred) if declared is not None else ()

    return setting.compute_once(("representations", str(action)), find)


def representations_of(
    setting: Setting, action: Action, referred: Mapping[str, Resource]
) -> tuple[Representation, ...]:
    """Return all representations in the successful answer of an action; `referred` comes from
    `references`.
    """
    schema, model = action.success.schema, setting.model
    single = [r for r in list_involved(model, action) if r.ids == (r.id,)]
    held = [(r, places) for r in single if (places := _places(model, r, action))]
    return tuple(_find_representations(setting, action, plain(schema), (), referred, held)) if schema else ()


def references(model: Model) -> dict[str, Resource]:
    """Map each argument that is named after an id, such as `order_id`, to the resource with that id.

    Arguments that are plainly called like the resource or its role, such as `order` or `owner`, are left out.
    A member of that name says to what an object belongs, and the other members are not about it.
    """
    named = {
        (str(p.name), p.refers_to)
        for a in model.actions
        for p in a.params
        if p.refers_to and _is_named_after_id(p, model)
    }
    return {
        name: r
        for r in reversed(list(model.resources.values()))
        for name, other in named
        if other == r.name and len(r.ids) == 1
    }


def _is_named_after_id(param: Param, model: Model) -> bool:
    resource = model.resources.get(param.refers_to or "")
    id = param.refers_member or (resource.id if resource is not None else "")
    return str(param.name).lower().endswith(id.rpartition(".")[2].lower())


def _find_representations(
    setting: Setting,
    action: Action,
    written: Mapping[str, Any],
    path: Path,
    referred: Mapping[str, Resource],
    held: Sequence[tuple[Resource, set[Path]]],
) -> Iterator[Representation]:
    """Yield what a part of an answer represents; `held` are the resources in the answer with their places."""
    model = setting.model
    schema = resolve(written, model.schemas)
    if len(path) > DEEPEST:
        return
    members = _members(model, schema)
    own = next((r for r, places in held if path in places and _find_id_member(r, action) in members), None)
    if own is not None:
        kind = kind_of(setting, own)
        makes = any(is_made_by(r, action) for r in list_alike(setting, kind))
        yield _telling(model, action, kind, path, _find_id_member(own, action), members, makes=makes)
    for name in members:
        other = referred.get(name)
        itself = own or _find_itself(setting, members)
        apart = itself is None and name != OWN_ID and OWN_ID in members  # an instance of a kind not declared
        if other is not None and not apart and (itself is None or is_made_by(itself, action)):
            kept = _list_facts(model, action, members, own, itself)
            yield _telling(model, action, kind_of(setting, other), path, name, kept, makes=False)
    for name, member in members.items():
        yield from _find_representations(setting, action, member, (*path, name), referred, held)
    if isinstance(schema.get("items"), Mapping):
        yield from _find_representations(setting, action, schema["items"], (*path, EACH), referred, held)


def _list_facts(
    model: Model, action: Action, members: Mapping[str, Any], own: Resource | None, itself: Resource | None
) -> dict[str, Mapping[str, Any]]:
    """Return the members of an object that may be facts of the instance that it refers to.

    Members that the caller sent are facts of the object itself. Of a declared instance, only fixed members
    with a description of their own may come from elsewhere, such as the price of a sold thing: a part's
    `total` that nothing describes is its own. So are its id and its times, such as `created_at`.
    """
    sent = {str(p.name) for p in action.params} if itself is not None else set()
    facts = {m: s for m, s in members.items() if m not in sent}
    if own is None:
        return facts
    elsewhere = (m for m in facts if m in own.fixed and m not in own.ids and "description" in facts[m])
    return {m: facts[m] for m in elsewhere if resolve(facts[m], model.schemas).get("format") not in _OF_TIMES}


def _find_id_member(resource: Resource, action: Action) -> str:
    """Return the member with an instance's id in an action's answer; a create may name it otherwise."""
    made = resource.made_by
    return made.id_at[1] if made is not None and made.action is action and made.id_at else resource.id


def _find_itself(setting: Setting, members: Mapping[str, Any]) -> Resource | None:
    """Return the resource that an inner object represents, recognised by the description of the object's id.

    The members of the inner object are facts about this resource. A refund's time is not the time of the
    payment that the refund names.
    """
    model = setting.model

    def index() -> tuple[frozenset[str], Mapping[tuple[str, str], tuple[int, Resource]]]:
        found: dict[tuple[str, str], tuple[int, Resource]] = {}
        for number, resource in enumerate(model.resources.values()):
            made = resource.made_by
            if made is None or made.action.success.schema is None:
                continue
            for path in _places(model, resource, made.action):
                own = _members(model, _inside(model, plain(made.action.success.schema), path))
                if resource.id in own:
                    key = (resource.id, _words(model, own[resource.id]))
                    found.setdefault(key, (number, resource))
        return frozenset(name for name, _ in found), found

    names, described = setting.compute_once("resources by id", index)
    keys = ((name, _words(model, member)) for name, member in members.items() if name in names)
    known = [described[key] for key in keys if key in described]
    return min(known, key=lambda one: one[0])[1] if known else None


def _inside(model: Model, schema: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Return the schema at a path."""
    here = resolve(schema, model.schemas)
    for step in path:
        inner = here.get("items", {}) if step == EACH else _members(model, here).get(step, {})
        here = resolve(inner, model.schemas)
    return here


def _members(model: Model, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an object's schema, those under `allOf` included."""
    parts = [part.get("properties", {}) for part in list_parts(schema, model.schemas)]
    return {name: member for part in reversed(parts) for name, member in part.items()}


def _telling(
    model: Model, action: Action, kind: str, path: Path, id: str, members: Mapping[str, Any], *, makes: bool
) -> Representation:
    words = {
        name: _words(model, member)
        for name, member in members.items()
        if name != id and name not in model.secrets
    }
    named = all(p.refers_to for p in action.params if p.required) and any(p.required for p in action.params)
    writes = action.effect == "write"
    return Representation(
        str(action.name), kind, path, id, words, writes or (named and EACH not in path), writes, makes
    )


def _words(model: Model, member: Mapping[str, Any]) -> str:
    """Return the description, type, format and values of a member as one text, to compare members by."""
    schema = resolve(member, model.schemas)
    said = {k: schema.get(k) for k in ("description", "type", "format", "enum", "const")}
    said["description"] = member.get(
        "description", said["description"]
    )  # beside a reference, the member's own
    return json.dumps(said, sort_keys=True, default=str)


def _places(model: Model, resource: Resource, action: Action) -> set[Path]:
    """Return the paths at which an action's answer holds instances of this resource."""
    found: set[Path] = set()
    fallback = resource.made_by.at if resource.made_by else None
    for call in (
        resource.made_by,
        resource.found_by,
        resource.undone_by,
        *resource.read_by,
        *resource.listed_by,
    ):
        if call is not None and call.action is action and (at := call.at) is not None:
            found |= _path(at, listed=call in resource.listed_by or call is resource.found_by)
    if fallback is not None and shows_moved(model, resource, action):
        found |= _path(fallback, listed=False)
    return found


def _path(at: Expression, *, listed: bool) -> set[Path]:
    name, *steps = place_of(at.tree) or ("",)
    item = isinstance(steps[-1] if steps else None, int)
    members = tuple(step for step in (steps[:-1] if item else steps) if isinstance(step, str))
    if name != "response" or len(members) != len(steps) - item:
        return set()
    return {(*members, EACH) if listed or item else members}


def kind_of(setting: Setting, resource: Resource) -> str:
    """Return a common name for all resources that are the same kind of instance.

    Two resources are the same kind if one action finds, makes or reads instances of both.
    """
    return setting.compute_once("kinds", lambda: _kinds(setting.model))[resource.name]


def list_alike(setting: Setting, kind: str) -> tuple[Resource, ...]:
    """Return the resources of a kind."""

    def group() -> Mapping[str, tuple[Resource, ...]]:
        found: dict[str, tuple[Resource, ...]] = {}
        for resource in setting.model.resources.values():
            name = kind_of(setting, resource)
            found[name] = (*found.get(name, ()), resource)
        return found

    return setting.compute_once("alike by kind", group).get(kind, ())


def _kinds(model: Model) -> dict[str, str]:
    ways = {r.name: _ways(r) for r in model.resources.values()}
    return {
        name: next((other for other, theirs in ways.items() if theirs & own), name)
        for name, own in ways.items()
    }


def _ways(resource: Resource) -> set[str]:
    calls = (resource.found_by, resource.made_by, *resource.read_by)
    return {str(call.action.name) for call in calls if call is not None}


def objects_at(body: Any, path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the objects at a path of an answer's body."""
    if not path:
        if isinstance(body, Mapping):
            yield body
    elif path[0] == EACH:
        for item in body if isinstance(body, list) else ():
            yield from objects_at(item, path[1:])
    elif isinstance(body, Mapping):
        yield from objects_at(body.get(path[0]), path[1:])


# -- members that can be compared: common, lasting and volatile ones


def list_common(setting: Setting, one: Representation, other: Representation) -> tuple[str, ...]:
    """Return the members that both representations describe in the same words.

    One of the two answers must depend on the instance alone; else return none.
    """
    if (
        one.action == other.action
        or one.kind != other.kind
        or not (one.direct or other.direct)
        or (one.writes and other.writes)
    ):
        return ()

    def find() -> tuple[str, ...]:
        alike = list_alike(setting, one.kind)
        moving = {member for r in alike for member in r.shows_job}
        return tuple(n for n, words in one.words.items() if other.words.get(n) == words and n not in moving)

    key = ("comparable", "common", one.action, one.path, one.id, other.action, other.path, other.id)
    return setting.compute_once(key, find)


def find_lasting(setting: Setting, old: Representation) -> frozenset[str]:
    """Return the members that never change after the first answer.

    If calls make the resource, these are the fixed members of its maker; else all except the volatile ones.
    """

    def find() -> frozenset[str]:
        alike = list_alike(setting, old.kind)
        if any(r.made_by for r in alike):
            makes = [r for r in alike if r.made_by is not None and r.made_by.action.name == old.action]
            return frozenset(m for r in makes for m in r.fixed)
        return frozenset(old.words) - {m for r in alike for m in r.volatile}

    return setting.compute_once(("comparable", "lasting", old.kind, old.action, old.path, old.id), find)


# -- how answers represented each instance


MOST_KNOWN = 2_000


@dataclass(slots=True)
class ShownInstance:
    """The representation of an instance in one answer; `written` is the number of writes before it, and
    `number` that of its exchange.
    """

    representation: Representation
    body: Mapping[str, Any]
    written: int
    at: float
    number: int
    place: str = ""
    accepted: bool = False
    """True if the answer had the status 202: the server goes on with its work."""
    changing: bool = False
    """True if a change of such an instance was only accepted (202), so that it may come at any time."""


@dataclass(slots=True)
class ShownInstances:
    """The last representation of each instance, by kind and id, and by action.

    `number` is the number of the last exchange judged. `moving` has members by kind that changed between two
    answers of one action without a write, and `steady` those by kind and action that did not.
    """

    shown: dict[tuple[str, str], dict[str, ShownInstance]]
    moving: set[tuple[str, str]] = field(default_factory=set)
    steady: set[tuple[str, str, str]] = field(default_factory=set)
    changing: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """By kind, the instances of which a change was only accepted: the member that names them, and the id."""
    unsettled: dict[str, int] = field(default_factory=dict)
    """By kind, the number of the last exchange with which a change of unnamed instances was accepted."""
    written: int = 0
    number: int = 0


def forget_removed(setting: Setting, exchange: Exchange, facts: ShownInstances) -> None:
    """Forget the instance that a call removes, even if it got no answer, because its id may be reused.

    It forgets instances that may refer to the removed one, because a server may remove both.
    """
    for gone, place, id in list_removed(setting, exchange):
        if gone.removes:
            shown = facts.shown.pop((kind_of(setting, gone), f"{place} {id}"), None)
            if shown is not None:
                fellows = {
                    kind_of(setting, setting.model.resources[name])
                    for name in list_fellows(setting.model, gone)
                }
                for key in [key for key in facts.shown if key[0] in fellows]:
                    del facts.shown[key]


def is_uncertain(memory: Memory, new: ShownInstance) -> bool:
    """True if the instance may have been removed, so that another instance may have its id."""
    id = new.body.get(new.representation.id)
    return any(
        known == id_text(id) and place == new.place
        for name, place, known in memory.uncertain
        if kind_of(memory.setting, memory.model.resources[name]) == new.representation.kind
    )


def find_place(setting: Setting, kind: str, exchange: Exchange) -> str:
    """Return within what the ids of a kind in an exchange are unique."""
    alike = list_alike(setting, kind)
    inner = next((resource for resource in alike if resource.within is not None), None)
    return setting.find_scope(inner or alike[0], exchange) if alike else ""


def forget_all(facts: ShownInstances) -> None:
    """Forget all facts except those from creates, some of which never change."""
    made = {
        key: {by: shown for by, shown in known.items() if shown.representation.makes}
        for key, known in facts.shown.items()
    }
    kept = [(key, known) for key, known in made.items() if known]
    facts.shown = dict(kept[-MOST_KNOWN // 2 :])
