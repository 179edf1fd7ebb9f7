"""An instance made with a test key is hidden from a live key: reads do not find it, and lists leave it out.

It is made with the main key and looked up with a key of another mode (`mode`), as Stripe has test and live
keys. A list proves it if the main key's shows the instance, which may stand on a later page. Nothing is
written with the live key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield reads of a `tenant`'s resource on every surface, and lists on REST, where both keys get the same
    page.

    An action that reads several resources is tried with the first of them: it looks at the key once.
    """
    del roles
    known: set[str] = set()
    live = _find_live_role(setting)
    for resource in setting.model.resources.values() if live is not None else ():
        if not resource.tenant or resource.made_by is None:
            continue
        calls = [("read", call) for call in resource.read_by] + [
            ("listed", call) for call in resource.listed_by
        ]
        for way, call in calls:
            for endpoint in setting.list_calling(call.action):
                if endpoint.place in known:
                    continue
                if resource.missing_in(call.action) is None or endpoint.action.effect != "read":
                    continue
                if endpoint.leads or way == "read":
                    known.add(endpoint.place)
                    hidden, run = ("unknown", _read) if way == "read" else ("in no list", _list)
                    says = f"a {resource.name} made with a test key is {hidden} with a live one"
                    run = partial(run, resource=resource, by=call)
                    attempt = Attempt(run, cost=1 if way == "read" else 2, role=live, writes=True)
                    origin, detail = (*resource.origin, "tenant"), f"{way}/{resource.name}"
                    yield Case(endpoint, says, origin, attempt, detail, resource.cite)


def _find_live_role(setting: Setting) -> str | None:
    """Return the first role whose `mode` differs from the main key's; one pair of keys shows the rule."""
    roles = setting.model.auth.roles
    mode = roles["main"].mode if "main" in roles else "test"
    return next((name for name, role in roles.items() if role.mode != mode and not role.revoked), None)


def _read(trial: Trial, resource: Resource, by: ActionCall) -> None:
    model, what = trial.model, f"a {resource.name} of the other mode"
    missing, no_scope = resource.missing_in(by.action), model.errors.framework.no_scope
    codes = [missing] if missing is not None else []
    if no_scope and (not codes or model.behaviour.foreign_id != "not_found"):  # as the catalogue leaves open
        codes.append(model.codes[no_scope])
    exchange = trial.ask(
        Call(trial.endpoint, by.input, "absent", what, role=trial.role, owner="main", subject=resource)
    )
    conclude(trial.refused(exchange, codes, what))


def _list(trial: Trial, resource: Resource, by: ActionCall) -> None:
    call = Call(
        trial.endpoint,
        by.input,
        "explore" if resource.within else "valid",  # a right server may not find the container
        f"a list with a {trial.role} key",
        role=trial.role,
        owner="main",
        subject=resource,
    )
    exchange = trial.ask(call)
    items = at_path(by, exchange) if by.at is not None and exchange.success else None
    if not isinstance(items, list) or exchange.subject is None:
        raise Untested(f"the list could not be read: {exchange.outcome}")
    id = resource.id_of(exchange.subject)
    if _shows(resource, items, id):
        conclude(trial.broken(f"no {resource.name} of the other mode", "{id} is listed", id=id))
        return
    why = "the same list with its own key"
    own = trial.ask(replace(call, why=why, role="main", input=dict(exchange.sent), made=exchange.subject))
    if _shows(resource, at_path(by, own) if own.success else None, id):
        conclude(trial.kept())
    else:
        raise Untested(f"the list of its own key does not show the {resource.name} either")


def _shows(resource: Resource, items: Any, id: Any) -> bool:
    rows = items if isinstance(items, list) else []
    return any(isinstance(item, Mapping) and resource.id_of(item) == id for item in rows)


CHECK = make_check("mode_isolation", __doc__, cases, stage=4, overlap="all", rank=Rank.EXPOSED)
