"""Tell which instances a request names, and which of its ids are nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from pgagents.http import Request
from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.model.model import Model
from pgagents.model.resource import Resource, id_text
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.named_ids import read_id
from pgagents.verify.fixtures.target import NOBODY, NOBODYS_NUMBER, Target
from pgagents.verify.wire.endpoint import Endpoint

BEYOND = 2**63
"""A whole number above every id: no column of whole numbers holds one so large."""
SHORTEST_CODE = 8
"""The fewest characters of a member that nobody can guess, so that it names one instance."""


class NamedInstances:
    """Knows the instances of the run, and the ids that the server or the catalogue says are free."""

    def __init__(self, model: Model, factory: FixtureFactory) -> None:
        self._model, self._factory = model, factory

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
        if (
            value == resource.find_absent_value(param)
            or self._factory.marks.unguessable(value)
            or (place, value) in self._factory.missing(resource)
        ):
            return True
        if NOBODY in str(value) or (
            isinstance(value, int) and (abs(value) == NOBODYS_NUMBER or value >= BEYOND)
        ):
            return True
        return isinstance(value, str) and self._looks_like_ours(resource, value)

    def _looks_like_ours(self, resource: Resource, value: str) -> bool:
        plain = normalize("NFKC", value).strip().casefold()  # full-width letters read as plain ones, too
        kind = self._factory.owned.kind_name(resource)
        ours = (
            t
            for t in self._factory.pool.instances
            if t.ours and self._factory.owned.kind_name(t.resource) == kind
        )
        return any(plain == id_text(t.id).casefold() for t in ours)

    def is_under_nobody(self, endpoint: Endpoint, resource: Resource, values: Mapping[str, Any]) -> bool:
        """True if the call names a container by an id that no instance has, so that it is empty."""
        above = self._model.resources.get(resource.within or "")
        named = [p for p in endpoint.params if above is not None and p.refers_to == above.name]
        return above is not None and any(
            self.is_nobody_elses(above, p, values.get(str(p.name))) for p in named
        )


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
    return all(str(part) in said for part in ids) or any(
        len(code) >= SHORTEST_CODE and code in said for code in codes
    )
