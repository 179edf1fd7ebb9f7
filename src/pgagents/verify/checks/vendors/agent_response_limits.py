"""Answers stay within the time and size limits of a vendor's host, for every action of its surface.

Limits are the vendors' own (schemas/requirements, with the day of reading, such as Copilot's 25 items) and
the catalogue's `limits.budgets`. Each read is also called at its widest. A list proves that it stays within a
size by a full page, or one that is not the last. A server that holds too few items proves nothing: the
contract is then untested, unless the catalogue bounds the page itself. Times are compared with limits only,
so a slow machine is not a finding. On a surface that no author named, a vendor's limit is only a
recommendation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Literal

from pgagents.base.http import Silence
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.jsonschema.walk import walk
from pgagents.base.places import Pointer
from pgagents.base.reading import read
from pgagents.base.registry import folder
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.report.contract import Rank
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.boundary import fills_a_page, free_params
from pgagents.verify.cases.projection_index import Offer, ProjectionIndex, bearing, collect_projections
from pgagents.verify.fixtures.request_template import answer_that_will_do, ordinary, template_of
from pgagents.verify.judgement import Judgement
from pgagents.verify.lists import next_page
from pgagents.verify.promise import Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import high, types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, format_arguments
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

# -- limits of vendors' hosts on answers


What = Literal["seconds", "characters", "items"]
KINDS: tuple[What, ...] = ("seconds", "characters", "items")


@dataclass(frozen=True, slots=True)
class Limit:
    """The greatest number of seconds, characters or items that a surface allows.

    `source` says where the limit is from. `cite` is the id of the vendor's requirement, if it comes from one.
    """

    what: What
    most: float
    source: str
    cite: tuple[str, ...]
    origin: Pointer


def limits_of(model: Model, surface: str) -> dict[What, Limit]:
    """Return the tightest limit of each kind on a surface.

    Limits come from the catalogue (for the surface, or for all surfaces) and from the surface's vendor.
    """
    limits: dict[What, Limit] = {}
    for limit in (*_own(model, "all"), *_own(model, surface), *_vendors(model, surface)):
        known = limits.get(limit.what)
        if known is None or limit.most <= known.most:
            origin = known.origin if known else limit.origin
            limits[limit.what] = Limit(limit.what, limit.most, limit.source, limit.cite, origin)
        elif limit.cite and not known.cite:
            limits[limit.what] = Limit(known.what, known.most, known.source, limit.cite, known.origin)
    return limits


def _own(model: Model, surface: str) -> Iterator[Limit]:
    budget = model.limits.budgets.get(surface)
    for what in KINDS if budget else ():
        most = getattr(budget, what)
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
    rows = []
    for path in sorted((folder("schemas") / "requirements").glob("*.yaml")):
        for row in read(path).data or ():
            budget = row.get("budget") or {}
            rows += [
                (budget["surface"], what, budget[what], row["id"], str(row["read"]))
                for what in KINDS
                if what in budget
            ]
    return tuple(rows)


MAX_DEPTH = 4
"""How deep a list is looked for: below the envelope, the data and one object."""
UNITS: Mapping[What, str] = {"seconds": "seconds", "characters": "characters", "items": "items in a list"}

Limits = Mapping[What, Limit]


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each action of a surface and each limit of its host."""
    del roles
    known: set[tuple[str, str]] = set()
    for projections in collect_projections(setting):
        endpoint = projections.endpoint
        for offer in projections.offers:
            for what, limit in _limits(setting, endpoint, offer.surface.name).items():
                if (what, offer.place) in known:
                    continue
                known.add((what, offer.place))
                most = f"at most {limit.most:,g} {UNITS[what]}: {limit.source}"
                says = f"an answer of {endpoint.action.name} has {most}"
                cite = (*limit.cite, *offer.surface.cite)
                yield Case(
                    endpoint,
                    says,
                    limit.origin,
                    detail=what,
                    cite=cite,
                    about=limit,
                    advice=bool(limit.cite) and _is_unasked(setting.model, offer.surface.name),
                    place=offer.place,
                )


def _is_unasked(model: Model, surface: str) -> bool:
    """True for an OpenAPI document of which no author named the surface, so that nobody promised what its
    vendor wants.
    """
    return model.source.is_from_document(("surfaces", surface))


def attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield the widest valid calls of each read that answers a list: greatest numbers, and no filters, which
    would leave items out. Surfaces may take different values, where an author's `narrow` says so, so that
    their widest calls differ.
    """
    del roles
    for projections in collect_projections(setting):
        endpoint = projections.endpoint
        groups: list[tuple[Mapping[str, Any], list[Offer]]] = []
        for offer in projections.offers if endpoint.leads else ():
            wide = _find_widest(setting, endpoint, offer.surface)
            same = [offers for other, offers in groups if other == wide]
            if same:
                same[0].append(offer)
            elif wide is not None:
                groups.append((wide, [offer]))
        for index, (wide, offers) in enumerate(groups):
            limited = {offer.place: _limits(setting, endpoint, offer.surface.name) for offer in offers}
            sizes = [
                (what, place) for place, limits in limited.items() for what in limits if what != "seconds"
            ]
            if not sizes:
                continue
            template, reuse = (
                template_of(setting.model, endpoint.action),
                answer_that_will_do(setting, endpoint),
            )
            call = ordinary(endpoint, template, "valid", "the widest call", input=dict(wide), reuse=reuse)
            if not is_invalid(setting, call):
                probe = f"agent_response_limits/widest{f'-{index + 1}' if index else ''}/{endpoint.place}"
                send, shown = partial(_send, call), format_arguments(wide)
                yield Attempt(together=send, endpoints=(endpoint,), probe=probe, print=shown), sizes


def _send(call: Call, trials: Sequence[Trial]) -> None:
    del trials  # the watcher judges the answer
    ask(call)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer to a call that a vendor's host could make. Only the widest call proves that sizes
    are kept.
    """
    slow = isinstance(exchange.answer, Silence) and exchange.answer.kind == "timeout"
    borne = bearing(exchange, memory) if slow or not exchange.void else None
    if borne is None:
        return
    projections, through = borne
    setting, endpoint = memory.setting, projections.endpoint
    trials = setting.compute_once_here(
        ("agent_response_limits", endpoint.place), lambda: _list_trials(setting, projections)
    )
    for index in sorted(through):
        surface = projections.offers[index].surface
        for trial in trials[index]:
            if trial.case.about.what == "seconds":
                yield from _judge_time(trial, exchange)
            elif exchange.success:
                widest = _find_widest(setting, endpoint, surface)
                yield from _judge_size(trial, endpoint, exchange, widest)


def _list_trials(setting: Setting, projections: ProjectionIndex) -> list[list[Trial]]:
    """Return the trials of each offer."""
    places = [offer.place for offer in projections.offers]
    trials = [[CHECK.find_trial(setting, place, what) for what in KINDS] for place in places]
    return [[trial for trial in several if trial is not None] for several in trials]


def _judge_time(trial: Trial, exchange: Exchange) -> Iterator[Judgement]:
    limit: Limit = trial.case.about
    if exchange.seconds > limit.most:
        expected = f"an answer within {limit.most:g} seconds, {limit.source}"
        actual = "the answer took longer: {seconds:.1f} seconds ({outcome})"
        broken = trial.broken(expected, actual, seconds=exchange.seconds, outcome=exchange.outcome)
        yield replace(broken, derived=True)
    elif not exchange.void:
        yield trial.kept()


def _judge_size(
    trial: Trial, endpoint: Endpoint, exchange: Exchange, widest: Mapping[str, Any] | None
) -> Iterator[Judgement]:
    """Judge an answer's size. Only a full answer to a call as wide as the widest one proves it.

    The answer may be right in itself, so other checks still judge it: a break is derived.
    """
    limit: Limit = trial.case.about
    items = limit.what == "items"
    count = _longest(exchange.body) if items else _characters(exchange, limit.most)
    if count > limit.most:
        expected = f"at most {limit.most:,g} {UNITS[limit.what]}, {limit.source}"
        actual = f"the answer has more {UNITS[limit.what]}: {{count:,}}"
        yield replace(trial.broken(expected, actual, count=count), derived=True)
    elif all(_is_as_planned(exchange, name, value) for name, value in (widest or {}).items()):
        yield _judge_fullness(trial, endpoint, exchange, count)


def _judge_fullness(trial: Trial, endpoint: Endpoint, exchange: Exchange, count: int) -> Judgement:
    """Judge an answer within the limit: it shows something if the server could have sent more.

    A list could if it has as many items as it may have, or if another page follows. Copilot's limit is 25
    items, and many servers hold three.
    """
    limit: Limit = trial.case.about
    setting, there = trial.setting, _longest(exchange.body)
    if not _lists(setting, endpoint) or count == limit.most:
        return trial.kept()
    sizes = {name: exchange.input.get(name) for name in _list_sizes(setting, endpoint)}
    asked = {name: size for name, size in sizes.items() if type(size) is int}
    if there in asked.values() or next_page(setting, endpoint, exchange) is not None:
        return trial.kept()
    items = f"the answer had {there} item{'' if there == 1 else 's'}"
    name, size = max(asked.items(), key=lambda item: item[1], default=("", 0))
    if limit.what == "characters":
        most = count * size // max(1, there)  # as many such items as a page may have
        if most <= limit.most:
            return trial.kept(f"{items}, {count:,} characters")
        unit = f"{limit.most:,g} characters: {items}, {count:,} characters"
    elif name and size <= limit.most:
        return trial.kept(f"{items}; `{name}` asks for no more than {size}")
    else:
        unit = f"{limit.most:,g} items: {items}"
    lift = "a server that holds more items shows it" + (f", or a lower `maximum` of {name}" if name else "")
    return trial.unseen(f"the answer was too small to reach {unit}; {lift}")


def _list_sizes(setting: Setting, endpoint: Endpoint) -> list[str]:
    """Return the arguments that say how many items an answer may have."""
    action = endpoint.action
    sizes = [action.pages.size] if action.pages is not None and action.pages.size else []
    filling = [str(r.widen) for r in action.relations if fills_a_page(setting, endpoint, r)]
    return list(dict.fromkeys([*sizes, *filling]))


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
        ("agent_response_limits", "widest", endpoint.place, surface.name),
        lambda: _widest(setting, endpoint, surface),
    )


def _widest(setting: Setting, endpoint: Endpoint, surface: Surface) -> Mapping[str, Any] | None:
    """Return the arguments of a read's widest call from a surface.

    None if it answers no list, or if all valid calls are equally wide.
    """
    narrowed = surface.narrow.get(endpoint.action.name, {})
    if endpoint.action.effect != "read" or not _lists(setting, endpoint):
        return None
    template = template_of(setting.model, endpoint.action)
    page = endpoint.action.pages.argument if endpoint.action.pages is not None else None
    free = [
        p
        for p in free_params(setting, endpoint)
        if p.name != page  # the last page of all has no items, and Django REST answers 404 beyond it
        and set(types_of(setting.resolve_schema(p.schema))) <= {"integer", "number"}
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
    """Return the result of `_may_list`, computed once a run."""
    return setting.compute_once(
        ("agent_response_limits", "lists", endpoint.place), lambda: _may_list(setting, endpoint)
    )


def _may_list(setting: Setting, endpoint: Endpoint) -> bool:
    """True if a success may contain a list of objects."""
    schema, schemas = endpoint.action.success.schema, setting.model.schemas
    if schema is None:
        return False
    parts = [resolve(p, schemas) for p in walk(schema)]
    arrays = [p for part in parts for p in walk(part) if "array" in types_of(p)]
    return any("object" in types_of(setting.resolve_schema(a.get("items") or {})) for a in arrays)


def _limits(setting: Setting, endpoint: Endpoint, surface: str) -> dict[What, Limit]:
    """Return the host's limits that apply to this action's answers."""
    limits = setting.compute_once(
        ("agent_response_limits", "limits", surface), lambda: limits_of(setting.model, surface)
    )
    success = endpoint.action.success
    return {
        what: limit
        for what, limit in limits.items()
        if what == "seconds"
        or (what == "characters" and success.schema is not None)
        or (what == "items" and _lists(setting, endpoint))
    }


CHECK = make_check(
    "agent_response_limits",
    __doc__,
    cases,
    attempts=attempts,
    stage=4,
    watch=watch,
    # below `no_crashes`, which ends the judging of a crashed call: an answer that never came is too late, too
    turn=-1,
    calls_correctly=True,
    overlap="all",
    rank=Rank.WRONG,
)
