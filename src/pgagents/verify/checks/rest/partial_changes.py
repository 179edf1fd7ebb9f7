"""A PATCH changes the members that it contains, and leaves the others as they are (RFC 5789, 2).

An instance gets another value in every member that a PATCH may set and a read shows. Then a PATCH sends one
member its present value, so no member may change. A member that the first PATCH did not change is sent once
more alone, because a server may let one member decide over another. Only the former value in a read breaks
the contract: a server may trim, round or lower a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.fixtures.instance import at_path, find_read, members_of
from pgagents.verify.promise import Attempt, Case, Conversation, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

ACCEPTED = 202
LIST_OF_STEPS = "application/json-patch+json"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case about the members in a PATCH, and one about all others."""
    del roles
    for resource in setting.model.resources.values():
        found = find_read(setting, resource) if resource.made_by is not None else None
        for endpoint in setting.endpoints if found is not None else ():
            assert found is not None
            read, reader = found
            members = _list_members(setting, resource, endpoint, read)
            if not members:
                continue
            patch = _Patch(resource, members, read, reader)
            attempt = Attempt(together=patch.run, cost=7, endpoints=(endpoint, reader), writes=True)
            name, origin = endpoint.action.name, endpoint.action.origin
            says = f"{name} changes the members that it names"
            yield Case(endpoint, says, origin, attempt, "named")
            if patch.optional:
                says = f"{name} leaves the members as they are that it does not name"
                yield Case(endpoint, says, origin, attempt, "others")


def _list_members(
    setting: Setting, resource: Resource, endpoint: Endpoint, read: ActionCall
) -> tuple[Param, ...]:
    """Return the arguments of a PATCH that a read shows under the same names; empty for other calls.

    The path must end with the instance's id. A longer path leads to a part of the instance, with its own
    members.
    """
    action = endpoint.action
    last = str(action.path).rstrip("/").rpartition("/")[2]
    names_it = any(p.refers_to == resource.name and last == f"{{{p.wire}}}" for p in action.params)
    if not (endpoint.leads and endpoint.on_rest and action.method == "PATCH" and names_it):
        return ()
    if action.content_type == LIST_OF_STEPS or action.effect != "write":
        return ()
    shown = members_of(setting, read)
    hidden = setting.model.secrets | {resource.state, *resource.ids, *resource.fixed}
    return tuple(
        p
        for p in action.params
        if p.place == "body" and not p.refers_to and p.file is None and p.schema
        if p.wire in shown and p.wire not in hidden
    )


@dataclass(frozen=True, slots=True)
class _Patch:
    """A PATCH of an instance: the members that it may set and a read shows, and that read."""

    resource: Resource
    members: tuple[Param, ...]
    read: ActionCall
    reader: Endpoint

    @property
    def optional(self) -> tuple[Param, ...]:
        """The members that a PATCH may leave out, if it can still contain another one."""
        free = tuple(p for p in self.members if not p.required)
        return free if len(self.members) > 1 else ()

    def run(self, trials: Sequence[Trial]) -> Conversation:
        """Try the members in the PATCH, and then the others, if there are any."""
        named, *others = trials
        body: Mapping[str, Any] = yield InstanceRef(self.resource.name, fresh=True)
        before: Exchange = yield self.call_read(named, body)
        values = self.choose_others(named, self.shown(before))
        changed: Exchange = yield self.send(named, body, values, "all members that it may set")
        after: Exchange = yield self.call_read(named, body)
        if not before.success or not after.success:
            for trial in trials:
                yield trial.untested(f"it was not read: {before.outcome}, {after.outcome}")
            return
        if not changed.success or changed.status == ACCEPTED or not values:
            yield named.untested(f"the members could not be set: {changed.outcome}")
        else:
            yield from self.judge_named(named, body, self.shown(before), self.shown(after), values)
        for trial in others:
            yield from self.judge_others(trial, body)

    def judge_named(
        self,
        trial: Trial,
        body: Mapping[str, Any],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> Conversation:
        """Judge the members in a PATCH. If one still has its former value, it is sent again alone."""
        former = (
            p for p in self.members if str(p.name) in values and after.get(p.wire) == before.get(p.wire)
        )
        if (param := next(former, None)) is not None:
            name, value = str(param.name), before.get(param.wire)
            alone: Exchange = yield self.send(trial, body, {name: values[name]}, f"{name} alone")
            answer: Exchange = yield self.call_read(trial, body)
            if alone.success and answer.success and self.shown(answer).get(param.wire) == value:
                expected = f"{name} {values[name]!r}"
                broken = trial.broken(expected, f"{name} is still {{value!r}}", value=value)
                yield broken.at_member(str(param.wire))
                return
        yield trial.kept()

    def judge_others(self, trial: Trial, body: Mapping[str, Any]) -> Conversation:
        """Send one member with its present value, and judge all others."""
        before: Exchange = yield self.call_read(trial, body)
        shown = self.shown(before)
        own = {str(p.name): shown[p.wire] for p in self.members if _may_send(trial, p, shown)}
        sent = {str(p.name): own[str(p.name)] for p in self.members if p.required and str(p.name) in own}
        free = [str(p.name) for p in self.optional if str(p.name) in own]
        if not sent and not free:
            yield trial.untested("no member has a value that could be sent as it is")
            return
        sent = sent or {free[0]: own[free[0]]}
        names = " and ".join(sent)
        done: Exchange = yield self.send(trial, body, sent, f"{names} as before")
        after: Exchange = yield self.call_read(trial, body)
        if not done.success or not after.success:
            yield trial.untested(f"a PATCH that changes nothing was not done: {done.outcome}")
            return
        now = self.shown(after)
        for param in self.optional:
            name, value = str(param.name), now.get(param.wire)
            if name not in sent and value != shown.get(param.wire):
                expected = f"{name} is still {shown.get(param.wire)!r} after a PATCH of {names}"
                yield trial.broken(expected, f"{name} is {{value!r}}", value=value).at_member(str(param.wire))
                return
        yield trial.kept()

    def choose_others(self, trial: Trial, shown: Mapping[str, Any]) -> dict[str, Any]:
        """Return a value for each member, different from the present one."""
        setting = trial.setting
        others: dict[str, Any] = {}
        for param in self.members:
            schema = setting.resolve_schema(param.schema)
            ends = (choose(param.schema, setting.model.schemas) for choose in (high, low))
            choices = [True, False] if schema.get("type") == "boolean" else [*schema.get("enum", ()), *ends]
            test = setting.test_argument(trial.endpoint, param)
            for value in choices:
                if value is not None and value != shown.get(param.wire) and test.is_valid(value):
                    others[str(param.name)] = value
                    break
        return others

    def send(self, trial: Trial, body: Mapping[str, Any], values: Mapping[str, Any], why: str) -> Call:
        """Return a PATCH of the instance with these members, and with the other arguments that it needs."""
        needed = trial.template.list_needed(trial.action)
        arguments = {**needed, **self.resource.values_for(trial.action.params, body), **values}
        return trial.call("explore", why, input=arguments, made=body, subject=self.resource)

    def call_read(self, trial: Trial, body: Mapping[str, Any]) -> Call:
        """Return a read of the instance."""
        why = f"what {trial.action.name} left"
        return Call(self.reader, self.read.input, "explore", why, subject=self.resource, made=body)

    def shown(self, answer: Exchange) -> Mapping[str, Any]:
        """Return the instance in the answer of a read; empty if there is none."""
        instance = at_path(self.read, answer) if answer.success else None
        return instance if isinstance(instance, Mapping) else {}


def _may_send(trial: Trial, param: Param, shown: Mapping[str, Any]) -> bool:
    """True if the member's value is plain and no secret, and the PATCH takes it."""
    value = shown.get(param.wire)
    plain = isinstance(value, str | int | float) and param.wire not in trial.model.private
    return plain and bool(trial.setting.test_argument(trial.endpoint, param).is_valid(value))


CHECK = make_check("partial_changes", __doc__, cases, stage=5, rank=Rank.WRONG)
