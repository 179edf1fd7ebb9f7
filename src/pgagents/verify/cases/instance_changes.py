"""Change an instance of our own: which members a call may set and a read shows, and other values for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.catalogue.model.values import find_format
from pgagents.verify.fixtures.instance import at_path, members_of
from pgagents.verify.promise import Trial
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changes an instance: the members that it may set and a read shows, and that read."""

    resource: Resource
    members: tuple[Param, ...]
    read: ActionCall
    reader: Endpoint

    def send(self, trial: Trial, body: Mapping[str, Any], values: Mapping[str, Any], why: str) -> Call:
        """Return a change of the instance with these members, and with the other arguments that it needs."""
        needed = trial.template.list_needed(trial.action)
        arguments = {**needed, **self.resource.values_for(trial.action.params, body), **values}
        return trial.call("explore", why, input=arguments, made=body, subject=self.resource)

    def list_needed(self, trial: Trial, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members that the call requires, as the instance has them."""
        needed = (p for p in trial.action.params if p.required and p.place == "body" and not p.refers_to)
        return {str(p.name): body[p.wire] for p in needed if p.wire in body}

    def call_read(self, trial: Trial, body: Mapping[str, Any]) -> Call:
        """Return a read of the instance."""
        why = f"what {trial.action.name} left"
        return Call(self.reader, self.read.input, "explore", why, subject=self.resource, made=body)

    def shown(self, answer: Exchange) -> Mapping[str, Any]:
        """Return the instance in the answer of a read; empty if there is none."""
        instance = at_path(self.read, answer) if answer.success else None
        return instance if isinstance(instance, Mapping) else {}


def names_instance(endpoint: Endpoint, resource: Resource) -> bool:
    """True if an endpoint's path ends with the id of an instance.

    A longer path leads to a part of the instance, with its own members.
    """
    last = str(endpoint.action.path).rstrip("/").rpartition("/")[2]
    named = (p for p in endpoint.action.params if p.refers_to == resource.name)
    return endpoint.leads and endpoint.on_rest and any(last == f"{{{p.wire}}}" for p in named)


def list_settable(
    setting: Setting, resource: Resource, endpoint: Endpoint, read: ActionCall
) -> tuple[Param, ...]:
    """Return the arguments of a body that a read shows under the same names, without ids and states."""
    shown = members_of(setting, read)
    hidden = setting.model.secrets | {resource.state, *resource.ids, *resource.fixed}
    return tuple(
        p
        for p in endpoint.action.params
        if p.place == "body" and not p.refers_to and p.file is None and p.schema
        if p.wire in shown and p.wire not in hidden
    )


def may_send_back(trial: Trial, param: Param, shown: Mapping[str, Any]) -> bool:
    """True if the member's value is plain and no secret, and the call takes it."""
    value = shown.get(param.wire)
    plain = isinstance(value, str | int | float) and param.wire not in trial.model.private
    return plain and bool(trial.setting.test_argument(trial.endpoint, param).is_valid(value))


def choose_other_values(trial: Trial, members: Iterable[Param], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each member, different from the one that is shown."""
    setting = trial.setting
    others: dict[str, Any] = {}
    for param in members:
        schema = setting.resolve_schema(param.schema)
        format = find_format(str(param.name), schema)
        whole = {**schema, "format": format} if format else param.schema
        ends = (choose(whole, setting.model.schemas) for choose in (high, low))
        choices = [True, False] if schema.get("type") == "boolean" else [*schema.get("enum", ()), *ends]
        test = setting.test_argument(trial.endpoint, param)
        for value in choices:
            if value is not None and value != shown.get(param.wire) and test.is_valid(value):
                others[str(param.name)] = value
                break
    return others
