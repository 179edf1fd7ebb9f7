"""Observe what reading actions say of instances, and compare two observations.

An observation maps places to values. A place is a source (the action that reads), the instance by its number
(0 is the subject, 1 its neighbour), and a member's path. An event or an audit row that
no call accounts for has a place of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from pgagents.model.action import Action, ActionCall
from pgagents.model.resource import Resource, member_at
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path, is_missing, member_named
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.call import Alone, Call, InstanceRef, Reads, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

T = TypeVar("T")
Body = Mapping[str, Any]
Place = tuple[str, int, str]
Observation = Mapping[Place, Any]
TOLD = "what was told"
"""A place that begins so stands for an event or a row of the audit."""
ANSWER = -1
"""The number that stands for an answer as a whole: its counts, and how many items it has."""
GONE = "is not there"
TRIALS = 2
"""The number of further trials that must show a difference again."""
MOST_SETTLING, SETTLING_S = 5, 0.2
"""The most observations, and the seconds between them, until lists have caught up."""
MOST_DEEP = 4
MOST_MEMBERS = 400
"""Bounds of the stored part of one body, because a server may send anything."""
VERSION = re.compile(
    r"(?:^|[._])(?:version|revision|rev|etag|generation|sequence|seq|(?:last_)?(?:updated|modified|changed)"
    r"(?:_(?:at|on|time))?|(?:updated|modified)At)$",
    re.I,
)
"""Members that say which version an instance has: each write may renew them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A call that reads or lists instances of a resource."""

    resource: Resource
    call: ActionCall
    endpoint: Endpoint
    lists: bool
    counter: str = ""
    """The member with a count that each instance lowers, where the call shows the counting instance."""

    @property
    def label(self) -> str:
        """The action, and the arguments by which its calls differ."""
        given = ", ".join(sorted(self.call.input)) if self.lists else ""
        return f"{self.call.action.name}({given})" if given else str(self.call.action.name)


class TraceSource(Protocol):
    """Show changes of an instance that no call accounts for: by events, and by rows of the audit."""

    def observe(self, body: Body) -> Generator[Any, Any, dict[Place, Any]]:
        """Return a place for each kind of event or row that exceeds the calls."""

    def note(self, action: Action, *, changes: bool = True) -> None:
        """Account for a call; `changes` is false if no event may tell of it."""


def list_sources(setting: Setting, resource: Resource) -> list[Source]:
    """Return the sources of a resource: reads of one instance first, then lists."""
    found: dict[str, Source] = {}
    for lists, calls in ((False, resource.read_by), (True, resource.listed_by)):
        for call in calls:
            endpoint = setting.find_usable_lead(str(call.action.name))
            if endpoint is not None and call.action.hints.read_only.value and call.at is not None:
                source = Source(resource, call, endpoint, lists)
                found.setdefault(source.label, source)
    takes = resource.takes
    endpoint = setting.find_usable_lead(str(takes.read_by.name)) if takes is not None else None
    if takes is not None and endpoint is not None:
        usual = template_of(setting.model, takes.read_by)
        call = ActionCall(takes.read_by, usual.input, None, None, resource.origin)
        found[takes.counter] = Source(resource, call, endpoint, lists=True, counter=takes.counter)
    return list(found.values())


def shows_instances(sources: Iterable[Source]) -> bool:
    """True if a source shows instances, and not only counts them."""
    return any(not source.counter for source in sources)


def list_compared(sources: Iterable[Source]) -> frozenset[str]:
    """Return the resources whose other instances show in an observation, by lists or counters.

    A read shows one instance of the run, which no other probe may change.
    """
    listing = (source for source in sources if source.lists)
    found: set[str] = set()
    for source in listing:
        takes = source.resource.takes
        found.add(takes.of if source.counter and takes is not None else source.resource.name)
    return frozenset(found)


def observe(
    sources: Iterable[Source], bodies: Sequence[Body], why: str, traces: TraceSource | None = None
) -> Generator[Any, Any, Observation | None]:
    """Read the instances through every source; return None if an answer had no usable body.

    `traces` add what events and the audit tell of the first instance.
    """
    asked = [
        (source, number, _ask(source, body, why))
        for source in sources
        for number, body in enumerate(bodies[:1] if source.lists else bodies)
    ]
    found: dict[Place, Any] = {}
    exchanges: list[Exchange] = (yield Reads(tuple(call for _, _, call in asked))) if asked else []
    for (source, number, _), exchange in zip(asked, exchanges, strict=True):
        seen = _read(source, exchange, bodies, number)
        if seen is None:
            return None
        found.update(seen)
    if traces is not None:
        found.update((yield from traces.observe(bodies[0])))
    return found


def _ask(source: Source, body: Body, why: str) -> Call:
    given = _name_counting(source, body) if source.counter else source.call.input
    return Call(source.endpoint, given, "explore", why, subject=source.resource, made=body)


def _name_counting(source: Source, body: Body) -> Mapping[str, Any]:
    """Return the arguments that name the instance whose counter an instance lowers."""
    takes = source.resource.takes
    assert takes is not None
    by = {str(p.name): member_at(body, takes.by) for p in source.endpoint.params if p.refers_to == takes.of}
    return {**source.call.input, **by}


def _read(source: Source, exchange: Exchange, bodies: Sequence[Body], number: int) -> dict[Place, Any] | None:
    resource, label = source.resource, source.label
    if not source.lists and is_missing(resource, exchange):
        return {(label, number, ""): GONE}
    if exchange.void or not exchange.success or not exchange.fits:
        return None
    if source.counter:
        count = member_named(exchange.body, source.counter)
        return None if count is None else {(label, ANSWER, source.counter): count}
    shown = at_path(source.call, exchange)
    if not source.lists:
        return _note(label, number, resource, shown) if isinstance(shown, Mapping) else None
    if not isinstance(shown, list):
        return None
    found: dict[Place, Any] = {(label, ANSWER, "items"): len(shown)}
    if isinstance(exchange.body, Mapping):
        counts = {k: v for k, v in exchange.body.items() if _is_count(v)}
        found.update({(label, ANSWER, str(k)): v for k, v in counts.items()})
    rows = {resource.id_of(row): row for row in shown if isinstance(row, Mapping)}
    for place, body in enumerate(bodies):
        row = rows.get(resource.id_of(body))
        found.update({(label, place, ""): GONE} if row is None else _note(label, place, resource, row))
    return found


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _note(label: str, number: int, resource: Resource, body: Body) -> dict[Place, Any]:
    """Return the members of an instance by their paths, without those that are volatile or that reading
    changes.
    """
    left_out = {*resource.volatile, *resource.reads_change}
    found: dict[Place, Any] = {(label, number, ""): "is there"}
    for path, value in _list_members(body, "", 0):
        if path.partition(".")[0] not in left_out and len(found) < MOST_MEMBERS:
            found[label, number, path] = value
    return found


def _list_members(body: Body, before: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if isinstance(value, Mapping) and depth < MOST_DEEP and value:
            yield from _list_members(value, f"{before}{name}.", depth + 1)
        else:
            yield f"{before}{name}", value


def list_differences(before: Observation, after: Observation) -> set[Place]:
    """Return the places with another value. An instance that came or went is one difference."""
    moved = {p for p in before if p[2] == "" and p in after and before[p] != after[p]}
    told = {place[:2] for place in moved}
    rest = (p for p in before.keys() | after.keys() if p[:2] not in told)
    return moved | {p for p in rest if not _same(before.get(p), after.get(p))}


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def describe(place: Place, before: Observation, after: Observation) -> str:
    """Describe the difference between two observations at a place."""
    label, number, path = place
    if label == TOLD:
        return str(after.get(place, before.get(place)))
    whose = "" if number in (0, ANSWER) else "of another instance "
    if path == "":
        return f"the instance {whose}{after.get(place)} in {label}, where it {before.get(place)} before"
    was, now = (_shorten(seen.get(place)) for seen in (before, after))
    return f"{path} {whose}was {was} and is {now} in {label}"


def _shorten(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"


Difference = Mapping[Place, tuple[str, Any]]
"""The differences by place: each in words, and with the rise of a count."""
Trial = Callable[[bool], Generator[Any, Any, Difference | None]]
"""Tries an action on a new instance. With True, a control runs first, and its differences are left out."""


def tell(places: Iterable[Place], before: Observation, after: Observation) -> Difference:
    """Return the differences between two observations at these places, each with a description."""
    return {place: (describe(place, before, after), _rise(place, before, after)) for place in places}


def _rise(place: Place, before: Observation, after: Observation) -> Any:
    was, now = before.get(place), after.get(place)
    if place[1] != ANSWER or not isinstance(was, int) or not isinstance(now, int):
        return None
    return now - was


def try_again(trial: Trial) -> Generator[Any, Any, Difference | None]:
    """Return the differences that each trial shows, beside its control; None if a trial could not be made.

    A count must rise by the same each time. Where the first trial shows nothing, no more is sent.
    """
    found: Difference | None = yield from trial(False)
    for _ in range(TRIALS):
        if not found:
            return found
        again = yield from on_top(trial(True))
        if again is None:
            return None
        found = {p: told for p, told in found.items() if p in again and again[p][1] == told[1]}
    return found


def on_top(conversation: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """Send the calls of a conversation outside the plan's budget, because only a suspected finding needs
    them.
    """
    answer: Any = None
    while True:
        try:
            step = conversation.send(answer)
        except StopIteration as end:
            found: T = end.value
            return found
        if isinstance(step, Reads):
            step = Reads(tuple(replace(call, again=True) for call in step.calls))
        answer = yield replace(step, again=True) if isinstance(step, Call) else step


def control(
    sources: Sequence[Source], bodies: Sequence[Body], calls: int, traces: TraceSource | None = None
) -> Generator[Any, Any, set[Place] | None]:
    """Return the places that change without the calls under test, while other calls take as much time.

    Lists may show a write late, so two observations must agree before. Return None if an observation failed.
    """
    seen: Observation | None = None
    last: Observation | None = None
    for _ in range(MOST_SETTLING):
        seen = yield from observe(sources, bodies, "whether the lists have caught up", traces)
        if seen is None:
            return None
        if last is not None and not list_differences(last, seen):
            break
        last = seen
        yield Sleep(SETTLING_S, quiet=True)
    for number in range(calls if sources else 0):
        yield from observe([sources[number % len(sources)]], bodies[:1], "as the control")
    after = yield from observe(sources, bodies, "as the control", traces)
    return None if seen is None or after is None else list_differences(seen, after)


def drop_restless(
    sources: Sequence[Source],
    bodies: Sequence[Body],
    last: Observation,
    found: Difference,
    traces: TraceSource | None = None,
) -> Generator[Any, Any, Difference]:
    """Return the differences without the places that change from one observation to the next.

    Calls of other probes may be why a place differs, or why a true difference is left out. So where any is
    found, no other probe may have run beside this one.
    """
    if not found:
        return found
    yield Alone()
    again = yield from observe(sources, bodies, "whether it changes by itself", traces)
    restless = list_differences(last, again) if again is not None else set()
    return {place: told for place, told in found.items() if place not in restless}


def name_instance(
    resource: Resource, endpoint: Endpoint, body: Body, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments with those that stand for the resource naming this instance."""
    made = dict(given)
    for param in endpoint.params:
        name = str(param.name)
        stands = isinstance(given.get(name), InstanceRef) or param.required
        if param.refers_to == resource.name and stands:
            value = member_at(body, param.refers_member or resource.id)
            if value is not None:
                made[name] = value
    return made
