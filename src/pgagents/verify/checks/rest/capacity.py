"""Making an instance that occupies capacity lowers the remaining capacity by one, and ending it restores it.

Instances are made and ended on each surface, and the counter is read in between. A call that makes several
instances lowers it by their number. A wrong count is counted again once, because something else may have
ended meanwhile.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.cel.reading import list_begun_at
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource, Takes
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.observation import find_roomiest
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.fixtures.instance import at_path, member_named, say_none_made, siblings
from pgagents.verify.fixtures.request_template import time_passes
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
)
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import distinct
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "capacity"
ROUNDS = 2
"""The number of rounds. A wrong count is counted again, because something else may have ended meanwhile."""
LATE_S = 100_800
"""Seconds: more than a day, for which most instances are made at most."""
MOST_MADE = 3
"""The most instances that are made until one is at a place with a known count, because the server may choose
the place.
"""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint that makes a resource with `takes`, and one for each that ends
    one.
    """
    for resource, takes in _takers(setting):
        for detail, endpoints in (
            ("taken", _makers(setting, resource)),
            ("returned", _enders(setting, resource)),
        ):
            for endpoint in endpoints:
                change = "falls by one once" if detail == "taken" else "rises by one once"
                says = f"{takes.counter} of a {takes.of} {change} {endpoint.action.name} has answered"
                yield promise(
                    NAME,
                    f"{detail}/{resource.name}",
                    endpoint,
                    says,
                    takes.origin,
                    resource.cite or endpoint.action.cite,
                )


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract unless the run is exclusive, because others change the counts."""
    del contract
    return None if setting.exclusive else (Verdict.NOT_SELECTED, others_too("counts"))


def _takers(setting: Setting) -> Iterator[tuple[Resource, Takes]]:
    for resource in setting.model.resources.values():
        takes = resource.takes
        if (
            takes is not None
            and resource.made_by
            and resource.undone_by
            and setting.find_lead(str(takes.read_by.name)) is not None
        ):
            yield resource, takes


def _makers(setting: Setting, resource: Resource) -> list[Endpoint]:
    return [d for d in setting.endpoints if resource.made_by and d.action is resource.made_by.action]


def _enders(setting: Setting, resource: Resource) -> list[Endpoint]:
    return [d for d in setting.endpoints if resource.undone_by and d.action is resource.undone_by.action]


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each resource.

    It makes and ends instances through each endpoint, and counts after each call. With the operator's clock,
    an instance that does not end by itself is ended more than a day later.
    """
    for resource, takes in _takers(setting) if setting.exclusive else ():
        makers, enders = _makers(setting, resource), _enders(setting, resource)
        covers = tuple(_id("taken", resource, d) for d in makers) + tuple(
            _id("returned", resource, d) for d in enders
        )
        cost = 1 + 4 * max(len(makers), len(enders))
        endpoints = tuple({d.place: d for d in (*makers, *enders)}.values())
        late = OPERATOR in roles and setting.model.clock is not None and resource.expires_by is None
        run = partial(_run, setting, resource, takes, makers, enders, late=late)
        yield Probe(
            f"{NAME}/{resource.name}@{REST}",
            4,
            covers,
            cost,
            run,
            endpoints,
            "main",
            True,
            overlap="none" if late else None,  # moving the clock affects all probes
            compares=frozenset((takes.of,)),
        )


def _id(detail: str, resource: Resource, endpoint: Endpoint) -> str:
    return f"{NAME}/{detail}/{resource.name}/{endpoint.place}"


def _run(
    setting: Setting,
    resource: Resource,
    takes: Takes,
    makers: list[Endpoint],
    enders: list[Endpoint],
    *,
    late: bool,
) -> Conversation:
    verdicts: list[Judgement] = []
    for _ in range(ROUNDS):
        verdicts = yield from _round(setting, resource, takes, makers, enders, late=late)
        if all(v.verdict is Verdict.KEPT for v in verdicts):
            break
    yield from verdicts


def _round(
    setting: Setting,
    resource: Resource,
    takes: Takes,
    makers: list[Endpoint],
    enders: list[Endpoint],
    *,
    late: bool,
) -> Generator[Any, Any, list[Judgement]]:
    """Make, count and end instances once; return the verdicts instead of yielding them."""
    found: list[Judgement] = []
    place: Mapping[str, Any] | None = None
    counts: dict[str | int, int] = {}
    if resource.made_by is not None and _chooses(resource, takes):
        place = yield from find_roomiest(setting, takes)
        yield from _read_counter(setting, takes, place[setting.model.resources[takes.of].id], counts)
    else:  # the server chooses, probably the same place as before
        another: Mapping[str, Any] = yield InstanceRef(resource.name)
        if _is_id(another.get(takes.by)):
            yield from _read_counter(setting, takes, another[takes.by], counts)
    living: list[Mapping[str, Any]] = []
    for endpoint in makers:
        found.append((yield from _judge_taking(setting, resource, takes, endpoint, place, counts, living)))
    for index, body in enumerate(living):
        if index < len(enders) or body is living[-1]:
            endpoint = enders[min(index, len(enders) - 1)]
            if late and body is living[-1] and (wait := time_passes(setting, LATE_S)):
                yield wait
                yield from _read_counter(setting, takes, body[takes.by], counts)  # others may have ended
            found.append((yield from _judge_return(setting, resource, takes, endpoint, body, counts)))
    return found


def _chooses(resource: Resource, takes: Takes) -> bool:
    """True if the caller chooses the place by an argument."""
    given = resource.made_by.input if resource.made_by else {}
    return any(takes.of in getattr(value, "names", ()) for value in given.values())


def _judge_taking(
    setting: Setting,
    resource: Resource,
    takes: Takes,
    endpoint: Endpoint,
    place: Mapping[str, Any] | None,
    counts: dict[str | int, int],
    living: list[Mapping[str, Any]],
) -> Generator[Any, Any, Judgement]:
    contract, made_by = _id("taken", resource, endpoint), resource.made_by
    assert made_by is not None
    bind = {takes.of: place} if place is not None else {}
    extremes = (boundary_value(setting, endpoint, name) for name in ("high", "minimal") if place is None)
    several = [given for given in extremes if given is not None]
    for given in [*several, *[made_by.input] * MOST_MADE][:MOST_MADE]:
        why = f"a {resource.name} that takes from a {takes.of}"
        asked = _two(setting, resource, endpoint, given)
        exchange: Exchange = yield Call(endpoint, asked, "explore", why, bind=bind, fresh=True)
        bodies = _list_made(made_by, exchange)
        body = next(iter(bodies), None)
        if given in several and not exchange.success:
            counts.clear()  # a refused call may have occupied capacity, which is not judged here
            continue
        if not isinstance(body, Mapping) or not _is_id(body.get(takes.by)) or not exchange.fits:
            counts.clear()  # it may still have occupied capacity
            return judge_untested(contract, say_none_made(resource, exchange))
        living.append(body)
        at, taken = body[takes.by], sum(1 for one in bodies if one.get(takes.by) == body[takes.by])
        before = counts.get(at)
        after = yield from _read_counter(setting, takes, at, counts)
        if after is None:
            return judge_untested(contract, f"{takes.read_by.name} returned no {takes.counter}")
        if before is not None:
            if after == before - taken:
                return judge_kept(contract)
            return judge_broken(
                contract,
                f"{takes.counter} {before - taken}, {taken} less than before",
                f"{takes.counter} {after} after {before}",
            )
    return judge_untested(contract, f"each was at another {takes.of}")


def _two(
    setting: Setting, resource: Resource, endpoint: Endpoint, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the arguments with a second item in a list of one, if the action makes an instance for each
    item.
    """
    at = resource.made_by.at if resource.made_by is not None else None
    if at is None or len(list_begun_at(at.tree)) < 2:
        return given
    found = dict(given)
    for name, value in given.items():
        param = endpoint.action.param(name)
        if (
            param is not None
            and isinstance(value, list)
            and len(value) == 1
            and isinstance(value[0], Mapping)
        ):
            schema = setting.resolve_schema(param.schema)
            two = [*value, distinct(schema.get("items", {}), setting.model.schemas, 1)]
            found[name] = two if setting.test((NAME, endpoint.place, name), schema).is_valid(two) else value
    return found


def _list_made(made_by: ActionCall, exchange: Exchange) -> list[Mapping[str, Any]]:
    """Return all instances that a call made, with the one that the catalogue describes first."""
    value = at_path(made_by, exchange) if exchange.success else None
    if made_by.at is not None and exchange.success:
        value = siblings(made_by.at, exchange) or value
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]


def _judge_return(
    setting: Setting,
    resource: Resource,
    takes: Takes,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    counts: dict[str | int, int],
) -> Generator[Any, Any, Judgement]:
    contract, undone_by = _id("returned", resource, endpoint), resource.undone_by
    assert undone_by is not None
    why = f"the end of a {resource.name} that took from a {takes.of}"
    exchange: Exchange = yield Call(endpoint, undone_by.input, "valid", why, subject=resource, made=body)
    if not exchange.success:
        counts.clear()
        return judge_untested(contract, f"it did not end: {exchange.outcome}")
    before = counts.get(body[takes.by])
    after = yield from _read_counter(setting, takes, body[takes.by], counts)
    if before is None or after is None:
        return judge_untested(contract, f"{takes.read_by.name} returned no {takes.counter}")
    if after == before + 1:
        return judge_kept(contract)
    return judge_broken(
        contract,
        f"{takes.counter} {before + 1}, one more than before",
        f"{takes.counter} {after} after {before}",
    )


def _read_counter(
    setting: Setting, takes: Takes, id: str | int, counts: dict[str | int, int]
) -> Generator[Any, Any, int | None]:
    """Read and remember the counter of a place; return it, or None if it could not be read."""
    endpoint = setting.find_lead(str(takes.read_by.name))
    assert endpoint is not None
    name = next((str(p.name) for p in endpoint.params if p.refers_to == takes.of), "")
    exchange: Exchange = yield Call(
        endpoint, {name: id}, "valid", f"to count {takes.counter} of a {takes.of}", reuse="latest"
    )
    found = member_named(exchange.body, takes.counter) if exchange.success else None
    if found is None:
        counts.pop(id, None)
    else:
        counts[id] = found
    return found


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    overlap="readers",
)
