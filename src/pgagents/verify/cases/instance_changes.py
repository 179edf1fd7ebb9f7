"""Make an instance of our own, and change it: which members a call may set and a read shows, and other values
for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pgagents.base.cel import expression
from pgagents.base.cel.expression import Expression
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.verify.cases.argument_values import choose_other
from pgagents.verify.fixtures.instance import at_path, members_of, say_none_made
from pgagents.verify.judgement import Untested
from pgagents.verify.promise import Trial
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Own
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

FRESH_FORMS = {"email": "email", "uuid": "uuid", "uri": "url", "url": "url"}
"""The kind of fresh value for each format; any other text is plain."""


def make_one(
    resource: Resource,
    maker: Endpoint,
    why: str,
    given: Mapping[str, Any] = MappingProxyType({}),
    *,
    bind: Mapping[str, Any] = MappingProxyType({}),
    renews: bool = True,
    owns: bool = True,
) -> tuple[Exchange, Mapping[str, Any]]:
    """Make an instance; return the call, and the body in its answer.

    `given` are other arguments than those of `made_by`. With `owns`, it is proved that the run made it, which
    a probe asks for before it removes the instance. Raises Untested if the answer shows none.
    """
    made_by = resource.made_by
    assert made_by is not None
    arguments = {**made_by.input, **given}
    made = ask(Call(maker, arguments, "explore", why, fresh=True, renews=renews, bind=dict(bind)))
    body = at_path(made_by, made) if made.success else None
    if not isinstance(body, Mapping):
        raise Untested(say_none_made(resource, made))
    if owns:
        ask(Own(made.number))
    return made, body


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

    def choose_others(
        self, trial: Trial, members: Iterable[Param], shown: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return a value for each member that the call may send, different from the one that is shown.

        The read can show it too: SCIM's PATCH sends `schemas` of its own, which no user has.
        """
        setting, reads = trial.setting, members_of(trial.setting, self.read)
        others: dict[str, Any] = {}
        for param in members:
            tests = []
            if param.wire in reads:
                key = ("shown", str(self.read.action.name), param.wire)
                tests.append(setting.test(key, reads[param.wire]))
            other = choose_other(setting, trial.endpoint, param, shown.get(param.wire), tests)
            if other is not None:
                others[str(param.name)] = other
        return others


def names_instance(endpoint: Endpoint, resource: Resource) -> bool:
    """True if an endpoint's path ends with the id of an instance.

    A longer path leads to a part of the instance, with its own members, as a queue of a Prefect work pool.
    """
    last = endpoint.action.bare_path.rpartition("/")[2]
    named = (p for p in endpoint.action.params if p.refers_to == resource.name)
    return endpoint.leads and endpoint.on_rest and any(last == f"{{{p.wire}}}" for p in named)


def list_settable(
    setting: Setting, resource: Resource, endpoint: Endpoint, read: ActionCall
) -> tuple[Param, ...]:
    """Return the arguments of a body that a read shows under the same names, without ids, states, and
    `volatile` members, which no comparison looks at.
    """
    shown = members_of(setting, read)
    own = {resource.state, *resource.ids, *resource.fixed, *resource.volatile}
    hidden = setting.model.secrets | own
    return tuple(
        p
        for p in endpoint.action.params
        if p.place == "body" and not p.refers_to and p.file is None and p.schema
        if p.wire in shown and p.wire not in hidden
    )


def list_unique(resource: Resource) -> set[str]:
    """Return the members of which no two instances may have the same, by the author's word."""
    return {member for unique in resource.unique for member in unique.members}


def find_fresh(setting: Setting, resource: Resource, param: Param) -> Any:
    """Return an expression for a new value of an argument: that by which an instance is made, or a usual one.
    None if its type has none, so that the usual value stays.
    """
    made_by = resource.made_by
    for own in made_by.action.params if made_by is not None else ():
        written = made_by.input.get(str(own.name)) if made_by is not None and own.wire == param.wire else None
        if isinstance(written, Expression) and FRESH in written.names and own.place == param.place:
            return written
    schema = setting.resolve_schema(param.schema)
    kinds = set(types_of(schema))
    if "integer" in kinds:
        return expression.compile(f"{FRESH}.int", (FRESH,))
    kind = FRESH_FORMS.get(str(schema.get("format")), "text")
    return (
        expression.compile(f"{FRESH}.{kind}", (FRESH,))
        if "string" in kinds and "enum" not in schema
        else None
    )


def may_send_back(trial: Trial, param: Param, shown: Mapping[str, Any]) -> bool:
    """True if the member's value is plain and no secret, and the call takes it."""
    value = shown.get(param.wire)
    plain = isinstance(value, str | int | float) and param.wire not in trial.model.private
    return plain and bool(trial.setting.test_argument(trial.endpoint, param).is_valid(value))
