"""Find the places in answers that represent an instance by its id, and the schemas of their members.

Two members with the same name, description and type must have the same value for the same instance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.cel.reading import place_of
from pgagents.jsonschema.joined import list_parts
from pgagents.jsonschema.schema import resolve
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.source.origin import plain
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.target import is_made_by

Path = tuple[str, ...]
EACH = "[]"
"""A step of a path: every item of a list."""
DEEPEST = 6


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


def representations_of(
    setting: Setting, action: Action, referred: Mapping[str, Resource]
) -> tuple[Representation, ...]:
    """Return all representations in the successful answer of an action; `referred` comes from
    `references`.
    """
    schema = action.success.schema
    return tuple(_find_representations(setting, action, plain(schema), (), referred)) if schema else ()


def references(model: Model) -> dict[str, Resource]:
    """Map each argument that is named after an id, such as `order_id`, to the resource with that id."""
    named = {(str(p.name), p.refers_to) for a in model.actions for p in a.params if p.refers_to}
    return {
        name: r
        for r in reversed(list(model.resources.values()))
        for name, other in named
        if other == r.name and len(r.ids) == 1
    }


def _find_representations(
    setting: Setting, action: Action, written: Mapping[str, Any], path: Path, referred: Mapping[str, Resource]
) -> Iterator[Representation]:
    model = setting.model
    schema = resolve(written, model.schemas)
    if len(path) > DEEPEST:
        return
    members = _members(model, schema)
    own = next(
        (
            r
            for r in model.resources.values()
            if r.ids == (r.id,) and _find_id_member(r, action) in members and path in _places(r, action)
        ),
        None,
    )
    if own is not None:
        kind = kind_of(setting, own)
        makes = any(is_made_by(r, action) for r in model.resources.values() if kind_of(setting, r) == kind)
        yield _telling(model, action, kind, path, _find_id_member(own, action), members, makes=makes)
    for name in members:
        other = referred.get(name)
        itself = own or _find_itself(model, members)
        if other is not None and (itself is None or is_made_by(itself, action)):
            kept = {m: s for m, s in members.items() if own is None or m in own.fixed}
            yield _telling(model, action, kind_of(setting, other), path, name, kept, makes=False)
    for name, member in members.items():
        yield from _find_representations(setting, action, member, (*path, name), referred)
    if isinstance(schema.get("items"), Mapping):
        yield from _find_representations(setting, action, schema["items"], (*path, EACH), referred)


def _find_id_member(resource: Resource, action: Action) -> str:
    """Return the member with an instance's id in an action's answer; a create may name it otherwise."""
    made = resource.made_by
    return made.id_at[1] if made is not None and made.action is action and made.id_at else resource.id


def _find_itself(model: Model, members: Mapping[str, Any]) -> Resource | None:
    """Return the resource that an inner object represents, recognised by the description of the object's id.

    The members of the inner object are facts about this resource. A refund's time is not the time of the
    payment that the refund names.
    """
    for resource in model.resources.values():
        made = resource.made_by
        if made is None or resource.id not in members or made.action.success.schema is None:
            continue
        for path in _places(resource, made.action):
            own = _members(model, _inside(model, plain(made.action.success.schema), path))
            if resource.id in own and _words(model, own[resource.id]) == _words(model, members[resource.id]):
                return resource
    return None


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
    return json.dumps(said, sort_keys=True, default=str)


def _places(resource: Resource, action: Action) -> set[Path]:
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
    if fallback is not None and any(move.action is action for move in resource.moves):
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
