"""No answer to one project holds an id of another project's instances, and the other's actions do not change
its figures.

Every answer is searched for the other projects' ids. Lists and figures are read by one project and then at
once by another, which reveals a cache that ignores the key. Figures are compared before and after another
project makes and ends an instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.http import Response, json_bytes
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.refusal import list_missing_parents
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of, time_passes
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
    promise_at,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, InstanceRef, RelativeTime
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "project_isolation"
TOLD = f"{NAME}/told@{REST}"
DAY_S = 86_400
STAY_S = 5_400.0
"""The lifetime, in seconds, of another project's instance if the clock can be moved. It causes hourly
charges.
"""
SHORTEST = 8
"""Length (characters) from which an id is searched for in answers; shorter ones stand there by chance."""
MOST_IDS = 2_000
MOST_BODIES = 50
BODIES = f"{NAME}/bodies"
Owner = tuple[str, str]
"""A project and a mode, which together own instances."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract about ids in all answers, and one about unchanged figures for each action of a
    project's own.
    """
    if setting.model.auth.roles.get("second") is None:
        return
    tenants = [r for r in setting.model.resources.values() if r.tenant and r.made_by is not None]
    if tenants:
        names = " or ".join(dict.fromkeys(r.name for r in tenants))
        yield promise_at(
            NAME,
            "told",
            f"@{REST}",
            f"no answer names a {names} of another project",
            (*tenants[0].origin, "tenant"),
        )
    for endpoint, resource in _figures(setting):
        says = (
            f"{endpoint.action.name} returns the same after another project made and ended a {resource.name}"
        )
        yield promise(
            NAME,
            "figures",
            endpoint,
            says,
            (*endpoint.action.origin, "tenant"),
            resource.cite or endpoint.action.cite,
        )


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect figures unless the run is exclusive, because others may use our project and change them."""
    if setting.exclusive or contract.id == TOLD:
        return None
    return Verdict.NOT_SELECTED, others_too("counts")


def _as_sent(exchange: Exchange) -> dict[str, Any]:
    """Return the arguments of a call with expressions evaluated. Defaults that the run added are left out."""
    return {name: value for name, value in exchange.input.items() if name in exchange.call.input}


def _figures(setting: Setting) -> Iterator[tuple[Endpoint, Resource]]:
    """Yield REST reads about a whole project, each with a resource that can be made and ended.

    A resource that the read lists is preferred, then one that does not end by itself.
    """
    made = [r for r in setting.model.resources.values() if r.tenant and r.made_by and r.undone_by]
    for endpoint in setting.endpoints if made else ():
        action = endpoint.action
        if action.tenant and action.effect == "read" and endpoint.leads:
            listed = [r for r in made if any(call.action is action for call in r.listed_by)]
            lasting = [r for r in made if r.expires_by is None]
            yield endpoint, [*listed, *lasting, *made][0]


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes that compare figures before and after another project makes and ends an instance.

    Yield further probes that read lists as both projects.
    """
    if setting.model.auth.roles.get("second") is None:
        return
    for endpoint, resource in _figures(setting) if setting.exclusive else ():
        contract = f"{NAME}/figures/{endpoint.place}"
        run = partial(_run, setting, endpoint, resource, contract, operated=OPERATOR in roles)
        yield Probe(contract, 3, (contract, TOLD), 5 + (OPERATOR in roles), run, (endpoint,), "second", True)
    lists = list(_lists(setting))
    for endpoint, resource in lists:
        yield Probe(
            f"{TOLD} {endpoint.action.name}",
            8,
            (TOLD,),
            2,
            partial(_after_own, setting, endpoint, resource),
            (endpoint,),
            "second",
            True,
        )
    reads = [
        endpoint
        for endpoint in setting.endpoints
        if endpoint.leads and endpoint.action.effect == "read" and endpoint.action.key
    ]
    if reads and not lists and not (setting.exclusive and any(_figures(setting))):
        call = ordinary(
            reads[0],
            template_of(setting.model, reads[0].action),
            "valid",
            "what another project sees",
            role="second",
        )
        yield Probe(TOLD, 8, (TOLD,), 1, lambda: _once(call), (reads[0],), "second")


def _lists(setting: Setting) -> Iterator[tuple[Endpoint, Resource]]:
    """Yield each REST list of a project's own resource once, with a resource of which an instance can be
    made.
    """
    met: set[str] = set()
    for resource in setting.model.resources.values():
        for listed in resource.listed_by if resource.tenant and resource.made_by else ():
            endpoint = setting.find_lead(str(listed.action.name))
            if endpoint is not None and endpoint.action.key and endpoint.place not in met:
                met.add(endpoint.place)
                yield endpoint, resource


def _once(call: Call) -> Conversation:
    yield call


def _after_own(setting: Setting, endpoint: Endpoint, resource: Resource) -> Conversation:
    """Read our list with an instance of ours in it, then make the same call as another project."""
    template = template_of(setting.model, endpoint.action)
    there = yield InstanceRef(resource.name)
    subject = there if template.subject is not None else None
    own: Exchange = yield ordinary(
        endpoint, template, "valid", f"a list of each {resource.name} of ours", made=subject
    )
    if own.success:
        missed = [code.name for code in list_missing_parents(setting, endpoint, resource)]
        other: Exchange = yield ordinary(
            endpoint,
            template,
            "explore" if missed else "valid",
            "the same list of another project",
            role="second",
            input=_as_sent(own),
            made=subject,
        )
        if other.code in missed:  # the other project does not even find the container of the list
            yield judge_kept(TOLD)


def _run(
    setting: Setting, endpoint: Endpoint, resource: Resource, contract: str, *, operated: bool
) -> Conversation:
    read = partial(ordinary, endpoint, template_of(setting.model, endpoint.action), "valid")
    moments = [p for p in endpoint.params if p.required and p.schema.get("format") == "date-time"]
    given = {**template_of(setting.model, endpoint.action).input, **_around(moments)}
    before: Exchange = yield read("figures of our project", input=given)
    undo = resource.undone_by
    ending = setting.find_lead(str(undo.action.name)) if undo is not None else None
    if undo is None or ending is None or not before.success:
        yield judge_untested(contract, f"the figures were answered {before.outcome}")
        return
    states = (resource.initial,) if resource.initial else ()
    theirs = yield InstanceRef(resource.name, states, role="second", standard=True)
    wait = time_passes(setting, STAY_S) if operated else None
    if wait is not None:
        yield wait
    why = f"another project ends its {resource.name}"
    ended: Exchange = yield Call(
        ending, undo.input, "valid", why, role="second", owner="second", subject=resource, made=theirs
    )
    same = partial(read, input=dict(before.input), made=before.subject)
    yield same("another project's figures", role="second")  # we must not get this answer from a cache
    after: Exchange = yield same("the figures again")
    if not ended.success or not after.success:
        yield judge_untested(
            contract, f"it was ended with {ended.outcome}, the figures answered {after.outcome}"
        )
    elif after.body == before.body:
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, "the same figures", f"others: {_other(before.body, after.body)}")


def _around(moments: list[Param]) -> dict[str, Any]:
    """Return a time range from yesterday to tomorrow."""
    return (
        {str(p.name): RelativeTime(DAY_S * (2 * i - 1)) for i, p in enumerate(moments[:2])}
        if len(moments) > 1
        else {}
    )


def _other(before: Any, after: Any, at: str = "") -> str:
    """Return the path and the values of the first difference between two answers."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        name = next((n for n in {**before, **after} if before.get(n) != after.get(n)), "")
        return _other(before.get(name), after.get(name), f"{at}.{name}" if at else str(name))
    return f"{at} {json_bytes(before).decode()[:80]}, then {json_bytes(after).decode()[:80]}"


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note the owner of each new instance, and search every answer for ids of other owners."""
    role = memory.model.auth.roles.get(exchange.call.role)
    if role is None or exchange.call.endpoint is None or role.operator:
        return
    owner: Owner = (role.project, role.mode)
    made: dict[Owner, dict[bytes, str]] = memory.notes.setdefault(NAME, {})
    _note_made(exchange, owner, made, memory)
    if len(made) > (owner in made) and exchange.response is not None and exchange.call.intent != "framework":
        yield from _find_leaks(exchange, owner, made)
    others = [pair for pair in memory.notes.get(BODIES, {}) if pair[0] != owner]
    if others and exchange.success and exchange.call.intent != "framework":
        yield from _find_foreign_items(exchange, owner, memory)


def _note_made(exchange: Exchange, owner: Owner, made: dict[Owner, dict[bytes, str]], memory: Memory) -> None:
    """Note the id and the body of an instance that this exchange made."""
    for resource in memory.model.resources.values():
        if (
            resource.tenant
            and resource.made_by
            and exchange.call.endpoint is not None
            and exchange.call.endpoint.action is resource.made_by.action
            and exchange.success
        ):
            body = at_path(resource.made_by, exchange) if resource.made_by.at else None
            id = resource.id_of(body) if isinstance(body, Mapping) else None
            if isinstance(body, Mapping) and id is not None and _is_telling(resource):
                bodies: dict[tuple[Owner, str], list[Mapping[str, Any]]] = memory.notes.setdefault(BODIES, {})
                bodies.setdefault((owner, resource.name), []).append(body)
            if isinstance(id, str) and len(id) >= SHORTEST:
                mine = made.setdefault(owner, {})
                mine[json_bytes(id)] = resource.name
                if len(mine) > MOST_IDS:
                    del mine[next(iter(mine))]


def _is_telling(resource: Resource) -> bool:
    """True if a member besides the id never changes. It may tell an instance from one of another project that
    has the same id.
    """
    return len(resource.fixed) > 1


def _find_foreign_items(exchange: Exchange, owner: Owner, memory: Memory) -> Iterator[Judgement]:
    """Judge that a list or a read contains no instance of another owner.

    Both owners may have the same ids. An instance that is the same as one of the caller's own is none.
    """
    action = exchange.call.endpoint.action if exchange.call.endpoint else None
    for resource in memory.model.resources.values():
        for call in (*resource.listed_by, *resource.read_by):
            if call.action is not action or not _is_telling(resource):
                continue
            found = at_path(call, exchange) if call.at is not None else None
            items = found if isinstance(found, list) else [found]
            own = memory.notes[BODIES].get((owner, resource.name), [])
            for (other, name), bodies in memory.notes[BODIES].items():
                if other == owner or name != resource.name:
                    continue
                foreign = [item for item in items if not _is_among(resource, item, own)]
                if any(_is_among(resource, item, bodies) for item in foreign):
                    yield judge_broken(
                        TOLD, f"nothing of the project {other[0]}", f"{action.name} showed a {name} of it"
                    )
                    return
            yield judge_kept(TOLD)


def _is_among(resource: Resource, item: Any, bodies: Sequence[Mapping[str, Any]]) -> bool:
    """True if an item is the same as one of the latest bodies in every member that never changes."""
    return isinstance(item, Mapping) and any(
        all(name in item and name in body and item[name] == body[name] for name in resource.fixed)
        for body in bodies[-MOST_BODIES:]
    )


def _find_leaks(
    exchange: Exchange, owner: Owner, made: Mapping[Owner, Mapping[bytes, str]]
) -> Iterator[Judgement]:
    """Judge that an answer contains no id of another owner.

    An id in the call itself is none, and neither is one that the caller's own create answered: ids may be
    counted per project.
    """
    body = exchange.told.body if isinstance(exchange.told, Response) else b""
    action = exchange.call.endpoint.action.name if exchange.call.endpoint else ""
    mine = made.get(owner, {})
    for other, ids in made.items():
        for id, name in ids.items() if other != owner else ():
            if (
                id in body
                and id not in mine
                and id[1:-1] not in exchange.request.body
                and id[1:-1].decode() not in exchange.request.target
            ):
                yield judge_broken(
                    TOLD, f"nothing of the project {other[0]}", f"{action} showed a {name} of it"
                )
                return
    if exchange.success:
        yield judge_kept(TOLD)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("told",)),
    probes=probes,
    settled=settle_contract,
    turn=9,
    rank=Rank.EXPOSED,
)
