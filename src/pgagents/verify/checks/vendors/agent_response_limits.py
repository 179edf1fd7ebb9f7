"""Answers stay within the time and size limits of a vendor's host, for every action of its surface.

Limits are the vendors' own (schemas/requirements, with the day of reading) and the catalogue's
`limits.budgets`. Each read is also called at its widest. Times are compared with limits only, so a slow
machine is no finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Literal

from pgagents.base.http import Silence
from pgagents.base.jsonschema.schema import resolve, subschemas
from pgagents.base.places import Pointer
from pgagents.base.reading import read
from pgagents.base.registry import folder
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.report.contract import Contract, Rank, surface_of
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.boundary import free_params
from pgagents.verify.cases.projection_index import ProjectionIndex, bearing, collect_projections
from pgagents.verify.fixtures.request_template import answer_that_will_do, ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Judgement, Probe, judge_broken, judge_kept
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import high, types_of
from pgagents.verify.wire.call import Call, format_arguments
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

# -- limits of vendors' hosts on answers


What = Literal["seconds", "characters", "items"]
KINDS: tuple[What, ...] = ("seconds", "characters", "items")


@dataclass(frozen=True, slots=True)
class Limit:
    """The greatest number of seconds, characters or items that a surface allows.

    `told` names the source of the limit. `cite` is the id of the vendor's requirement, if it comes from one.
    """

    what: What
    most: float
    told: str
    cite: tuple[str, ...]
    origin: Pointer


def limits_of(model: Model, surface: str) -> dict[What, Limit]:
    """Return the tightest limit of each kind on a surface.

    Limits come from the catalogue (for the surface, or for all surfaces) and from the surface's vendor.
    """
    found: dict[What, Limit] = {}
    for limit in (*_own(model, "all"), *_own(model, surface), *_vendors(model, surface)):
        known = found.get(limit.what)
        if known is None or limit.most <= known.most:
            origin = known.origin if known else limit.origin
            found[limit.what] = Limit(limit.what, limit.most, limit.told, limit.cite, origin)
        elif limit.cite and not known.cite:
            found[limit.what] = Limit(known.what, known.most, known.told, limit.cite, known.origin)
    return found


def _own(model: Model, surface: str) -> Iterator[Limit]:
    given = model.limits.budgets.get(surface)
    for what in KINDS if given else ():
        most = getattr(given, what)
        if most is not None:
            yield Limit(what, most, "the catalogue's budget", (), ("limits", "budgets", surface, what))


def _vendors(model: Model, surface: str) -> Iterator[Limit]:
    for of, what, most, id, date in _rows():
        if of == surface:
            yield Limit(
                what, most, f"its host's own limit ({id}, read {date})", (id,), model.surfaces[surface].origin
            )


@cache
def _rows() -> tuple[tuple[str, What, float, str, str], ...]:
    """Return the requirements with a `budget`, as (surface, what is limited, maximum, id, day of reading)."""
    found = []
    for path in sorted((folder("schemas") / "requirements").glob("*.yaml")):
        for row in read(path).data or ():
            budget = row.get("budget") or {}
            found += [
                (budget["surface"], what, budget[what], row["id"], str(row["read"]))
                for what in KINDS
                if what in budget
            ]
    return tuple(found)


NAME = "agent_response_limits"
MAX_DEPTH = 4
UNITS: Mapping[What, str] = {"seconds": "seconds", "characters": "characters", "items": "items in a list"}

Limits = Mapping[What, Limit]


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each action of a surface and each limit of its host."""
    met: set[str] = set()
    for projections in collect_projections(setting):
        for offer in projections.offers:
            for limit in _limits(setting, projections.endpoint, offer.surface.name).values():
                id = _id(limit.what, offer.place)
                if id in met:
                    continue
                met.add(id)
                says = (
                    f"an answer of {projections.endpoint.action.name} has at most {limit.most:,g} "
                    f"{UNITS[limit.what]}: {limit.told}"
                )
                cite = (*limit.cite, *offer.surface.cite)
                yield Contract(
                    id,
                    NAME,
                    str(projections.endpoint.action.name),
                    offer.surface.name,
                    says,
                    limit.origin,
                    cite,
                )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer to a call that a vendor's host could make. Only the widest call proves that sizes
    are kept.
    """
    slow = isinstance(exchange.answer, Silence) and exchange.answer.kind == "timeout"
    found = bearing(exchange, memory) if slow or not exchange.void else None
    if found is None:
        return
    projections, through = found
    for members, limits in memory.setting.compute_once(
        (NAME, projections.endpoint.place), lambda: _group_offers(memory.setting, projections)
    ):
        places = [projections.offers[i].place for i in members & through]
        if places:
            yield from _judge_time(exchange, limits, places)
            if exchange.success:
                yield from _judge_size(exchange, memory, projections.endpoint, limits, places)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield a probe with the widest valid call of each read that answers a list: greatest numbers, no
    filters.
    """
    del roles
    for projections in collect_projections(setting):
        endpoint = projections.endpoint
        if not endpoint.leads:
            continue
        for index, (wide, surfaces) in enumerate(_group_surfaces(setting, projections)):
            places = {o.place: o.surface.name for o in projections.offers if o.surface.name in surfaces}
            covers = tuple(
                dict.fromkeys(
                    _id(what, place)
                    for place, surface in places.items()
                    for what in _limits(setting, endpoint, surface)
                    if what != "seconds"
                )
            )
            if not covers:
                continue
            template = template_of(setting.model, endpoint.action)
            call = ordinary(
                endpoint,
                template,
                "valid",
                "the widest call",
                input=dict(wide),
                reuse=answer_that_will_do(setting, endpoint),
            )
            if not is_invalid(setting, call):
                name = f"{NAME}/widest{f'-{index + 1}' if index else ''}/{endpoint.place}"
                yield Probe(
                    name, 4, covers, 1, partial(_run, call), (endpoint,), print=format_arguments(wide)
                )


def _group_surfaces(
    setting: Setting, projections: ProjectionIndex
) -> list[tuple[Mapping[str, Any], set[str]]]:
    """Return the distinct widest calls, each with its surfaces, because surfaces may take different
    values.
    """
    found: list[tuple[Mapping[str, Any], set[str]]] = []
    for offer in projections.offers:
        wide = _find_widest(setting, projections.endpoint, offer.surface)
        if wide is None:
            continue
        known = next((names for other, names in found if other == wide), None)
        if known is None:
            found.append((wide, {offer.surface.name}))
        else:
            known.add(offer.surface.name)
    return found


def _run(call: Call) -> Conversation:
    yield call


def _judge_time(exchange: Exchange, limits: Limits, places: list[str]) -> Iterator[Judgement]:
    limit = limits.get("seconds")
    if limit is None:
        return
    for place in places:
        if exchange.seconds > limit.most:
            said = f"the answer took longer: {exchange.seconds:.1f} seconds ({exchange.outcome})"
            yield _judge_derived(
                _id("seconds", place), f"an answer within {limit.most:g} seconds, {limit.told}", said
            )
        elif not exchange.void:
            yield judge_kept(_id("seconds", place))


def _judge_size(
    exchange: Exchange, memory: Memory, endpoint: Endpoint, limits: Limits, places: list[str]
) -> Iterator[Judgement]:
    for what, limit in limits.items():
        if what == "seconds":
            continue
        count = _characters(exchange, limit.most) if what == "characters" else _longest(exchange.body)
        for place in places:
            if count > limit.most:
                said = f"the answer has more {UNITS[what]}: {count:,}"
                yield _judge_derived(
                    _id(what, place), f"at most {limit.most:,g} {UNITS[what]}, {limit.told}", said
                )
            elif _is_widest(exchange, memory.setting, endpoint, place):
                yield judge_kept(_id(what, place))


def _is_widest(exchange: Exchange, setting: Setting, endpoint: Endpoint, place: str) -> bool:
    """True if no call from the place's surface is wider."""
    surface = setting.model.surfaces[surface_of(place)]
    wide = _find_widest(setting, endpoint, surface)
    return wide is None or all(_is_as_planned(exchange, name, value) for name, value in wide.items())


def _judge_derived(contract: str, expected: str, actual: str) -> Judgement:
    """Return a broken judgement that is marked as derived.

    The answer may be right in itself, so other checks still judge it.
    """
    return replace(judge_broken(contract, expected, actual), derived=True)


def _is_as_planned(exchange: Exchange, name: str, value: Any) -> bool:
    """True if the call had this value of the widest call's argument. For live ids and expressions, any value
    is right.
    """
    return name in exchange.input and (
        not isinstance(value, int | float | str | bool) or exchange.input[name] == value
    )


def _characters(exchange: Exchange, most: float) -> int:
    raw = exchange.response.body if exchange.response else b""
    return len(raw) if len(raw) <= most else len(raw.decode("utf-8", "replace"))


def _longest(body: Any, depth: int = 0) -> int:
    """Return the number of items in the longest list of an answer."""
    if depth > MAX_DEPTH:
        return 0
    most = len(body) if isinstance(body, list) else 0
    for value in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        if isinstance(value, dict | list):
            most = max(most, _longest(value, depth + 1))
    return most


def _find_widest(setting: Setting, endpoint: Endpoint, surface: Surface) -> Mapping[str, Any] | None:
    """Return the result of `_widest`, computed once a run."""
    return setting.compute_once(
        (NAME, "widest", endpoint.place, surface.name), lambda: _widest(setting, endpoint, surface)
    )


def _widest(setting: Setting, endpoint: Endpoint, surface: Surface) -> Mapping[str, Any] | None:
    """Return the arguments of a read's widest call from a surface.

    None if it answers no list, or if all valid calls are equally wide.
    """
    narrowed = surface.narrow.get(endpoint.action.name, {})
    if endpoint.action.effect != "read" or not _lists(setting, endpoint):
        return None
    template = template_of(setting.model, endpoint.action)
    free = [
        p
        for p in free_params(setting, endpoint)
        if set(types_of(setting.resolve_schema(p.schema))) <= {"integer", "number"}
    ]
    numbers = {
        str(p.name): high((narrowed[p.name].param if p.name in narrowed else p).schema, setting.model.schemas)
        for p in free
        if types_of(setting.resolve_schema(p.schema))
    }
    needed = {
        k: v for k, v in template.input.items() if (p := endpoint.action.param(k)) is None or p.required
    }
    return {**needed, **numbers} if numbers else None


def _lists(setting: Setting, endpoint: Endpoint) -> bool:
    """True if a success may contain a list of objects."""
    schema, schemas = endpoint.action.success.schema, setting.model.schemas
    if schema is None:
        return False
    parts = [resolve(p, schemas) for p in subschemas(schema)]
    arrays = [p for part in parts for p in subschemas(part) if "array" in types_of(p)]
    return any("object" in types_of(resolve(a.get("items") or {}, schemas)) for a in arrays)


def _limits(setting: Setting, endpoint: Endpoint, surface: str) -> dict[What, Limit]:
    """Return the host's limits that apply to this action's answers."""
    found = setting.compute_once((NAME, "limits", surface), lambda: limits_of(setting.model, surface))
    success = endpoint.action.success
    return {
        what: limit
        for what, limit in found.items()
        if what == "seconds"
        or (what == "characters" and success.schema is not None)
        or (what == "items" and _lists(setting, endpoint))
    }


def _group_offers(setting: Setting, projections: ProjectionIndex) -> list[tuple[frozenset[int], Limits]]:
    """Return the offers that have limits, grouped by surface."""
    groups: dict[str, set[int]] = {}
    for index, offer in enumerate(projections.offers):
        groups.setdefault(offer.surface.name, set()).add(index)
    every = [
        (frozenset(members), _limits(setting, projections.endpoint, surface))
        for surface, members in groups.items()
    ]
    return [(members, limits) for members, limits in every if limits]


def _id(what: str, place: str) -> str:
    return f"{NAME}/{what}/{place}"


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    # below `no_crashes`, which ends the judging of a crashed call: an answer that never came is too late, too
    turn=-1,
    calls_correctly=True,
    derived_from=frozenset(("no_crashes",)),
    overlap="all",
    rank=Rank.WRONG,
)
