"""Tell which instances a request names, and which of its ids are nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.http import Request
from pgagents.catalogue.harmless.ids import BEYOND, NOBODY, NOBODYS_NUMBER, list_numbers, reads_as_others
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, id_text, member_at, reads_id, with_member
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import (
    MISSING,
    Instance,
    Unavailable,
    above,
    at_path,
    evaluate,
    is_missing,
    is_random_id,
)
from pgagents.verify.fixtures.pool import FixturePool
from pgagents.verify.fixtures.target import Target, is_tried, list_chosen_ids, list_made_by, target_of
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

FAR = 2**31
"""A number above those that made-up values of an argument have."""
LARGE = 10**7
"""A number that nobody gets soon by counting on."""
SHORTEST_CODE = 8
"""The fewest characters of a member that nobody can guess, so that it names one instance."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"\d+")


class NamedInstances:
    """Knows the instances of the run, and the ids that the server or the catalogue says are free."""

    def __init__(self, model: Model, factory: FixtureFactory) -> None:
        self._model, self._factory = model, factory
        self.misread: set[tuple[str, Any]] = set()
        """Made-up ids by which a read has found something, each with its resource."""

    def find(self, action: Action, target: Target, values: Mapping[str, Any]) -> Instance | None:
        """Return the instance that arguments name by its id or another unique member; None if the run knows
        none.
        """
        resource, params = target.resource, action.params
        id = read_id(target, values)
        for other in self.list_kin(resource):
            instance = self._factory.pool.find(other, id, other.place_in(params, values))
            if instance is not None and instance.id == id:
                return instance
        codes = [(member, values.get(str(p.name))) for p, member in target.also]
        told = {member: v for member, v in codes if isinstance(v, str) and len(v) >= SHORTEST_CODE}
        kin = {r.name for r in self.list_kin(resource)}
        own = (t for t in self._factory.pool.instances if t.ours and t.resource.name in kin)
        return next((t for t in own if any(t.body.get(member) == v for member, v in told.items())), None)

    def list_kin(self, resource: Resource) -> list[Resource]:
        """Return the resources that share their ids with this one."""
        return self._by_kind[self._factory.owned.kind_name(resource)]

    @cached_property
    def _by_kind(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self._model.resources.values():
            found.setdefault(self._factory.owned.kind_name(resource), []).append(resource)
        return found

    def may_be_named(self, resource: Resource, param: Param, value: Any) -> bool:
        """True if a write may name this id in an argument: it is the run's own, found, or nobody's."""
        if not isinstance(value, str | int | float):
            return False  # no id is a list or an object
        instances = (self._factory.pool.find(r, value) for r in self.list_kin(resource))
        return any(t is not None and (t.ours or not t.made) for t in instances) or self.is_nobody_elses(
            resource, param, value
        )

    def is_nobody_elses(self, resource: Resource, param: Param, value: Any, place: str = "") -> bool:
        """True if nobody else's instance has this id. An instance of ours, or none, may have it.

        The run made the value up, or it is the catalogue's `absent` value, or the server has said that no
        instance has it. Or it differs from an id of ours only in case or width.
        """
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return False
        if (resource.name, value) in self.misread:
            return False
        if value == resource.find_absent_value(param) or (place, value) in self._factory.missing(resource):
            return True
        if self._model.leaves_open and list_numbers(value) and not isinstance(value, str):
            return False  # the server must say first that nothing has this number
        if self._factory.marks.unguessable(value):
            return not self._model.leaves_open or not list_numbers(value)
        if isinstance(value, int):
            return abs(value) == NOBODYS_NUMBER or value >= BEYOND
        return isinstance(value, str) and (
            (NOBODY in value and not list_numbers(value)) or self._looks_like_ours(resource, value)
        )

    def list_unread(self, setting: Setting, call: Call, values: Mapping[str, Any]) -> list[Resource]:
        """Return the resources of which a write names an instance by an id that no read has asked for.

        Nobody's numbers are far from all that lists show. But a narrow column keeps only a part of them, and
        a lenient server may take a made-up text for an older id.
        """
        endpoint = call.endpoint
        if endpoint is None or endpoint.action.effect != "write":
            return []
        target, found = target_of(setting, endpoint.action), []
        if target is not None and any(may_be_nobodys(call, values.get(str(p.name))) for p in target.named):
            found.append(target.resource)
        if not self._model.leaves_open:
            return found
        named = [(p, target.resource) for p in target.named] if target is not None else []
        chosen = list_chosen_ids(self._model, endpoint.action)
        made = list_made_by(self._model, endpoint.action) if chosen else ()
        for param, resource in [*named, *((p, r) for r in made for p in chosen)]:
            value = values.get(str(param.name))
            far = isinstance(value, int) and not isinstance(value, bool) and abs(value) > FAR
            place = resource.place_in(endpoint.params, values)
            known = self._factory.pool.find(resource, value)
            alike = known is None and self._factory.owned.older_ids(resource).may_be(value)
            tried = known is None and is_tried(resource, endpoint.action)
            if (
                (far or alike or tried)
                and resource not in found
                and (place, value) not in self._factory.missing(resource)
            ):
                found.append(resource)
        return found

    def read_first(
        self, setting: Setting, resource: Resource, endpoint: Endpoint, values: Mapping[str, Any]
    ) -> None:
        """Ask by a read for the ids that a write names, and note those that nothing has."""
        given: dict[str | None, Any] = {
            p.refers_to: values.get(str(p.name)) for p in endpoint.params if p.refers_to
        }
        place = resource.place_in(endpoint.params, values)
        for read in resource.read_by:
            reader = setting.find_usable_lead(str(read.action.name))
            named = [p for p in read.action.params if p.refers_to in given and given[p.refers_to] is not None]
            if reader is None or not any(p.refers_to == resource.name for p in named):
                continue
            if any(p.required and p not in named for p in read.action.params):
                continue
            input = {str(p.name): given.get(p.refers_to) for p in named}
            seen = ask(Call(reader, input, "absent", f"to see that there is no such {resource.name}"))
            if seen.status in MISSING or is_missing(resource, seen):
                self._factory.owned.note_missing(resource, place, given[resource.name])
                return
            shown = resource.id_of(at_path(read, seen)) if seen.success else None
            word = shown is not None and self._factory.pool.find(resource, shown) is None
            if shown not in (None, given[resource.name]) or word:
                self.misread.add((resource.name, given[resource.name]))

    def _looks_like_ours(self, resource: Resource, value: str) -> bool:
        plain = normalize("NFKC", value).strip().casefold()  # full-width letters read as plain ones, too
        kind = self._factory.owned.kind_name(resource)
        ours = (
            t
            for t in self._factory.pool.instances
            if t.ours and self._factory.owned.kind_name(t.resource) == kind
        )
        own = [id_text(t.id) for t in ours]
        return plain in (id.casefold() for id in own) and not reads_as_others(value, own)

    def is_under_nobody(self, endpoint: Endpoint, resource: Resource, values: Mapping[str, Any]) -> bool:
        """True if the call names a container by an id that no instance has, so that it is empty."""
        above = self._model.resources.get(resource.within or "")
        named = [p for p in endpoint.params if above is not None and p.refers_to == above.name]
        return above is not None and any(
            self.is_nobody_elses(above, p, values.get(str(p.name))) for p in named
        )


def may_be_nobodys(call: Call, value: Any) -> bool:
    """True if the author of a step that must be refused wrote an id that a read may show to be nobody's.

    It has no small number, in any reading: somebody may get that before the write.
    """
    told = call.authored and call.intent == "illegal" and not isinstance(value, bool)
    if not told or not isinstance(value, int | str) or not str(value).isascii() or "%" in str(value):
        return False
    text = str(value)
    numbers = list_numbers(text) if _UUID.fullmatch(text) else {int(n) for n in _DIGITS.findall(text[:400])}
    return bool(text) and all(number == 0 or number >= LARGE for number in numbers)


def is_named_in(request: Request, target: Target, instance: Instance) -> bool:
    """True if the request contains the instance's id or its code, even if the request is malformed
    otherwise.
    """
    said = (
        unquote(request.target)
        + "\n"
        + request.body.decode(errors="replace")
        + "\n".join(v for _, v in request.headers)
    )
    ids = instance.id if isinstance(instance.id, tuple) else (instance.id,)
    codes = [
        str(instance.body[member]) for _, member in target.also if isinstance(instance.body.get(member), str)
    ]
    return all(id_text(part) in said for part in ids) or any(
        len(code) >= SHORTEST_CODE and code in said for code in codes
    )


# -- the instance that a write names: by its id, under another parent, or by a text made from its id


def read_id(target: Target, values: Mapping[str, Any]) -> Any:
    """Return the id that the arguments give: a tuple if the id has several members."""
    resource = target.resource
    if len(resource.ids) == 1:
        return values.get(str(target.named[-1].name))
    by_member = {p.refers_member or resource.id: values.get(str(p.name)) for p in target.named}
    return tuple(by_member.get(member) for member in resource.ids)


def is_ours_elsewhere(
    model: Model, pool: FixturePool, endpoint: Endpoint, target: Target, values: Mapping[str, Any]
) -> bool:
    """True if a call gives the id of one of our instances under another parent that is ours, and ids are
    never reused.

    Such a call can only affect instances of this run.
    """
    resource = target.resource
    if not resource.placed_by:
        return False
    id = read_id(target, values)
    found = pool.find(resource, id)
    if found is None or not found.ours or found.id != id or not is_random_id(id_text(id)):
        return False
    named = {p.refers_to: values.get(str(p.name)) for p in endpoint.params if p.refers_to}
    parents = [pool.find(model.resources[name], named.get(name)) for name in resource.placed_by]
    return parents[-1] is not None and parents[-1].ours


def is_removal_of(instance: Instance, call: Call, values: Mapping[str, Any], env: Mapping[str, Any]) -> bool:
    """True if a clean-up call is exactly the `undone_by` of this instance and names it by its whole id.

    `'="box/" + resource.id'` names it as surely as the id alone: another id would change that one place.
    """
    undo = instance.resource.undone_by
    if undo is None or call.endpoint is None or call.endpoint.action is not undo.action:
        return False
    if call.intent != "clean" or not call.raw.is_empty or call.twist:
        return False
    try:
        usual = _evaluate(instance, instance.body, undo.input, env)
        return all(values.get(name) == value for name, value in usual.items()) and all(
            _holds(instance, member, usual, undo.input, env) for member in instance.resource.ids
        )
    except Unavailable:
        return False


def _evaluate(
    instance: Instance, body: Mapping[str, Any], input: Mapping[str, Any], env: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments computed from the id, as they are for a body. Raises Unavailable."""
    resource = instance.resource
    names = {parent.resource.name: parent.body for parent in above(instance)}
    scope = Scope({**names, "env": env, "resource": body, resource.name: body})
    return {name: evaluate(scope, value) for name, value in _computed(resource, input)}


def _computed(resource: Resource, input: Mapping[str, Any]) -> Iterator[tuple[str, Expression]]:
    return (
        (name, value)
        for name, value in input.items()
        if isinstance(value, Expression) and reads_id(resource, value)
    )


def _holds(
    instance: Instance,
    member: str,
    usual: Mapping[str, Any],
    input: Mapping[str, Any],
    env: Mapping[str, Any],
) -> bool:
    """True if an argument has a member of the id in one place, and another id would only change that place.

    Raises Unavailable.
    """
    id = member_at(instance.body, member)
    if isinstance(id, bool) or not isinstance(id, str | int | float) or not id_text(id).strip("./"):
        return False
    other: str | int = NOBODY if isinstance(id, str) else NOBODYS_NUMBER
    changed = _evaluate(instance, with_member(instance.body, member.split("."), other), input, env)
    return any(_replaces(*(id_text(v) for v in (usual[name], changed[name], id, other))) for name in usual)


def _replaces(before: str, after: str, id: str, other: str) -> bool:
    places = (place for place in range(len(before)) if before.startswith(id, place))
    return any(before[:place] + other + before[place + len(id) :] == after for place in places)
