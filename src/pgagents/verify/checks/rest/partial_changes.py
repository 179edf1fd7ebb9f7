"""A PATCH changes the members that it contains, and leaves the others as they are (RFC 5789, 2).

An instance gets another value in every member that a PATCH may set and a read shows. Then a PATCH sends one
member its present value, so no member may change. A member that the first PATCH did not change is sent once
more alone, because a server may let one member decide over another. Only the former value in a read breaks
the contract: a server may trim, round or lower a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.instance import at_path, find_read, members_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "partial_changes"
COST = 7
ACCEPTED = 202
LIST_OF_STEPS = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class _Case:
    """A PATCH of an instance, a read of the instance, and the members that the PATCH may set and the read
    shows.
    """

    resource: Resource
    patch: Endpoint
    members: tuple[Param, ...]
    read: ActionCall
    reader: Endpoint

    @property
    def contracts(self) -> tuple[str, str]:
        """The ids of the contracts about the members in the PATCH, and about the others; the latter is empty
        for one member.
        """
        named, others = (f"{NAME}/{detail}/{self.patch.place}" for detail in ("named", "others"))
        return named, others if self.optional else ""

    @property
    def optional(self) -> tuple[Param, ...]:
        """The members that a PATCH may leave out, if it can still contain another one."""
        free = tuple(p for p in self.members if not p.required)
        return free if len(self.members) > 1 else ()


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield a contract about the members in a PATCH, and one about all others."""
    for case in _cases(setting):
        action = case.patch.action
        says = f"{action.name} changes the members that it names"
        yield promise(NAME, "named", case.patch, says, action.origin, action.cite)
        if case.optional:
            says = f"{action.name} leaves the members as they are that it does not name"
            yield promise(NAME, "others", case.patch, says, action.origin, action.cite)


def _cases(setting: Setting) -> tuple[_Case, ...]:
    def find() -> Iterator[_Case]:
        for resource in setting.model.resources.values():
            found = find_read(setting, resource) if resource.made_by is not None else None
            for endpoint in setting.endpoints if found is not None else ():
                assert found is not None
                if members := _list_members(setting, resource, endpoint, found[0]):
                    yield _Case(resource, endpoint, members, *found)

    return setting.compute_once(NAME, lambda: tuple(find()))


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


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each PATCH."""
    del roles
    for case in _cases(setting):
        contracts = tuple(filter(None, case.contracts))
        endpoints = (case.patch, case.reader)
        yield Probe(contracts[0], 5, contracts, COST, partial(_run, setting, case), endpoints, "main", True)


def _run(setting: Setting, case: _Case) -> Conversation:
    named, others = case.contracts
    body: Mapping[str, Any] = yield InstanceRef(case.resource.name, fresh=True)
    before: Exchange = yield _read(case, body)
    given = _choose_others(setting, case, _shown(case, before))
    changed: Exchange = yield _send(setting, case, body, given, "all members that it may set")
    after: Exchange = yield _read(case, body)
    if not before.success or not after.success:
        for contract in filter(None, (named, others)):
            yield judge_untested(contract, f"it was not read: {before.outcome}, {after.outcome}")
        return
    yield from _judge_named(setting, case, body, before, changed, after, given)
    if others:
        yield from _judge_others(setting, case, body)


def _judge_named(
    setting: Setting,
    case: _Case,
    body: Mapping[str, Any],
    before: Exchange,
    changed: Exchange,
    after: Exchange,
    given: Mapping[str, Any],
) -> Conversation:
    """Judge the members in a PATCH. If one still has its former value, it is sent again alone."""
    contract = case.contracts[0]
    if not changed.success or changed.status == ACCEPTED or not given:
        yield judge_untested(contract, f"the members could not be set: {changed.outcome}")
        return
    old, new = _shown(case, before), _shown(case, after)
    same = [p for p in case.members if str(p.name) in given and new.get(p.wire) == old.get(p.wire)]
    for param in same[:1]:
        name = str(param.name)
        alone: Exchange = yield _send(setting, case, body, {name: given[name]}, f"{name} alone")
        seen: Exchange = yield _read(case, body)
        if alone.success and seen.success and _shown(case, seen).get(param.wire) == old.get(param.wire):
            yield judge_broken(
                contract, f"{name} {given[name]!r}", f"{name} is still {old.get(param.wire)!r}"
            )
            return
    yield judge_kept(contract)


def _judge_others(setting: Setting, case: _Case, body: Mapping[str, Any]) -> Conversation:
    """Send one member with its present value, and judge all others."""
    contract = case.contracts[1]
    before: Exchange = yield _read(case, body)
    shown = _shown(case, before)
    own = {str(p.name): shown[p.wire] for p in case.members if _may_send(setting, case, p, shown)}
    one = next((str(p.name) for p in case.optional if str(p.name) in own), None)
    sent = {str(p.name): own[str(p.name)] for p in case.members if p.required and str(p.name) in own}
    if not sent and one is None:
        yield judge_untested(contract, "no member has a value that could be sent as it is")
        return
    sent = sent or {str(one): own[str(one)]}
    why = f"{' and '.join(sent)} as before"
    done: Exchange = yield _send(setting, case, body, sent, why)
    after: Exchange = yield _read(case, body)
    if not done.success or not after.success:
        yield judge_untested(contract, f"a PATCH that changes nothing was not done: {done.outcome}")
        return
    now = _shown(case, after)
    differing = [p for p in case.optional if str(p.name) not in sent and now.get(p.wire) != shown.get(p.wire)]
    if differing:
        name, wire = str(differing[0].name), differing[0].wire
        expected = f"{name} is still {shown.get(wire)!r} after a PATCH of {' and '.join(sent)}"
        yield judge_broken(contract, expected, f"{name} is {now.get(wire)!r}")
    else:
        yield judge_kept(contract)


def _may_send(setting: Setting, case: _Case, param: Param, shown: Mapping[str, Any]) -> bool:
    """True if the member's value is plain and no secret, and the PATCH takes it."""
    value = shown.get(param.wire)
    plain = isinstance(value, str | int | float) and param.wire not in setting.model.private
    return plain and bool(setting.test_argument(case.patch, param).is_valid(value))


def _choose_others(setting: Setting, case: _Case, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each member, different from the present one."""
    found: dict[str, Any] = {}
    for param in case.members:
        schema = setting.resolve_schema(param.schema)
        choices = [*schema.get("enum", ()), *(f(param.schema, setting.model.schemas) for f in (high, low))]
        if schema.get("type") == "boolean":
            choices = [True, False]
        test = setting.test_argument(case.patch, param)
        other = (v for v in choices if v is not None and v != shown.get(param.wire) and test.is_valid(v))
        if (value := next(other, None)) is not None:
            found[str(param.name)] = value
    return found


def _send(setting: Setting, case: _Case, body: Mapping[str, Any], given: Mapping[str, Any], why: str) -> Call:
    """Return a PATCH of the instance with these members, and with the other arguments that the call needs."""
    action = case.patch.action
    template = template_of(setting.model, action)
    ids = case.resource.values_for(action.params, body)
    input = {**template.list_needed(action), **ids, **given}
    return ordinary(case.patch, template, "explore", why, input=input, made=body, subject=case.resource)


def _read(case: _Case, body: Mapping[str, Any]) -> Call:
    why = f"what {case.patch.action.name} left"
    return Call(case.reader, case.read.input, "explore", why, subject=case.resource, made=body)


def _shown(case: _Case, exchange: Exchange) -> Mapping[str, Any]:
    """Return the instance in the answer of a read; empty if there is none."""
    found = at_path(case.read, exchange) if exchange.success else None
    return found if isinstance(found, Mapping) else {}


CHECK = Check(NAME, __doc__, promises, probes=probes)
