"""Observe instances through reading actions, and compare two observations.

An observation maps places to values. A place consists of a source, a number and a path. The source is the
action that reads. The number tells the instance (0 is the subject, 1 its neighbour). The path leads to a
member. Each event or audit row that no call explains has a place of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.resource import Resource, Takes, member_at
from pgagents.verify.fixtures.instance import at_path, is_count, is_missing, member_named, will_do
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask, changing_steps
from pgagents.verify.wire.call import Alone, Call, InstanceRef, Reads, Reuse, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

T = TypeVar("T")
Body = Mapping[str, Any]
Place = tuple[str, int, str]
Observation = Mapping[Place, Any]
TOLD = "what was told"
"""The first part of each place that stands for an event or for a row of the audit."""
ANSWER = -1
"""The number in places that describe an answer as a whole: its counts, and its number of items."""
GONE = "is not there"
ALIKE = "instances like it"
"""The path of the place with the number of listed instances that look like the subject."""
MOST_SETTLING, SETTLING_S = 5, 0.2
"""Lists may lag behind writes. These are the most observations until they agree, and the seconds between
two.
"""
MOST_DEEP = 4
MOST_MEMBERS = 400
"""The most members of one body that are kept, because a server may send any number."""
VERSION = re.compile(
    r"(?:^|[._])(?:(?:resource_?)?(?:version|revision|rev|etag|generation|sequence|seq(?:_?no)?)"
    r"|(?:last_?)?(?:updated|modified|changed|edited)(?:_?(?:at|on|time|timestamp|date))?|update_?time)$",
    re.I,
)
"""Members that hold the version of an instance, which every write may change: `updateTime` of Google's
AIP-148, Kubernetes' `resourceVersion`, Elasticsearch's `_seq_no`, Spring Data's `lastModifiedDate`, Discord's
`edited_timestamp`.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A call that reads or lists instances of a resource."""

    resource: Resource
    call: ActionCall
    endpoint: Endpoint
    lists: bool
    counter: str = ""
    """The member that counts such instances, where the call reads the resource in which they are counted."""

    @property
    def label(self) -> str:
        """The action, and the arguments by which its calls differ."""
        given = ", ".join(sorted(self.call.input)) if self.lists else ""
        return f"{self.call.action.name}({given})" if given else str(self.call.action.name)


class TraceSource(Protocol):
    """Finds changes of an instance that no call explains, among events and rows of the audit."""

    def observe(self, body: Body) -> dict[Place, Any]:
        """Return a place for each kind of event or row that came more often than the calls explain."""

    def note(self, action: Action, *, changes: bool = True) -> None:
        """Note a call, which explains one event and one row. `changes` is false if it may cause no event."""


def list_sources(setting: Setting, resource: Resource) -> list[Source]:
    """Return the reading calls that show a resource: reads of one instance first, then lists."""
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
    """True if a source returns instances, and not only their number."""
    return any(not source.counter for source in sources)


def list_compared(sources: Iterable[Source]) -> frozenset[str]:
    """Return the resources of which an observation also shows instances of other probes, by lists or
    counters.

    A read shows a single instance of this run, which no other probe may change.
    """
    listing = (source for source in sources if source.lists)
    found: set[str] = set()
    for source in listing:
        takes = source.resource.takes
        found.add(takes.of if source.counter and takes is not None else source.resource.name)
    return frozenset(found)


def observe(
    sources: Iterable[Source],
    bodies: Sequence[Body],
    why: str,
    traces: TraceSource | None = None,
    *,
    counts_alike: bool = False,
) -> Observation | None:
    """Read the instances through every source; return None if an answer had no usable body.

    `traces` adds places for events and rows of the audit about the first instance. `counts_alike` adds, for
    each list, the number of rows that differ from the first instance in nothing but id and volatile members.
    """
    asked = [
        (source, number, _ask(source, body, why))
        for source in sources
        for number, body in enumerate(bodies[:1] if source.lists else bodies)
    ]
    found: dict[Place, Any] = {}
    exchanges: list[Exchange] = ask(Reads(tuple(call for _, _, call in asked))) if asked else []
    for (source, number, _), exchange in zip(asked, exchanges, strict=True):
        seen = _read(source, exchange, bodies, number)
        if seen is None:
            return None
        found.update(seen)
        if counts_alike and source.lists and not source.counter:
            found[source.label, ANSWER, ALIKE] = _count_alike(source, exchange, bodies[0])
    if traces is not None:
        found.update(traces.observe(bodies[0]))
    return found


def _ask(source: Source, body: Body, why: str) -> Call:
    given = _name_counting(source, body) if source.counter else source.call.input
    return Call(source.endpoint, given, "explore", why, subject=source.resource, made=body)


def _name_counting(source: Source, body: Body) -> Mapping[str, Any]:
    """Return the arguments that name the instance in which an instance is counted."""
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
        counts = {k: v for k, v in exchange.body.items() if is_count(v)}
        found.update({(label, ANSWER, str(k)): v for k, v in counts.items()})
    rows = {resource.id_of(row): row for row in shown if isinstance(row, Mapping)}
    for place, body in enumerate(bodies):
        row = rows.get(resource.id_of(body))
        found.update({(label, place, ""): GONE} if row is None else _note(label, place, resource, row))
    return found


def _count_alike(source: Source, exchange: Exchange, body: Body) -> int:
    """Return how many listed instances look like this one, and like what a second equal call would make."""
    resource, shown = source.resource, at_path(source.call, exchange)
    rows = [row for row in shown if isinstance(row, Mapping)] if isinstance(shown, list) else []
    own = next((row for row in rows if resource.id_of(row) == resource.id_of(body)), None)
    return 0 if own is None else sum(_look(resource, row) == _look(resource, own) for row in rows)


def _look(resource: Resource, row: Body) -> dict[Place, Any]:
    """Return the members of an instance that two equal calls would give to two instances."""
    members = {name: value for name, value in row.items() if name not in resource.ids}
    return _note("", 0, resource, members)


def _note(label: str, number: int, resource: Resource, body: Body) -> dict[Place, Any]:
    """Return the members of an instance by their paths, without volatile members and those that a read
    changes.
    """
    left_out = {*resource.volatile, *resource.reads_change}
    found: dict[Place, Any] = {(label, number, ""): "is there"}
    for path, value in list_members(body):
        if path.partition(".")[0] not in left_out and len(found) < MOST_MEMBERS:
            found[label, number, path] = value
    return found


def list_members(body: Body, before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the members of an instance with their dotted paths."""
    for name, value in body.items():
        if isinstance(value, Mapping) and depth < MOST_DEEP and value:
            yield from list_members(value, f"{before}{name}.", depth + 1)
        else:
            yield f"{before}{name}", value


def list_differences(before: Observation, after: Observation) -> set[Place]:
    """Return the places whose values differ. An instance that appeared or disappeared is one difference."""
    moved = {p for p in before if p[2] == "" and p in after and before[p] != after[p]}
    told = {place[:2] for place in moved}
    rest = (p for p in before.keys() | after.keys() if p[:2] not in told)
    return moved | {p for p in rest if not _same(before.get(p), after.get(p))}


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def describe(place: Place, before: Observation, after: Observation) -> str:
    """Describe in words how two observations differ at a place."""
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
"""The places that differ. Each has a description, and the rise of a count (None for any other value)."""
Comparison = Callable[[int], Difference | None]
"""Tries an action on a new instance. But for the first trial, 0, a control runs before, and its differences
are dropped.
"""


def tell(places: Iterable[Place], before: Observation, after: Observation) -> Difference:
    """Return the differences between two observations at these places, with descriptions."""
    return {place: (describe(place, before, after), _rise(place, before, after)) for place in places}


def _rise(place: Place, before: Observation, after: Observation) -> Any:
    was, now = before.get(place), after.get(place)
    if place[1] != ANSWER or not is_count(was) or not is_count(now):
        return None
    return now - was


def try_again(compare: Comparison, trials: int) -> Difference | None:
    """Return the differences that every trial shows and no control does; None if a trial could not be made.

    A count must rise by the same number in each trial. If the first trial shows nothing, no further one is
    made.
    """
    changes: Difference | None = compare(0)
    for turn in range(1, trials):
        if not changes:
            return changes
        with on_top():
            again = compare(turn)
        if again is None:
            return None
        changes = {p: text for p, text in changes.items() if p in again and again[p][1] == text[1]}
    return changes


@contextmanager
def on_top() -> Iterator[None]:
    """Send the calls outside the plan's budget, because they only confirm a suspected finding."""
    with changing_steps(_repeat_call):
        yield


def _repeat_call(step: Any) -> Any:
    if isinstance(step, Reads):
        return Reads(tuple(replace(call, again=True) for call in step.calls))
    return replace(step, again=True) if isinstance(step, Call) else step


def control(
    sources: Sequence[Source], bodies: Sequence[Body], calls: int, traces: TraceSource | None = None
) -> set[Place] | None:
    """Return the places that change without the calls under test, while as many other calls are made.

    Lists may show a write late, so two observations must agree first. Return None if an observation failed.
    """
    seen: Observation | None = None
    last: Observation | None = None
    for _ in range(MOST_SETTLING):
        seen = observe(sources, bodies, "whether the lists have caught up", traces)
        if seen is None:
            return None
        if last is not None and not list_differences(last, seen):
            break
        last = seen
        ask(Sleep(SETTLING_S, quiet=True))
    for number in range(calls if sources else 0):
        observe([sources[number % len(sources)]], bodies[:1], "as the control")
    after = observe(sources, bodies, "as the control", traces)
    return None if seen is None or after is None else list_differences(seen, after)


def drop_restless(
    sources: Sequence[Source],
    bodies: Sequence[Body],
    last: Observation,
    found: Difference,
    traces: TraceSource | None = None,
) -> Difference | None:
    """Return the differences without the places that also differ between two observations with no call in
    between; None if the second one failed.

    Calls of other probes may cause a difference, or hide a true one. So if any is found, the probe must have
    run alone.
    """
    if not found:
        return found
    ask(Alone())
    again = observe(sources, bodies, "whether it changes by itself", traces)
    if again is None:
        return None
    restless = list_differences(last, again)
    return {place: told for place, told in found.items() if place not in restless}


def name_instance(
    resource: Resource, endpoint: Endpoint, body: Body, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments, with those that refer to the resource set to the id of this instance."""
    made = dict(given)
    for param in endpoint.params:
        name = str(param.name)
        stands = isinstance(given.get(name), InstanceRef) or param.required
        if param.refers_to == resource.name and stands:
            value = member_at(body, param.refers_member or resource.id)
            if value is not None:
                made[name] = value
    return made


# -- an instance before and after a refused or failed call


def reread(setting: Setting, resource: Resource, body: Body, why: str) -> Call | None:
    """Return a call that reads an instance; None if no action reads it."""
    read = resource.read_by[0] if resource.read_by else None
    endpoint = setting.find_lead(str(read.action.name)) if read else None
    return (
        Call(endpoint, read.input, "valid", why, subject=resource, made=body)
        if endpoint is not None and read is not None
        else None
    )


def find_resource(resource: Resource, exchange: Exchange) -> Body | None:
    """Return the instance in the answer of a read; None if the answer is an error or was found faulty."""
    body = (
        at_path(resource.read_by[0], exchange)
        if resource.read_by and exchange.success and exchange.fits
        else None
    )
    return body if isinstance(body, Mapping) else None


def differing(before: Body, after: Body) -> list[str]:
    """Return the members that both bodies have, but with different values."""
    return [name for name, value in before.items() if name in after and after[name] != value]


def change(setting: Setting, resource: Resource, before: Body, why: str) -> str | None:
    """Read an instance again and describe its first changed member.

    Return an empty text if none changed, None if the instance could not be read. Volatile members do not
    count.
    """
    call = reread(setting, resource, before, why)
    if call is None:
        return None
    first = ask(call)
    after = find_resource(resource, first)
    if after is None:
        return None
    different = differing(before, after)
    if not different:
        return ""
    second = ask(replace(call, why="whether it changes by itself"))
    again = find_resource(resource, second)
    if again is None:
        return None
    moving = set(differing(after, again))
    lasting = [name for name in different if name not in moving]
    return f"{lasting[0]} was {before[lasting[0]]!r} and is {after[lasting[0]]!r}" if lasting else ""


# -- the capacity left in the resource that an instance occupies, such as seats of a flight


def read_counter(
    setting: Setting, resource: Resource, body: Mapping[str, Any], reuse: Reuse = ""
) -> int | None:
    """Return the current capacity counter of the resource named by `takes`, or None if no answer contains it.

    `body` is the instance that occupies capacity. One reading call is sent, unless `reuse` allows an earlier
    answer. What a cache answered is not a count.
    """
    takes = resource.takes
    endpoint = setting.find_lead(str(takes.read_by.name)) if takes is not None else None
    if takes is None or endpoint is None or takes.by not in body:
        return None
    where = next((str(p.name) for p in endpoint.params if p.refers_to == takes.of), "")
    exchange = ask(
        Call(
            endpoint,
            {where: body[takes.by]},
            "valid",
            f"to count {takes.counter} of a {takes.of}",
            reuse=reuse,
        )
    )
    told = exchange.success and exchange.fits and not exchange.cached
    return member_named(exchange.body, takes.counter) if told else None


def find_roomiest(setting: Setting, takes: Takes) -> Mapping[str, Any]:
    """Return the usable instance of `takes.of` with the highest counter, which is least likely to become
    full.
    """
    resource = setting.model.resources[takes.of]
    search = setting.find_lead(str(resource.found_by.action.name)) if resource.found_by else None
    found: list[Mapping[str, Any]] = []
    if search is not None and resource.found_by is not None and resource.found_by.at is not None:
        exchange = ask(Call(search, resource.found_by.input, "explore", f"to find a roomy {takes.of}"))
        items = at_path(resource.found_by, exchange) if exchange.success else None
        found = (
            [item for item in items if will_do(resource.found_by.where, resource, item)]
            if isinstance(items, list)
            else []
        )
    told = [
        item for item in found if isinstance(item, Mapping) and member_named(item, takes.counter) is not None
    ]
    if told:
        return max(told, key=lambda item: member_named(item, takes.counter) or 0)
    return ask(InstanceRef(takes.of))
