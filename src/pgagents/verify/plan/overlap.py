"""Decide which probes may run at the same time, and which probes must have ended before each one starts.

A probe runs alone unless the probe itself (`Probe.overlap`) or its check (`Check.overlap`) says otherwise.
A `readers` probe compares several answers. Another probe may run beside it if it changes none of the compared
collections. A `readers` probe that may write, and does not name what it compares, runs alone.
Everything follows from the plan and the catalogue, so a server's speed changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pgagents.verify.check.check import Check, Overlap, Probe
from pgagents.verify.check.setting import Setting
from pgagents.verify.plan.collections import CollectionIndex, Collections, index_collections, meet
from pgagents.verify.plan.order import LATE

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
