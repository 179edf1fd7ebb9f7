"""An instance with an expiry time exists until that time and no longer.

It is used 10 s before and 10 s after by the operator's clock. Afterwards every action treats it as missing,
and the capacity that it occupied is free again.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Resource, Takes
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.observation import read_counter
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of, time_passes
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "expires_on_time"
MARGIN_S = 10.0
"""Seconds between an instance's expiry and the calls before and after it, because clocks differ by a few
seconds.
"""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each expiring resource.

    An instance exists shortly before its expiry. Afterwards it is gone, cannot be used, and has freed its
    capacity.
    """
    for resource, endpoint in _expiring(setting):
        member = resource.expires_by
        says = f"a {resource.name} is still there {MARGIN_S:g} s before its {member}"
        yield promise(
            NAME, f"lives/{resource.name}", endpoint, says, (*resource.origin, "expires_by"), resource.cite
        )
        says = f"a {resource.name} is gone {MARGIN_S:g} s after its {member}"
        yield promise(
            NAME, f"ends/{resource.name}", endpoint, says, (*resource.origin, "expires_by"), resource.cite
        )
        for user, _ in _users(setting, resource):
            says = f"{user.action.name} takes no {resource.name} {MARGIN_S:g} s after its {member}"
            yield promise(
                NAME, f"unused/{resource.name}", user, says, (*resource.origin, "expires_by"), resource.cite
            )
        if (counted := _counter(setting, resource)) is not None:
            says = (
                f"the {counted[0].counter} that a {resource.name} took is free {MARGIN_S:g} s after its "
                f"{member}"
            )
            yield promise(
                NAME, f"returns/{resource.name}", counted[1], says, (*resource.origin, "takes"), resource.cite
            )


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude the contract if the clock cannot be moved; deselect counts unless the run is exclusive."""
    if setting.model.clock is None:
        return Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    if contract.detail.startswith("returns/") and not setting.exclusive:
        return Verdict.NOT_SELECTED, others_too("counts")
    return None


def _expiring(setting: Setting) -> Iterator[tuple[Resource, Endpoint]]:
    """Yield resources that can be made and ended, with the endpoint that ends one.

    The answer of that endpoint shows if the instance exists.
    """
    for resource in setting.model.resources.values():
        if not (resource.expires_by and resource.made_by and resource.undone_by):
            continue
        if resource.missing_in(resource.undone_by.action):
            endpoint = setting.find_lead(str(resource.undone_by.action.name))
            if endpoint is not None:
                yield resource, endpoint


def _users(setting: Setting, resource: Resource) -> Iterator[tuple[Endpoint, Param]]:
    """Yield writes with an optional argument that is the id of such an instance, and that argument."""
    for endpoint in setting.endpoints:
        named = next((p for p in endpoint.params if p.refers_to == resource.name and not p.required), None)
        if named is not None and endpoint.leads and endpoint.action.effect == "write":
            yield endpoint, named


def _counter(setting: Setting, resource: Resource) -> tuple[Takes, Endpoint, str] | None:
    """Return the capacity that an instance occupies, the endpoint that reads it, and the argument for the
    place; or None.
    """
    takes = resource.takes
    endpoint = setting.find_lead(str(takes.read_by.name)) if takes is not None else None
    where = (
        next((str(p.name) for p in endpoint.params if takes and p.refers_to == takes.of), "")
        if endpoint is not None
        else ""
    )
    return (takes, endpoint, where) if takes is not None and endpoint is not None and where else None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each resource. It makes two instances, and ends one just before its expiry, the
    other after.
    """
    del roles
    for resource, endpoint in _expiring(setting):
        covers = tuple(f"{NAME}/{detail}/{resource.name}/{endpoint.place}" for detail in ("lives", "ends"))
        also = [f"{NAME}/unused/{resource.name}/{user.place}" for user, _ in _users(setting, resource)]
        counter = _counter(setting, resource) if setting.exclusive else None
        also += [f"{NAME}/returns/{resource.name}/{counter[1].place}"] if counter is not None else []
        run = partial(_run, setting, resource, endpoint, covers)
        yield Probe(
            covers[0],
            6,
            (*covers, *also),
            6 + len(also) + (counter is not None),
            run,
            (endpoint,),
            OPERATOR,
            True,
        )


@dataclass(frozen=True, slots=True)
class _Expiry:
    """An expiring resource with the calls that make and end an instance, and the error code for a missing
    one.
    """

    setting: Setting
    resource: Resource
    maker: Endpoint
    making: ActionCall
    endpoint: Endpoint
    ending: ActionCall
    missing: Code

    def end(self, body: Mapping[str, Any], when: str) -> Call:
        """Return the call that ends an instance: its answer shows if the instance exists."""
        why = f"a {self.resource.name} {when}"
        return Call(self.endpoint, self.ending.input, "explore", why, subject=self.resource, made=body)


def _run(setting: Setting, resource: Resource, endpoint: Endpoint, covers: tuple[str, ...]) -> Conversation:
    lives, ends = covers
    expiry = _find_expiry(setting, resource, endpoint)
    if expiry is None:
        return
    instances, asked = yield from _make_two(expiry, covers)
    if asked is None:
        return
    seconds = (_get_seconds_left(resource, instances[0], asked) or 0.0) - MARGIN_S
    passed: Exchange = yield _advance(setting, seconds)
    early: Exchange = yield expiry.end(instances[0], "shortly before its time")
    if not passed.success:
        for contract in covers:
            yield judge_untested(contract, f"the clock could not be moved: {passed.outcome}")
        return
    if not early.void:
        promised = f"it is there {MARGIN_S:g} s before its {resource.expires_by}"
        gone = early.code == expiry.missing.name
        yield judge_broken(lives, promised, early.outcome) if gone else judge_kept(lives)
    before = yield from _read_counter(setting, resource, instances[1])
    passed = yield _advance(setting, 2 * MARGIN_S)
    after = yield from _read_counter(setting, resource, instances[1])
    if passed.success:
        yield from _judge_counter(setting, resource, before, after)
        yield from _judge_expired_use(setting, resource, expiry.missing, instances[1])
    late: Exchange = yield expiry.end(instances[1], "after its time")
    if passed.success and not late.void:
        promised = f"it is gone {MARGIN_S:g} s after its {resource.expires_by}"
        there = late.success and not late.is_tainted_by("documented_status")
        yield judge_broken(ends, promised, late.outcome) if there else judge_kept(ends)


def _find_expiry(setting: Setting, resource: Resource, endpoint: Endpoint) -> _Expiry | None:
    """Return the resource with its calls; None if a call or the code is not declared."""
    made_by, undone_by = resource.made_by, resource.undone_by
    if made_by is None or undone_by is None:
        return None
    missing = resource.missing_in(undone_by.action)
    maker = setting.find_lead(str(made_by.action.name))
    if missing is None or maker is None:
        return None
    return _Expiry(setting, resource, maker, made_by, endpoint, undone_by, missing)


def _make_two(
    expiry: _Expiry, covers: tuple[str, ...]
) -> Generator[Any, Any, tuple[list[Mapping[str, Any]], Exchange | None]]:
    """Make two instances; return their bodies and the last exchange.

    The exchange is None if one cannot be made or has too little time left. Then the contracts are untested.
    """
    resource, making = expiry.resource, expiry.making
    why = f"a {resource.name} that ends by itself"
    instances: list[Mapping[str, Any]] = []
    asked: Exchange | None = None
    for _ in range(2):
        asked = yield Call(expiry.maker, making.input, "valid", why, fresh=True)
        assert asked is not None
        body = at_path(making, asked) if making.at is not None and asked.success else None
        left = _get_seconds_left(resource, body, asked)
        if not isinstance(body, Mapping) or left is None or left <= 2 * MARGIN_S:
            for contract in covers:
                yield judge_untested(contract, f"no {resource.name} with time left was made: {asked.outcome}")
            return instances, None
        instances.append(body)
    return instances, asked


def _judge_counter(
    setting: Setting, resource: Resource, before: int | None, after: int | None
) -> Conversation:
    """Judge that the capacity of an expired instance is free again, if it could be read twice."""
    counted = _counter(setting, resource)
    if before is None or after is None or counted is None:
        return
    takes, reader, _ = counted
    contract = f"{NAME}/returns/{resource.name}/{reader.place}"
    promised = f"{takes.counter} is more than {before} after the {resource.expires_by} of a {resource.name}"
    returned = after > before
    yield judge_kept(contract) if returned else judge_broken(contract, promised, f"{takes.counter} {after}")


def _read_counter(
    setting: Setting, resource: Resource, body: Mapping[str, Any]
) -> Generator[Any, Any, int | None]:
    """Return the remaining capacity, or None unless the run is exclusive."""
    return (yield from read_counter(setting, resource, body)) if setting.exclusive else None


def _judge_expired_use(
    setting: Setting, resource: Resource, missing: Code, body: Mapping[str, Any]
) -> Conversation:
    """Judge that actions which make something from an instance refuse an expired one."""
    for user, named in _users(setting, resource):
        told = {str(p.name): body[str(p.name)] for p in user.params if str(p.name) in body}
        template = template_of(setting.model, user.action)
        why = f"a {resource.name} after its time"
        given = {**template.input, **told, str(named.name): resource.value_for(named, body)}
        exchange: Exchange = yield ordinary(user, template, "absent", why, input=given, fresh=True)
        yield from judge_refused(exchange, f"{NAME}/unused/{resource.name}/{user.place}", [missing], why)


def _get_seconds_left(resource: Resource, body: Any, exchange: Exchange) -> float | None:
    """Return the seconds until the instance expires; None if its body gives no time."""
    told = epoch(body.get(str(resource.expires_by))) if isinstance(body, Mapping) else math.nan
    return None if math.isnan(told) else told - exchange.sent_at


def _advance(setting: Setting, seconds: float) -> Call:
    call = time_passes(setting, seconds)
    assert call is not None, "without a clock nothing is selected"
    return call


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
)
