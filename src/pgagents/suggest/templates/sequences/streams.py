"""Event streams: how one ends, which events follow a number that was asked for, their order and kind."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.suggest.candidate import EQUALITY, ORDER, Candidate, Evidence, Guard, write_value
from pgagents.suggest.tables import MISSING, Column, Table, text_key, words_of

ENDS = frozenset(
    ("end", "ended", "done", "complete", "completed", "finish", "finished", "close", "closed", "eof")
)
"""Words of an event's name that say that nothing follows."""
SINCE = frozenset(("since", "after", "from", "last", "cursor", "offset", "resume"))
"""Words of an argument that says where a stream goes on."""
DIGITS = re.compile(r"[0-9]{1,15}")
BY_NAME = 3.0
LEAST_KINDS = 2
MOST_MEMBERS = 24
STRONG = 6.0
Event = Mapping[str, Any]
Read = Callable[[Event], Any]


@dataclass(frozen=True)
class _Streams:
    """The streams of an action: one list of events for each answer, and the events that are declared."""

    table: Table
    column: Column
    declared: Mapping[str, str]
    """The schema of each declared event's data, as text, by the event's name."""

    @cached_property
    def all(self) -> list[list[Event]]:
        """The different streams."""
        return list({text_key(value): value for value in self.column.there}.values())

    @cached_property
    def members(self) -> list[str]:
        """The members that the data of any event has."""
        data = [e["data"] for stream in self.all for e in stream if isinstance(e["data"], Mapping)]
        return [name for name in dict.fromkeys(n for one in data for n in one) if name.isidentifier()][
            :MOST_MEMBERS
        ]

    def find_bearers(self, member: str) -> frozenset[str]:
        """Return the events whose data always has a member that is not null; none if one has it at times.

        A declared event that was not seen counts by its schema, if that is the schema of one that was.
        """
        seen: dict[str, set[bool]] = {}
        for stream in self.all:
            for event in stream:
                data = event["data"]
                has = isinstance(data, Mapping) and data.get(member) is not None
                seen.setdefault(event["event"], set()).add(has)
        if any(len(found) > 1 for found in seen.values()):
            return frozenset()
        bearers = {name for name, found in seen.items() if True in found and name in self.declared}
        alike = {self.declared[name] for name in bearers}
        unseen = {name for name, schema in self.declared.items() if schema in alike and name not in seen}
        return frozenset(bearers | unseen)

    def say_other(self, bearers: frozenset[str]) -> str:
        """Return the condition that an event `e` is none of these; empty if every event is one."""
        seen = {event["event"] for stream in self.all for event in stream}
        others = sorted((self.declared.keys() | seen) - bearers)
        if not others:
            return ""
        if len(others) == 1:
            return f"e.event == {write_value(others[0])}"
        return f"!(e.event in [{', '.join(map(write_value, sorted(bearers)))}])"


def propose(table: Table) -> Iterator[Candidate]:
    """Yield laws about the events of an answer that is an event stream."""
    whole = [c for c in table.of_root("response") if c.path == ("response",) and c.there]
    declared = _find_declared(whole[0].schema) if whole and table.kind == "action" else {}
    if not declared:
        return
    streams = _Streams(table, whole[0], declared)
    for name in declared:
        yield _ends(streams, name)
    for member in streams.members:
        bearers = streams.find_bearers(member)
        if bearers:
            yield from _about(streams, member, bearers)


def _find_declared(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the declared events of a stream, each with its data's schema as text; none for another list."""
    items = schema.get("items")
    found: dict[str, str] = {}
    for one in items.get("anyOf", ()) if isinstance(items, Mapping) else ():
        members = one.get("properties", {})
        if "const" in members.get("event", {}):
            found[str(members["event"]["const"])] = json.dumps(members.get("data"), sort_keys=True)
    return found


def _ends(streams: _Streams, name: str) -> Candidate:
    """Return that an event ends every stream, or that nothing follows it where it comes."""

    def weigh(every: bool) -> Callable[[Guard | None], Evidence | None]:
        def judge(guard: Guard | None) -> Evidence | None:
            score, n = 0.0, 0
            for stream in streams.all:
                places = [at for at, event in enumerate(stream) if event["event"] == name]
                if places != [len(stream) - 1] and (every or places):
                    return None
                score += math.log10(len(stream)) if places else 0.0
                n += len(stream) > 1 and bool(places)
            if guard is not None or not n:
                return None
            named = BY_NAME + 1.0 if not ENDS.isdisjoint(words_of(name)) else 0.0
            return Evidence(n, 0.5, score + named, (name,))

        return judge

    is_it = f"event == {write_value(name)}"
    count = f"size(response.filter(e, e.{is_it}))"
    last = f"response[-1].{is_it} && {count} == 1"
    strong = Candidate(
        streams.table, "lists", f"{_plain(name)}-once", last, (streams.column,), bool,
        bar=ORDER, own=weigh(True), guardable=False, group="stream ends",
    )  # fmt: skip
    weak = replace(strong, that=f"{count} == 0 || ({last})", name=f"{_plain(name)}-is-last", own=weigh(False))
    return replace(strong, weaker=(weak,))


def _about(streams: _Streams, member: str, bearers: frozenset[str]) -> Iterator[Candidate]:
    """Yield laws about a member of the data of some events."""
    values = [e["data"][member] for s in streams.all for e in s if e["event"] in bearers]
    read = f"e.data.{member}"
    if all(isinstance(v, str) for v in values):
        yield _kind(streams, member, bearers)
    if all(isinstance(v, str) and len(v) >= 16 and math.isfinite(epoch(v)) for v in values):
        yield from _rising(streams, member, bearers, f"epoch({read})", lambda e: epoch(e["data"][member]))
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        yield from _rising(streams, member, bearers, read, lambda e: e["data"][member])
        for given in streams.table.of_root("input"):
            if given.kind in ("number", "text") and len(given.path) == 2 and not given.refers:
                yield from _after(streams, member, bearers, given)


def _kind(streams: _Streams, member: str, bearers: frozenset[str]) -> Candidate:
    """Return that a member repeats the event's name."""

    def judge(guard: Guard | None) -> Evidence | None:
        events = [e for stream in streams.all for e in stream if e["event"] in bearers]
        names = {e["event"] for e in events}
        if (
            guard is not None
            or len(names) < LEAST_KINDS
            or any(e["data"][member] != e["event"] for e in events)
        ):
            return None
        return Evidence(len(names), 0.9, EQUALITY + len(names), (min(names),))

    that = _for_each(streams, bearers, f"e.data.{member} == e.event")
    return Candidate(
        streams.table, "lists", f"named-by-{_plain(member)}", that, (streams.column,), bool,
        bar=EQUALITY, own=judge, guardable=False,
    )  # fmt: skip


def _rising(
    streams: _Streams, member: str, bearers: frozenset[str], text: str, read: Read
) -> Iterator[Candidate]:
    """Yield that each event has a larger member than the one before, or at least no smaller one."""

    def weigh(strictly: bool) -> Callable[[Guard | None], Evidence | None]:
        def judge(guard: Guard | None) -> Evidence | None:
            score, lists = 0.0, set()
            for stream in streams.all:
                values = [read(e) for e in stream if e["event"] in bearers]
                if any(b < a or (strictly and a == b) for a, b in pairwise(values)):
                    return None
                if len(different := tuple(dict.fromkeys(values))) > 1 and different not in lists:
                    lists.add(different)
                    score += math.log10(math.factorial(min(len(different), 20)))
            return Evidence(len(lists), 0.5, score, ()) if guard is None and lists else None

        return judge

    other = streams.say_other(bearers)
    chosen = f"response.filter(e, !({other}))" if other else "response"
    rows, name = f'{chosen}.map(e, {{"at": {text}}})', f"events-by-{_plain(member)}"
    loose = Candidate(
        streams.table, "lists", name, f'sorted_by({rows}, "at")', (streams.column,), bool,
        bar=STRONG, own=weigh(False), guardable=False, group="sort response",
    )  # fmt: skip
    strict = replace(loose, that=f'{loose.that} && unique_by({rows}, "at")', own=weigh(True))
    yield replace(strict, weaker=(loose,))


def _after(streams: _Streams, member: str, bearers: frozenset[str], given: Column) -> Iterator[Candidate]:
    """Yield that all events come after the number that was asked for; an event of that number may be open."""
    read = f"double({given.text})" if given.kind == "text" else given.text
    digits = (f'{given.text}.matches("^{DIGITS.pattern}$")',) if given.kind == "text" else ()
    rivals = [
        c
        for c in streams.table.of_root("input")
        if c is not given and c.lacks and not SINCE.isdisjoint(c.words)
    ]
    alone = tuple(f"!has({c.text})" for c in rivals)
    forms = []
    for strictly in (True, False):
        that = _for_each(streams, bearers, f"e.data.{member} {'>' if strictly else '>='} {read}")
        for without in (((), rivals), (alone, rivals)) if alone else (((), []),):
            also, others = without
            forms.append(
                Candidate(
                    streams.table,
                    "lists",
                    f"after-{_plain(given.last)}",
                    that,
                    (streams.column, given),
                    bool,
                    bar=ORDER,
                    guardable=False,
                    also=(*also, *digits),
                    own=_weigh_after(streams, member, bearers, given, others, strictly, alone=bool(also)),
                )
            )
    yield replace(forms[0], weaker=tuple(forms[1:]))


def _weigh_after(
    streams: _Streams,
    member: str,
    bearers: frozenset[str],
    given: Column,
    rivals: list[Column],
    strictly: bool,
    *,
    alone: bool,
) -> Callable[[Guard | None], Evidence | None]:
    """Return a judge: it counts the numbers for which events of another stream were left out.

    One stream at least must have left out some and shown others. A strict order needs a number that an event
    has. A law without the condition that no other such argument is given needs calls that give both.
    """
    table = streams.table
    around = [c for c in table.of_root("input") if c.required and c is not given]

    def judge(guard: Guard | None) -> Evidence | None:
        asked, met, both, split = set[float](), False, False, False
        for row in range(table.rows):
            stream, number = streams.column.values[row], _number(given.values[row])
            accompanied = any(c.values[row] is not MISSING for c in rivals)
            if not isinstance(stream, list) or number is None or (alone and accompanied):
                continue
            shown = [e["data"][member] for e in stream if e["event"] in bearers]
            if any(v < number or (strictly and v == number) for v in shown):
                return None
            both = both or accompanied
            left = _list_known(streams, member, bearers, around, row) - set(shown)
            if out := {v for v in left if v <= number}:
                asked.add(number)
                met = met or number in out
                split = split or bool(shown)
        if guard is not None or not split or (strictly and not met):
            return None
        if rivals and not alone and not both:
            return None
        by_name = BY_NAME if not SINCE.isdisjoint(given.words) else 0.0
        return Evidence(len(asked), 0.5, len(asked) + by_name, (min(asked),))

    return judge


def _number(value: Any) -> float | None:
    """Return an argument as a number; None if it is none."""
    if isinstance(value, str):
        return float(value) if DIGITS.fullmatch(value) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _list_known(
    streams: _Streams, member: str, bearers: frozenset[str], around: list[Column], row: int
) -> set[float]:
    """Return the member of every event that any call with the same required arguments was answered."""
    same = [
        other
        for other in range(streams.table.rows)
        if all(text_key(c.values[other]) == text_key(c.values[row]) for c in around)
        and isinstance(streams.column.values[other], list)
    ]
    return {e["data"][member] for i in same for e in streams.column.values[i] if e["event"] in bearers}


def _for_each(streams: _Streams, bearers: frozenset[str], that: str) -> str:
    """Return that something holds for each event that has the member."""
    other = streams.say_other(bearers)
    return f"response.all(e, {other} || {that})" if other else f"response.all(e, {that})"


def _plain(name: str) -> str:
    """Return a name in the letters of a law's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "event"
