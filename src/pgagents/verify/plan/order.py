"""Order the probes: first a survey of all kinds of contracts, then stage by stage.

If the order within a stage is free, the seed shuffles its probes.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heapreplace
from itertools import groupby

from pgagents.model.contract import Contract
from pgagents.source.source import Pointer
from pgagents.verify.check.check import Probe, collect
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.endpoint import REST

LAST = 99
"""The stage of calls that exceed rate limits. It comes after all others, and its calls are not in the
budget.
"""
PRISTINE = 0
"""The stage of calls that need the target's original state, before the run has made any instance."""
LATE = 8
"""The first stage whose probes check the effects of earlier ones, so no probe from here on is moved
forward.
"""
SHUFFLED_FROM = 4
"""The first stage whose probes the seed shuffles. Probes of earlier stages build on each other."""
CORRECT = (1, 3)
"""The stages of correct calls with ordinary values: examples, no boundary values."""
NAMING = frozenset((
    "actions", "codes", "events", "examples", "input", "laws", "moves", "properties", "relations",
    "resources", "roles", "steps",
    "workflows",
))  # fmt: skip
"""Members of a catalogue whose own members have names that the author chose."""

Kind = tuple[str, ...]
WEIGHTS = {"answer": 4, "check": 2, "line": 1, "effect": 1}
"""The worth of showing a kind for the first time, by the kind's first member.

An action's first answer counts 4. So does a check's first contract (2 + 1 + 1). The first contract from a
further kind of line counts 2 (1 + 1). The first from a known line for the other effect counts 1.
"""
WAVES = (4, 2, 1)
"""The least worth per request for each wave of a survey."""


def by_phase(probes: Iterable[Probe], seed: int) -> list[Probe]:
    """Sort probes by priority and stage; within a stage, optional probes come last.

    From the stage `SHUFFLED_FROM` on, the seed shuffles the probes within a stage.
    """
    found: list[Probe] = []
    for key, several in groupby(sorted(probes, key=_stage), key=_stage):
        group = list(several)
        if key[1] >= SHUFFLED_FROM:
            random.Random(f"{seed}-{key}").shuffle(group)
        found += sorted(group, key=lambda p: p.optional)
    return found


def _stage(probe: Probe) -> tuple[int, int]:
    return probe.priority, probe.stage


def order_for_survey(
    setting: Setting, probes: Sequence[Probe], contracts: Iterable[Contract], most: int, first: int = 1
) -> list[Probe]:
    """Return the same probes in waves of decreasing worth, so that `most` requests show as many kinds as
    possible.

    So a bug that shows everywhere is reported early, and an interrupted run has tried a little of everything.
    A probe's worth depends on `contracts` and the catalogue alone. The `first` probes stay in front, because
    a correct call shows if the server accepts the key. Probes of the stage `PRISTINE` stay in front, too.
    """
    first += sum(probe.stage == PRISTINE for probe in probes)
    counted = {c.id: c for c in contracts}
    calling = {name for name, check in collect().items() if check.calls_correctly}
    shown = {
        i: _find_shown_kinds(setting, p, counted, calling)
        for i, p in enumerate(probes)
        if i < first or _free(p)
    }
    waves = _survey(probes, shown, most, min(first, len(probes)))
    return [probes[i] for i in sorted(range(len(probes)), key=lambda i: waves.get(i, len(WAVES) + 1))]


def for_smoke(
    setting: Setting, probes: Sequence[Probe], contracts: Iterable[Contract], most: int
) -> list[Probe]:
    """Return the probes of a smoke run: a correct call of each action on each surface, REST and reads first.

    The remaining requests of `most` go to a survey (`order_for_survey`).
    """
    correct: dict[str, Probe] = {}
    for probe in probes:
        if probe.check == "surface_equivalence" or (
            probe.check == "valid_calls" and probe.surface == REST and probe.stage in CORRECT
        ):
            correct.setdefault(probe.place, probe)
    calls = sorted(correct.values(), key=lambda p: (p.surface != REST and p.stage > CORRECT[0], p.stage))
    taken = {id(p) for p in calls}
    early = [p for p in probes if p.stage == PRISTINE]
    others = [p for p in probes if id(p) not in taken and p.stage != PRISTINE]
    return order_for_survey(setting, [*early, *calls, *others], contracts, most, len(calls))


def kinds_of(setting: Setting, contract: Contract) -> tuple[Kind, ...]:
    """Return the kinds to which a contract belongs, the widest first.

    The first is its check. The second adds the kind of catalogue line that promises it, the third the effect
    (read or write) of its action. Action, argument and surface make no difference, because servers treat them
    all alike.
    """
    endpoint = setting.by_place.get(contract.place)
    line = "/".join(_line(contract.origin))
    effect = endpoint.action.effect if endpoint else ""
    return ("check", contract.check), ("line", contract.check, line), ("effect", contract.check, line, effect)


def _line(origin: Pointer) -> list[str]:
    """Return a pointer into the catalogue without the names that its author chose."""
    return [
        step
        for above, step in zip(("", *origin), origin, strict=False)
        if isinstance(step, str) and above not in NAMING
    ]


def _free(probe: Probe) -> bool:
    """True if a probe may be moved forward: it does not repeat others, is not optional, and checks no earlier
    call.
    """
    return probe.priority == 1 and not probe.optional and probe.stage < LATE


def _find_shown_kinds(
    setting: Setting, probe: Probe, counted: Mapping[str, Contract], calling: Collection[str]
) -> frozenset[Kind]:
    """Return the kinds that a probe shows: those of its contracts, and a first answer of each action that it
    calls correctly.
    """
    found = {kind for id in probe.contracts if id in counted for kind in kinds_of(setting, counted[id])}
    if probe.check in calling:
        found.update(("answer", str(d.action.name)) for d in probe.endpoints)
    return frozenset(found)


def _survey(
    probes: Sequence[Probe], shown: Mapping[int, frozenset[Kind]], most: int, first: int
) -> dict[int, int]:
    """Return the wave of each probe of a survey, by the probe's index.

    The next probe of a wave is the one that adds the most worth for each request.
    """
    waves: dict[int, int] = {}
    met: set[Kind] = set()
    left = most

    def worth(i: int) -> float:
        return sum(WEIGHTS[kind[0]] for kind in shown[i] - met) / _price(probes[i])

    def take(i: int, wave: int) -> None:
        nonlocal left
        waves[i] = wave
        left -= _price(probes[i])
        met.update(shown[i])

    for i in range(first):
        take(i, -1)
    heap = [(-worth(i), i) for i in _cheapest(probes, shown)]
    heapify(heap)
    while heap and heap[0][0] < 0:
        told, i = heap[0]
        now = worth(i)
        if now < -told:  # earlier probes have shown some of it meanwhile
            heapreplace(heap, (-now, i))
            continue
        heappop(heap)
        if _price(probes[i]) <= left:
            take(i, next((n for n, least in enumerate(WAVES) if now >= least), len(WAVES)))
    return waves


def _cheapest(probes: Sequence[Probe], shown: Mapping[int, frozenset[Kind]]) -> Iterable[int]:
    """Return the index of the cheapest probe of each set of kinds, the first one of equally cheap probes."""
    best: dict[frozenset[Kind], int] = {}
    for i, kinds in shown.items():
        if kinds not in best or _price(probes[i]) < _price(probes[best[kinds]]):
            best[kinds] = i
    return best.values()


def _price(probe: Probe) -> int:
    """Return the number of a probe's requests, without those that undo its writes at the end of the run."""
    return max(1, probe.cost - probe.writes)
