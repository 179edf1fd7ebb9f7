"""Find the stored instance that the arguments of a call name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.model.model import Model
from pgagents.model.resource import Resource, id_text, member_at
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.makers import makes
from pgagents.sandbox.mock.rows import RowKey

Chosen = dict[str, Any]
"""Values of the id's members, by member."""


class Naming:
    """Find the ids in calls, by the catalogue's resources."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._resources = list(model.resources.values())

    def key(self, resource: Resource, call: AcceptedCall, id: Any) -> RowKey:
        """Return the key of the instance with this id in the place that the call names."""
        place = resource.place_in(call.action.params, call.input)
        return RowKey(resource.name, id_text(id), tenant_of(resource, call), place)

    def key_by(self, resource: Resource, call: AcceptedCall, members: Mapping[str, str]) -> RowKey | None:
        """Return the key that arguments name, by the member for each argument; None if a member is
        missing.
        """
        by_member = {member: call.input.get(argument) for argument, member in members.items()}
        values = tuple(by_member.get(member) for member in resource.ids)
        return None if None in values else self.key(resource, call, _joined(values))

    def home(self, resource: Resource, params: Iterable[Param], values: Mapping[str, Any]) -> str:
        """Return the place of a new instance: the ids of its containers in the call that makes it."""
        params = tuple(params)
        above = self._model.resources.get(resource.within or "")
        if resource.placed_by or above is None:
            return resource.place_in(params, values)
        named = [values.get(str(p.name)) for p in params if p.refers_to == above.name]
        return "/".join(str(value) for value in named if value is not None)

    def chosen(self, resource: Resource, call: AcceptedCall) -> Chosen:
        """Return the members of a new instance's id that the caller chose."""
        found: Chosen = {}
        for param in call.action.params:
            name, value = str(param.name), call.input.get(param.name)
            own = param.refers_to == resource.name and self.is_made_at(resource, call.action, param)
            member = param.refers_member or resource.id if own else name
            if value is not None and member in resource.ids:
                found[member] = value
        return found

    def is_made_at(self, resource: Resource, action: Action, param: Param) -> bool:
        """True if a PUT makes an instance at the path that ends with this argument."""
        ends = str(action.path).endswith("{" + param.wire + "}") or param.refers_member != ""
        return action.method == "PUT" and ends and makes(self._model, resource, action)

    def in_path(self, action: Action, param: Param) -> Resource | None:
        """Return the resource whose path is the beginning of the action's, up to this argument.

        For `/items/{id}/notes` it is the resource with the path `/items/{id}`.
        """
        beginning, mark, _ = str(action.path).partition("{" + param.wire + "}")
        for resource in self._resources if mark else ():
            if any(
                p.wire == param.wire and str(own.path) == beginning + mark
                for own, p, _ in self.list_arguments(resource)
            ):
                return resource
        return None

    def key_in_path(self, resource: Resource, call: AcceptedCall) -> RowKey | None:
        """Return the key that the path of a call names, as the resource's own calls do."""
        members = {p.wire: member for _, p, member in self.list_arguments(resource) if p.place == "path"}
        named = {str(p.name): members[p.wire] for p in call.action.params if p.wire in members}
        return self.key_by(resource, call, named)

    def key_of_reference(self, resource: Resource, call: AcceptedCall, param: Param) -> RowKey | None:
        """Return the key that an argument refers to. If the id has several members, other arguments complete
        it.
        """
        if not param.refers_to:
            return self.key_in_path(resource, call)
        if len(resource.ids) == 1:
            return self.key(resource, call, call.input.get(param.name))
        params = (p for p in call.action.params if p.refers_to == resource.name)
        return self.key_by(resource, call, {str(p.name): p.refers_member for p in params})

    def list_arguments(self, resource: Resource) -> list[tuple[Action, Param, str]]:
        """Return the arguments that name a resource, each with its action and the id's member."""
        return [
            (action, param, member)
            for action, name, member in self._list_named(resource)
            if member in resource.ids and (param := action.param(name)) is not None
        ]

    def _list_named(self, resource: Resource) -> Iterator[tuple[Action, str, str]]:
        for call in filter(None, (*resource.read_by, resource.undone_by)):
            for name, member in places.id_argument(call, resource).items():
                yield call.action, name, member
        for move in resource.moves:
            for name, member in places.names_of(move.input).items():
                yield move.action, name, member


def tenant_of(resource: Resource, call: AcceptedCall) -> str:
    """Return the tenant whose instances of a resource a call sees; empty if everybody shares them."""
    return call.key.tenant if resource.tenant and call.key else ""


def id_in(resource: Resource, row: Mapping[str, Any]) -> str:
    """Return the id of a row as text."""
    return id_text(_joined(tuple(member_at(row, member) for member in resource.ids)))


def _joined(values: tuple[Any, ...]) -> Any:
    return values if len(values) > 1 else values[0]
