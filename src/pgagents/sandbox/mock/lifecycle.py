"""Change instances of the mock without a call.

Time moves or ends them, and counters follow their number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.http import Request
from pgagents.base.text import correct_articles
from pgagents.catalogue.model.action import Job
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, Unique
from pgagents.sandbox.call import AcceptedCall, Refusal, epoch_of
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.answers import Lawful, write_time
from pgagents.sandbox.mock.rows import Naming, RowKey, Rows

Row = Mapping[str, Any]
JOB_S = 2.0
"""Longest duration of a job in seconds."""
LIFE_S = 7 * 86_400
"""Seconds until a new instance moves or ends by itself, if no law determines it."""


class Lifecycle:
    """Move instances when time passes, and update the counters that living instances lower."""

    def __init__(self, model: Model, rows: Rows, laws: Lawful) -> None:
        self._model = model
        self._rows = rows
        self._laws = laws
        self._resources = list(model.resources.values())
        self._timed = [r for r in model.resources.values() if r.moves_by_time or r.expires_by]
        jobs = [a.job for a in (*model.actions, *model.operator) if a.job is not None]
        self._jobs = [(model.resources[job.resource], job) for job in jobs]
        self._begun: dict[tuple[str, str], float] = {}
        self._of_examples: set[tuple[str, Any]] = set()
        """The instances of examples, by kind and id. No example says whether a counter has them already."""
        self.note_end: Callable[[Resource, Row, float, str], None] = lambda *_: None
        """A function that is called when a job has ended, with its resource, row, time and tenant."""

    def note_example(self, resource: Resource, row: Row) -> None:
        """Note an instance of an example, which changes no counter when it ends."""
        self._of_examples.add((resource.name, resource.id_of(row)))

    def pass_time(self, now: float) -> None:
        """Make every transition that is due."""
        for resource in self._timed:
            for key, row in self._rows.every(resource.name):
                after = self._move(resource, row, now)
                if after is None:
                    self.remove(resource, key, row)
                elif after != row:
                    self._rows.change(key, after)
                    self.count(resource, key.tenant, row, after)
        for resource, job in self._jobs:
            for key, row in self._rows.every(resource.name):
                after = self._go_on(resource, job, key.id, row, now)
                if after != row:
                    self._rows.change(key, after)
                if after != row and after.get(job.state) in job.ends:
                    self.note_end(resource, after, now, key.tenant)

    def postpone(
        self, resource: Resource, row: dict[str, Any], schema: Mapping[str, Any], now: float
    ) -> dict[str, Any]:
        """Return a new instance with its times of moving and ending in the future, because its example is
        old.
        """
        members = {move.at for move in resource.moves_by_time} | {resource.expires_by or ""}
        for member in sorted(members & row.keys()):
            if _is_past(row[member], now):
                shape = schema.get("properties", {}).get(member, {})
                row = {**row, member: write_time(now + LIFE_S, shape, self._model.schemas)}
        return row

    def remove(self, resource: Resource, key: RowKey, row: Row) -> None:
        """Remove an instance, and everything that it contains."""
        self._rows.remove(key)
        self.count(resource, key.tenant, row, None)
        self.count_inside(resource, key, -1)
        self._remove_inside(resource, key)

    def hide(self, resource: Resource, key: RowKey, row: Row, after: dict[str, Any]) -> None:
        """Keep an instance as a removed one, and remove everything that it contains."""
        self._rows.change(key, after)
        self.count(resource, key.tenant, row, after)
        self.count_inside(resource, key, -1)
        self._remove_inside(resource, key)

    def is_gone(self, resource: Resource, row: Row) -> bool:
        """Return whether a row is that of a removed instance that can still be read."""
        return resource.gone_when is not None and not _lives(resource, row)

    def _remove_inside(self, resource: Resource, key: RowKey) -> None:
        for child in (r for r in self._resources if r.within == resource.name):
            for found in list(self._rows.list_inside(child.name, key)):
                inner = self._rows.get(found)
                if inner is not None:
                    self.remove(child, found, inner)

    def begin(self, resource: Resource, id: str, now: float) -> None:
        """Remember when a job began."""
        self._begun[resource.name, id] = now

    def _go_on(
        self, resource: Resource, job: Job, id: str, row: dict[str, Any], now: float
    ) -> dict[str, Any]:
        """Return a job's current state. It takes a quarter of its allowed time, at most JOB_S seconds."""
        if row.get(job.state) in job.ends:
            return row
        takes_s = min(job.within_s / 4, JOB_S)
        part = (now - self._begun.setdefault((resource.name, id), now)) / takes_s
        on_the_way = [state for state in resource.states if state not in job.ends]
        if part >= 1:
            return self._settle(resource, {**row, job.state: job.done[0]}, now)
        reached = on_the_way[int(part * len(on_the_way))] if on_the_way else row.get(job.state)
        return row if row.get(job.state) == reached else {**row, job.state: reached}

    def _move(self, resource: Resource, row: dict[str, Any], now: float) -> dict[str, Any] | None:
        """Return the instance in its state at this time; None if it has ended."""
        after = row
        for move in resource.moves_by_time:
            if after.get(str(resource.state)) == move.origin_state and _is_past(after.get(move.at), now):
                after = self._settle(resource, {**after, str(resource.state): move.to}, now)
        if resource.expires_by and not resource.moves_by_time and _is_past(row.get(resource.expires_by), now):
            return None
        return after

    def _settle(self, resource: Resource, row: dict[str, Any], now: float) -> dict[str, Any]:
        """Return the instance with the values that the laws of its read demand."""
        for read in resource.read_by:
            path = places.place(read.at)
            if path is None:
                continue
            named = places.id_argument(read, resource)
            input = {argument: row.get(member) for argument, member in named.items()}
            call = AcceptedCall(read.action, input, None, now, "rest", False, {}, None, Request("GET", "/"))
            found = places.get(self._laws.repair(call, places.put(None, path, row)), path)
            if isinstance(found, dict):
                row = found
        return row

    def find_repeated(self, resource: Resource, tenant: str, place: str, row: Row) -> Unique | None:
        """Return the unique members that a new instance shares with another one in its place, or None.

        The other one is a living one, or a removed one that keeps its values.
        """
        for unique in resource.unique:
            texts = [row[name] for name in unique.members if isinstance(row.get(name), str)]
            text = json.dumps(max(texts, key=len)) if texts else ""  # only rows with this text are read
            others = self._rows.all(resource.name, tenant, place, text=text, removed=unique.stays_taken)
            holders = (other for other in others if unique.stays_taken or _lives(resource, other))
            same = (o for o in holders if all(o.get(name) == row.get(name) for name in unique.members))
            if any(not unique.overlaps or _overlap(row, other, *unique.overlaps) for other in same):
                return unique
        return None

    def find_used(
        self, resource: Resource, naming: Naming, call: AcceptedCall, row: Row
    ) -> RowKey | Refusal | None:
        """Return the key of the instance that a call uses up, such as the hold from which an order is made.

        The new instance then has the other one's capacity. Return None if it takes capacity of its own, and
        a refusal if the named instance has its capacity elsewhere.
        """
        for param in call.action.params:
            first = self._model.resources.get(param.refers_to or "")
            if first is None or first is resource or param.required or call.input.get(param.name) is None:
                continue
            one, two = first.takes, resource.takes
            if one is None or two is None or (one.of, one.counter) != (two.of, two.counter):
                continue
            key = naming.key_of_reference(first, call, param)
            held = self._rows.get(key) if key is not None else None
            if held is not None and held.get(one.by) == row.get(two.by):
                return key
            code = first.missing_for(param) or self._model.invalid_in(call.action)
            said = correct_articles(f"It is not a {first.name} of the same {one.of}")
            return Refusal(code.name, said, str(param.name))
        return None

    def count(self, resource: Resource, tenant: str, before: Row | None, after: Row | None) -> bool:
        """Change the counter that living instances lower. Return False if nothing of it is left."""
        takes = resource.takes
        change = _lives(resource, before) - _lives(resource, after)
        if takes is None or not change or (resource.name, resource.id_of(before)) in self._of_examples:
            return True
        holder = before if before is not None else after
        id = str((holder or {}).get(takes.by))
        for owner in dict.fromkeys((tenant, "")):
            place = RowKey(takes.of, id, owner)
            row = self._rows.get(place)
            if row is not None and isinstance(row.get(takes.counter), int):
                if row[takes.counter] + change < 0:
                    return False
                self._rows.change(place, {**row, takes.counter: row[takes.counter] + change})
        return True

    def count_inside(self, resource: Resource, key: RowKey, change: int) -> None:
        """Change the member of the container that is the number of instances in it."""
        above = self._model.resources.get(resource.within or "")
        member = dict(above.counts).get(resource.name) if above is not None else None
        if above is None or member is None:
            return
        place, _, id = key.place.rpartition("/")
        home = RowKey(above.name, id, key.tenant, place)
        row = self._rows.get(home)
        if row is not None:
            self._rows.change(home, {**row, member: max(0, row.get(member, 0) + change)})


def _lives(resource: Resource, row: Row | None) -> int:
    """Return 1 for an instance that is there and has not ended, else 0."""
    if row is None:
        return 0
    if resource.gone_when is not None:
        return int(not Scope({"resource": dict(row)}).is_true(resource.gone_when))
    return int(not resource.state or not resource.initial or row.get(resource.state) == resource.initial)


def _overlap(one: Row, other: Row, start: str, end: str) -> bool:
    """True if the times of two instances have a moment in common."""
    starts, ends = ([str(row.get(name)) for row in (one, other)] for name in (start, end))
    begun, over = ([(epoch_of(text) or 0.0, text) for text in texts] for texts in (starts, ends))
    return max(begun) < min(over)


def _is_past(moment: Any, now: float) -> bool:
    """True for a time in the past, as text or epoch seconds."""
    seconds = epoch_of(moment) if isinstance(moment, str) else moment
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds <= now
