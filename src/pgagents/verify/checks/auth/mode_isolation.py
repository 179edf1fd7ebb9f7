"""An instance made with a test key is hidden from a live key: reads do not find it, and lists leave it out.

It is made with the main key and looked up with a key of another mode. Nothing is written with the live key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.instance import at_path
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
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "mode_isolation"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint that reads a tenant's resource, and one for each that lists it."""
    for resource, _, endpoint, lists in _cases(setting):
        says = (
            f"a {resource.name} made with a test key is {'in no list' if lists else 'unknown'} with a "
            "live one"
        )
        yield promise(
            NAME, _detail(resource, lists), endpoint, says, (*resource.origin, "tenant"), resource.cite
        )


Case = tuple[Resource, ActionCall, Endpoint, bool]


def _cases(setting: Setting) -> Iterator[Case]:
    """Yield reads on every surface, and lists on REST.

    An action that reads several resources is tried with the first of them.
    """
    met: set[str] = set()
    if _live(setting) is None:
        return
    for resource in setting.model.resources.values():
        if not resource.tenant or resource.made_by is None:
            continue
        for calls, lists in ((resource.read_by, False), (resource.listed_by, True)):
            for call in calls:
                for endpoint in setting.endpoints:
                    once = endpoint.action is call.action and endpoint.place not in met
                    once = once and resource.missing_in(call.action) is not None
                    if once and endpoint.action.effect == "read" and (endpoint.leads or not lists):
                        met.add(endpoint.place)
                        yield resource, call, endpoint, lists


def _detail(resource: Resource, lists: bool) -> str:
    return f"{'listed' if lists else 'read'}/{resource.name}"


def _live(setting: Setting) -> str | None:
    """Return the first role whose mode differs from the main key's."""
    roles = setting.model.auth.roles
    mode = roles["main"].mode if "main" in roles else "test"
    return next((name for name, role in roles.items() if role.mode != mode and not role.revoked), None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with one call for each contract."""
    del roles
    live = _live(setting)
    for resource, action_call, endpoint, lists in _cases(setting):
        contract = f"{NAME}/{_detail(resource, lists)}/{endpoint.place}"
        run = (
            partial(_run_list, resource, action_call, endpoint, str(live), contract)
            if lists
            else partial(_read, setting, resource, action_call, endpoint, str(live), contract)
        )
        yield Probe(contract, 4, (contract,), 1, run, (endpoint,), str(live), True)


def _read(
    setting: Setting,
    resource: Resource,
    action_call: ActionCall,
    endpoint: Endpoint,
    role: str,
    contract: str,
) -> Conversation:
    no_scope = setting.model.errors.framework.no_scope
    hidden = [
        c
        for c in (
            resource.missing_in(action_call.action),
            setting.model.codes[no_scope] if no_scope else None,
        )
        if c is not None
    ]
    codes = hidden if setting.model.behaviour.foreign_id != "not_found" else hidden[:1]
    what = f"a {resource.name} of the other mode"
    exchange: Exchange = yield Call(
        endpoint,
        action_call.input,
        "absent",
        what,
        role=role,
        owner="main",
        subject=resource,
    )
    yield from judge_refused(exchange, contract, codes, what)


def _run_list(
    resource: Resource, action_call: ActionCall, endpoint: Endpoint, role: str, contract: str
) -> Conversation:
    exchange: Exchange = yield Call(
        endpoint,
        action_call.input,
        "valid",
        f"a list with a {role} key",
        role=role,
        owner="main",
        subject=resource,
    )
    items = at_path(action_call, exchange) if action_call.at is not None and exchange.success else None
    if not isinstance(items, list) or exchange.subject is None:
        yield judge_untested(contract, f"the list could not be read: {exchange.outcome}")
        return
    mine = resource.id_of(exchange.subject)
    found = any(isinstance(item, Mapping) and resource.id_of(item) == mine for item in items)
    yield (
        judge_broken(contract, f"no {resource.name} of the other mode", f"{mine} is listed")
        if found
        else judge_kept(contract)
    )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="all",
)
