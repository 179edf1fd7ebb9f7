"""A merge patch changes only the members that it contains, and null removes a member (RFC 7396).

This applies to each write whose body is `application/merge-patch+json`, and to each member that its call may
set to null and that a read shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.instance import at_path, members_of, say_none_made
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import low, types_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "merge_patch"
MERGE_PATCH = "application/merge-patch+json"
EMPTY: tuple[Any, ...] = (None, [], {}, "")
"""The values that reads may show for a removed member."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A member of a resource that a patch may remove, and the call that reads it."""

    resource: Resource
    patch: Endpoint
    id: Param
    member: Param
    read: ActionCall
    reader: Endpoint

    @property
    def contracts(self) -> tuple[str, str]:
        """The ids of the contracts that the member is removed, and that it is kept."""
        ends = f"{self.member.name}/{self.patch.place}"
        return f"{NAME}/removes/{ends}", f"{NAME}/keeps/{ends}"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield two contracts for each member that a patch may set to null."""
    for case in _cases(setting):
        name, action = case.member.name, case.patch.action
        removed = f"null for {name} in {action.name} removes it"
        kept = f"{action.name} without {name} leaves it as it is"
        for detail, says in (("removes", removed), ("keeps", kept)):
            yield promise(NAME, f"{detail}/{name}", case.patch, says, case.member.origin, action.cite)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each member. It sets the member, patches another one, and sets the member to
    null.
    """
    del roles
    for case in _cases(setting):
        name = f"{NAME}/{case.member.name}/{case.patch.place}"
        endpoints = (case.patch, case.reader)
        yield Probe(name, 4, case.contracts, 8, partial(_run, setting, case), endpoints, "main", True)


def _cases(setting: Setting) -> Iterator[_Case]:
    for resource in setting.model.resources.values():
        if resource.made_by is None or not resource.read_by or len(resource.ids) != 1:
            continue
        read = resource.read_by[0]
        reader = next((e for e in setting.endpoints if e.on_rest and e.action is read.action), None)
        shown = members_of(setting, read)
        for patch in setting.endpoints if reader is not None else ():
            action = patch.action
            id = next((p for p in action.params if p.refers_to == resource.name and not p.in_body), None)
            if not patch.on_rest or action.content_type != MERGE_PATCH or id is None:
                continue
            for member in action.params:
                kinds = types_of(setting.resolve_schema(member.schema))
                if (
                    member.place == "body"
                    and "null" in kinds
                    and not member.required
                    and member.wire in shown
                ):
                    assert reader is not None
                    yield _Case(resource, patch, id, member, read, reader)


def _choose_value(setting: Setting, case: _Case) -> Any:
    """Return a value of the member that is neither null nor empty."""
    schema = setting.resolve_schema(case.member.schema)
    if "array" in types_of(schema) and isinstance(schema.get("items"), Mapping):
        return [low(schema["items"], setting.model.schemas)]
    return low(case.member.schema, setting.model.schemas)


def _run(setting: Setting, case: _Case) -> Conversation:
    removes, keeps = case.contracts
    name = str(case.member.name)
    value = _choose_value(setting, case)
    assert case.resource.made_by is not None
    template = template_of(setting.model, case.patch.action)
    made: Exchange = yield _make(setting, case)
    body = at_path(case.resource.made_by, made)
    if not made.success or not isinstance(body, Mapping) or case.resource.id not in body:
        for contract in case.contracts:
            yield judge_untested(contract, say_none_made(case.resource, made))
        return
    needed = {str(p.name) for p in case.patch.action.params if p.required}
    least = {k: v for k, v in template.input.items() if k in needed}
    least[str(case.id.name)] = body[case.resource.id]

    def send(why: str, more: Mapping[str, Any]) -> Call:
        given = {**least, **more}
        return ordinary(case.patch, template, "valid", why, input=given, subject=case.resource, made=body)

    yield _read(case, body)  # proves that it is ours before it changes
    set_: Exchange = yield send(f"{name} is set", {name: value})
    before: Exchange = yield _read(case, body)
    if not set_.success or _shown(case, before) != value:
        for contract in case.contracts:
            yield judge_untested(contract, f"{name} could not be set to {value!r}: {set_.outcome}")
        return
    other: Exchange = yield send(f"{name} is left out", {})
    after: Exchange = yield _read(case, body)
    if other.success and after.success:
        yield from _judge(keeps, _shown(case, after) == value, f"{name} is {value!r} still", case, after)
    removed: Exchange = yield send(f"{name} is null", {name: None})
    last: Exchange = yield _read(case, body)
    if removed.success and last.success:
        gone = _shown(case, last) in EMPTY
        yield from _judge(removes, gone, f"no {name} any more", case, last)


def _make(setting: Setting, case: _Case) -> Call:
    assert case.resource.made_by is not None
    action = case.resource.made_by.action
    maker = next(e for e in setting.endpoints if e.action is action)
    template = template_of(setting.model, action)
    given = {**template.input, **case.resource.made_by.input}
    why = f"a {case.resource.name} to patch"
    return ordinary(maker, template, "valid", why, input=given, fresh=True, subject=None)


def _read(case: _Case, body: Mapping[str, Any]) -> Call:
    return Call(
        case.reader,
        case.read.input,
        "valid",
        f"what {case.patch.action.name} left",
        subject=case.resource,
        made=body,
    )


def _shown(case: _Case, exchange: Exchange) -> Any:
    """Return the member in the answer of a read; None if it is null or missing."""
    found = at_path(case.read, exchange) if exchange.success else None
    return found.get(case.member.wire) if isinstance(found, Mapping) else None


def _judge(contract: str, holds: bool, expected: str, case: _Case, exchange: Exchange) -> Iterator[Judgement]:
    if holds:
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, expected, f"{case.member.name} is {_shown(case, exchange)!r}")


CHECK = Check(NAME, __doc__, promises, probes=probes)
