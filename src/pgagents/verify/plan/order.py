"""Order the probes: first a survey of all kinds of contracts, then stage by stage.

If the order within a stage is free, the seed shuffles its probes. Probes that change different
collections may run at the same time.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from itertools import groupby

from pgagents.base.cel.expression import Expression
from pgagents.base.places import Pointer
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.check_registry import collect
from pgagents.verify.promise import Check, Overlap, Probe
from pgagents.verify.setting import Setting
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
    Those that need one of the few instances that a run may make of a kind follow.
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
    rank: dict[int, float] = {i: waves.get(i, len(WAVES) + 1) for i in range(len(probes))}
    rank |= {i: _rank_scarce(probes[i]) for i in shown if i >= first and takes_of_few(setting, probes[i])}
    return [probes[i] for i in sorted(rank, key=lambda i: rank[i])]


OWN_CHECKS = ("jobs", "idempotency")
"""What is promised of a job and of a paid call alone."""


def takes_of_few(setting: Setting, probe: Probe) -> bool:
    """True for a call's own check if what it makes stays, so that few are made: none is left later."""
    if setting.test_data or probe.check not in OWN_CHECKS or not probe.endpoints:
        return False
    action = probe.endpoints[0].action
    made = (r for r in setting.model.resources.values() if r.made_by and r.made_by.action is action)
    return any(resource.undone_by is None for resource in made)


def _rank_scarce(probe: Probe) -> float:
    """Return where it stands: a job, or a call that costs or sends, takes of its parents' few, too."""
    action = probe.endpoints[0].action
    return -0.9 if action.costs or action.sends or action.job is not None else -0.5


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


# -- collections that a call may change.
#
# A collection holds the instances of one resource, or of several resources that share an action that
# makes, reads, lists, moves or undoes them. It has the name of one of these resources.


Collections = frozenset[str] | None
"""The names of some collections; None stands for all collections."""


def meet(one: Collections, other: Collections) -> bool:
    """True if the two have a collection in common. None stands for all collections."""
    if one is None or other is None:
        return one != frozenset() and other != frozenset()
    return not one.isdisjoint(other)


@dataclass(frozen=True, slots=True, eq=False)
class CollectionIndex:
    """The collections of a catalogue, and those that each action changes."""

    name_of: Mapping[str, str]
    """The name of each resource's collection."""
    above: Mapping[str, frozenset[str]]
    """By collection, those that may change with it: itself, and those to which its instances refer."""
    by_action: Mapping[str, frozenset[str]]
    """By action, the collections whose instances a call makes, reads, lists, moves, undoes or names."""
    named: Mapping[str, frozenset[str]]
    """By resource, those whose ids a call needs to make an instance of it, directly or through others.

    The resource itself is among them only if its calls need another instance of it.
    """

    def may_need(self, one: str, other: str) -> bool:
        """True if an instance of a resource may need one of the other resource, or the other way round."""
        a, b = self.name_of[one], self.name_of[other]
        if a == b:
            return other in self.named[one] or one in self.named[other]
        return b in self.above[a] or a in self.above[b]

    def list_of(self, resources: Iterable[str]) -> frozenset[str]:
        """Return the collections of these resources."""
        return frozenset(self.name_of[name] for name in resources if name in self.name_of)

    def list_changed(self, actions: Iterable[Action]) -> Collections:
        """Return the collections that calls of these actions may change; None if that is unknown.

        Making the instances that the calls need is included. It is unknown if the catalogue does not declare
        what a writing action changes.
        """
        found: set[str] = set()
        for action in actions:
            own = self.by_action.get(str(action.name), frozenset())
            if not own and action.effect == "write":
                return None
            found.update(*(self.above[name] for name in own))
        return frozenset(found)


def index_collections(model: Model) -> CollectionIndex:
    """Group the resources of a catalogue into collections."""
    name_of: dict[str, str] = {name: name for name in model.resources}
    by_user: dict[str, str] = {}
    for resource in model.resources.values():
        for action in list_users(resource):
            _join(name_of, by_user.setdefault(str(action.name), resource.name), resource.name)
    near = {name: {name_of[name]} for name in dict.fromkeys(name_of.values())}
    direct = {name: {n for n in _list_named(r) if n in name_of} for name, r in model.resources.items()}
    for name, others in direct.items():
        near[name_of[name]] |= {name_of[other] for other in others}
    above = {name: frozenset(_reach(near, name)) for name in near}
    by_action: dict[str, frozenset[str]] = {}
    for action in model.actions:
        params = [p.refers_to for p in action.params if p.refers_to in name_of]
        used = [by_user[str(action.name)]] if str(action.name) in by_user else []
        by_action[str(action.name)] = frozenset(name_of[n] for n in (*params, *used) if n is not None)
    named = {name: frozenset(r for n in others for r in _reach(direct, n)) for name, others in direct.items()}
    return CollectionIndex(name_of, above, by_action, named)


def list_users(resource: Resource) -> list[Action]:
    """Return the actions that make, read, list, move or undo instances of a resource."""
    calls = (resource.made_by, resource.undone_by, *resource.read_by, *resource.listed_by)
    return [*(call.action for call in calls if call is not None), *(move.action for move in resource.moves)]


def _join(name_of: dict[str, str], one: str, other: str) -> None:
    """Unite the collections of two resources."""
    kept, gone = name_of[one], name_of[other]
    for name, of in name_of.items():
        if of == gone:
            name_of[name] = kept


def _list_named(resource: Resource) -> list[str]:
    """Return the resources that an instance refers to when it is made, that contain it, or that count it."""
    made = resource.made_by
    named = [p.refers_to for p in made.action.params if p.refers_to] if made is not None else []
    for value in made.input.values() if made is not None else ():
        named += value.names if isinstance(value, Expression) else ()
    within = [resource.within] if resource.within is not None else []
    return [*named, *within, *([resource.takes.of] if resource.takes is not None else [])]


def _reach(near: Mapping[str, set[str]], name: str) -> set[str]:
    """Return all names that can be reached from a name, and the name itself."""
    found, new = {name}, [name]
    while new:
        more = near[new.pop()] - found
        found |= more
        new += more
    return found


# -- probes that may run at the same time.
#
# A probe runs alone unless the probe itself (`Probe.overlap`) or its check (`Check.overlap`) says
# otherwise. A `readers` probe compares several answers. Another probe may run beside it if it changes
# none of the compared collections. A `readers` probe that may write, and does not name what it compares,
# runs alone. Everything follows from the plan and the catalogue, so a server's speed changes nothing.


NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Slot:
    """A probe in the plan's order, and what may run beside it.

    | field | meaning |
    |---|---|
    | `company` | the probes that may run beside it: none, those that change nothing it compares, or all |
    | `writes` | True if it may change something, or may have to make an instance that it uses |
    | `after` | it starts when all probes before this index have ended |
    | `compares` | the collections that nobody else may change meanwhile; None for all |
    | `changes` | the collections that it may change; None for all |
    """

    index: int
    probe: Probe
    company: Overlap
    writes: bool
    after: int
    compares: Collections = NOTHING
    changes: Collections = NOTHING


class Company:
    """The slots that are running; decides if another one may start."""

    def __init__(self, running: Iterable[Slot]) -> None:
        slots = tuple(running)
        self._first = next(iter(slots), None)
        self._full = any(slot.company == "none" for slot in slots)
        self._changes = _unite(slot.changes for slot in slots)
        self._compares = _unite(slot.compares for slot in slots)

    def takes(self, slot: Slot) -> bool:
        """True if a slot may start while these are running."""
        if self._full or slot.company == "none":
            return self._first is None
        return not meet(slot.compares, self._changes) and not meet(self._compares, slot.changes)

    def is_like(self, slot: Slot) -> bool:
        """True if a slot and the first running one both write, or both only read."""
        return self._first is not None and slot.writes == self._first.writes


def lay_out(
    setting: Setting, checks: Mapping[str, Check], probes: Sequence[Probe], *, writes: bool, first: int = 0
) -> list[Slot]:
    """Return the slots of a plan's probes. `writes` is False if the run may not change anything.

    `first` is the index of the first probe: the number of slots that the run has had before.
    """
    made = {name for name, resource in setting.model.resources.items() if resource.made_by is not None}
    index_of = setting.compute_once("collections", lambda: index_collections(setting.model))
    found: list[Slot] = []
    for index, probe in enumerate(probes, first):
        company: Overlap = probe.overlap or checks[probe.check].overlap
        may_write = writes and (probe.writes or _needs_instance(probe, made))
        changes = _list_changes(index_of, probe) if may_write else NOTHING
        compares = _list_compared(index_of, probe) if company == "readers" else NOTHING
        if company == "readers" and may_write and compares is None:
            company = "none"
        found.append(Slot(index, probe, company, may_write, _after(found, index, probe), compares, changes))
    return found


def _list_compared(index: CollectionIndex, probe: Probe) -> Collections:
    """Return the collections whose answers a probe compares; None for all."""
    return None if probe.compares is None else index.list_of(probe.compares)


def _list_changes(index: CollectionIndex, probe: Probe) -> Collections:
    """Return the collections that a probe may change; None for all, also if they are unknown."""
    found = index.list_changed((*probe.calls, *(endpoint.action for endpoint in probe.endpoints)))
    return found or None


def _unite(several: Iterable[Collections]) -> Collections:
    """Return the union of sets of collections; None for all."""
    found: set[str] = set()
    for one in several:
        if one is None:
            return None
        found |= one
    return frozenset(found)


def _needs_instance(probe: Probe, made: Collection[str]) -> bool:
    """True if a call of the probe refers to an instance that the run makes."""
    return any(param.refers_to in made for endpoint in probe.endpoints for param in endpoint.params)


def _after(before: Sequence[Slot], index: int, probe: Probe) -> int:
    """Return the index before which all probes must have ended.

    Optional and repeating probes depend on all earlier verdicts, late probes on all earlier calls.
    Neighbouring probes of one kind depend on the same verdicts, so they share an index.
    """
    if not probe.optional and probe.priority == 1 and probe.stage < LATE:
        return 0
    last = before[-1] if before else None
    same = last is not None and _kind(last.probe) == _kind(probe)
    return last.after if last is not None and same else index


def _kind(probe: Probe) -> tuple[bool, int, int]:
    return probe.optional, probe.priority, max(probe.stage, LATE)
