"""An instance with an expiry time exists until then and no longer.

By the operator's clock it is used 10 s before and 10 s after. Afterwards every action treats it as missing,
and the capacity that it took is free again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.model.action import Code, Param
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource, Takes
from pgagents.verify.answers.capacity import read_counter
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.clock import time_passes
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.plan.exclusive import others_too
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "expires_on_time"
MARGIN_S = 10.0
"""Seconds before and after the expiry at which an instance is looked at: clocks differ by a few seconds."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each expiring resource: it exists shortly before, and afterwards it is gone,
    unusable and its capacity free.
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
    """Yield resources that can be made and ended, with the endpoint that ends one: its answer shows if the
    instance exists.
    """
    for resource in setting.model.resources.values():
        if not (resource.expires_by and resource.made_by and resource.undone_by):
            continue
        if resource.missing_in(resource.undone_by.action):
            endpoint = setting.find_lead(str(resource.undone_by.action.name))
            if endpoint is not None:
                yield resource, endpoint


def _users(setting: Setting, resource: Resource) -> Iterator[tuple[Endpoint, Param]]:
    """Yield writes with an optional argument that names such an instance, and that argument."""
    for endpoint in setting.endpoints:
        named = next((p for p in endpoint.params if p.refers_to == resource.name and not p.required), None)
        if named is not None and endpoint.leads and endpoint.action.effect == "write":
            yield endpoint, named


def _counter(setting: Setting, resource: Resource) -> tuple[Takes, Endpoint, str] | None:
    """Return what an instance takes, the endpoint that reads the counter, and the argument that names the
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
    """Yield one probe for each resource: two are made; one is ended just before its time, the other just
    after.
    """
    del roles
    for resource, endpoint in _expiring(setting):
        covers = tuple(f"{NAME}/{detail}/{resource.name}/{endpoint.place}" for detail in ("lives", "ends"))
        also = [f"{NAME}/unused/{resource.name}/{user.place}" for user, _ in _users(setting, resource)]
        counter = _counter(setting, resource) if setting.exclusive else None
        also += [f"{NAME}/returns/{resource.name}/{counter[1].place}"] if counter is not None else []
        run = _run(setting, resource, endpoint, covers)
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


def _run(
    setting: Setting, resource: Resource, endpoint: Endpoint, covers: tuple[str, ...]
) -> Callable[[], Conversation]:
    lives, ends = covers

    def run() -> Conversation:
        made_by, undone_by = resource.made_by, resource.undone_by
        missing = resource.missing_in(undone_by.action) if undone_by is not None else None
        maker = setting.find_lead(str(made_by.action.name)) if made_by else None
        if made_by is None or undone_by is None or missing is None or maker is None:
            return
        instances: list[Mapping[str, Any]] = []
        asked: Exchange | None = None
        for _ in range(2):
            asked = yield Call(
                maker, made_by.input, "valid", f"a {resource.name} that ends by itself", fresh=True
            )
            body = at_path(made_by, asked) if made_by.at is not None and asked.success else None
            left = _get_seconds_left(resource, body, asked)
            if not isinstance(body, Mapping) or left is None or left <= 2 * MARGIN_S:
                for contract in covers:
                    yield judge_untested(
                        contract, f"no {resource.name} with time left was made: {asked.outcome}"
                    )
                return
            instances.append(body)
        assert asked is not None
        passed: Exchange = yield _advance(
            setting, (_get_seconds_left(resource, instances[0], asked) or 0.0) - MARGIN_S
        )
        early: Exchange = yield Call(
            endpoint,
            undone_by.input,
            "explore",
            f"a {resource.name} shortly before its time",
            subject=resource,
            made=instances[0],
        )
        if not passed.success:
            for contract in covers:
                yield judge_untested(contract, f"the clock could not be moved: {passed.outcome}")
            return
        if not early.void:
            gone = early.code == missing.name
            yield (
                judge_broken(
                    lives, f"it is there {MARGIN_S:g} s before its {resource.expires_by}", early.outcome
                )
                if gone
                else judge_kept(lives)
            )
        before = yield from _read_counter(setting, resource, instances[1])
        passed = yield _advance(setting, 2 * MARGIN_S)
        after = yield from _read_counter(setting, resource, instances[1])
        if (
            passed.success
            and before is not None
            and after is not None
            and (counted := _counter(setting, resource)) is not None
        ):
            contract = f"{NAME}/returns/{resource.name}/{counted[1].place}"
            more = (
                f"{counted[0].counter} is more than {before} after the {resource.expires_by} of a "
                f"{resource.name}"
            )
            yield (
                judge_kept(contract)
                if after > before
                else judge_broken(contract, more, f"{counted[0].counter} {after}")
            )
        if passed.success:
            yield from _judge_expired_use(setting, resource, missing, instances[1])
        late: Exchange = yield Call(
            endpoint,
            undone_by.input,
            "explore",
            f"a {resource.name} after its time",
            subject=resource,
            made=instances[1],
        )
        if passed.success and not late.void:
            there = late.success and not late.is_tainted_by("documented_status")
            yield (
                judge_broken(ends, f"it is gone {MARGIN_S:g} s after its {resource.expires_by}", late.outcome)
                if there
                else judge_kept(ends)
            )

    return run


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
