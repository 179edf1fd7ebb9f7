"""Stop a run's writing when something that was there before its first write is gone or changed.

The answers that a run reads anyway are compared, and a list once after each new shape of write. When an older
row is missed, nothing more is written, and the same answer is read again without a write in between. If rows
go on changing, others work on the server: the run goes on, and only reads. Otherwise it ends. Its own call is
the reason if nobody else uses the server, and only that call can be meant.

A row counts as changed if a client could have sent the new value. Numbers, times, what changed without a
write, and what the run's calls name by a reference may change by themselves.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.text import brief
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource, id_text, is_scalar
from pgagents.report.report import Alarm, ChangedRow
from pgagents.verify.answers.observation import VERSION, list_members
from pgagents.verify.answers.standing import DONE, WORKING, find_removed_state
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import at_path, find_items, find_read, is_missing, names_no_instance
from pgagents.verify.fixtures.target import find_created, list_made, target_of
from pgagents.verify.lists import may_go_on
from pgagents.verify.run.breaks import exchange_of
from pgagents.verify.run.timing import may_write
from pgagents.verify.run.transmission import Stop
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST_ROWS, MOST_VIEWS, MOST_WRITES = 5_000, 300, 300
MOST_LOOKED_UP, MOST_LOOK_UPS, MOST_SHAPES = 3, 100, 60
"""The most missing rows that are looked up by their ids, of one answer and in a run. The third is the most
lists that are read after a write of a new shape.
"""
QUIET_READS, QUIET_S = 3, 1.0
"""The reads without a write that show whether others change rows, and the seconds before each."""
MOST_TOLD, MOST_CALLS, LONGEST = 5, 3, 200
FAILED = 500
_MORTAL = re.compile(r"expir|valid_?(?:until|to)|ttl|(?:^|_)ends?(?:_|$)|until", re.I)
"""Names of members with the time at which a row goes by itself."""
_TIME = re.compile(r"\b(?:ago|just now|yesterday|today|tomorrow)\b|\bin \d|\d{4}-\d\d-\d\d|\d\d?:\d\d", re.I)
_DIGITS = re.compile(r"[\d.,]+")
_MARK = re.compile(r"pgv-[a-z0-9]+-", re.I)
"""The mark of any run, which may remove what carries it."""
_LEADING = re.compile(r"[+]?(\d{1,18})")
_BY_TIME = frozenset(("expired", "ended", "closed", "inactive", "stopped", "disabled"))
"""States that a row may reach when time passes."""
PASSING = WORKING | DONE | _BY_TIME
ASKED = ("valid", "explore", "clean")
Key = tuple[str, str, str]
"""A row by its kind, the ids of what contains it, and its own id."""
Rows = dict[Key, Mapping[str, Any]]
Change = tuple[str, Any, Any]
"""A member of a row with its older value and its present one."""
Ask = Callable[[Call, Mapping[str, Any] | None], Exchange | None]
"""Sends a read; None if it could not be sent. The values are those of an earlier call, or None."""


@dataclass(slots=True)
class _View:
    """The rows that one read of the run shows: a list with given arguments, or one instance."""

    resource: Resource
    call: ActionCall
    exchange: Exchange
    rows: Rows
    whole: bool
    """True if the read shows a list that does not go on, so that a row that is not in it may be gone."""
    at: int
    """The number of writes that were noted before it."""
    most: int
    """The most rows that such a read has shown."""


@dataclass(slots=True)
class _Suspicion:
    """The older rows that an answer lacks, or shows changed, and the writes since they were seen before.

    `latest` is what the latest answer shows.
    """

    view: _View
    latest: Rows
    gone: list[Key]
    changed: dict[Key, list[Change]]
    writes: list[Exchange]

    @property
    def is_empty(self) -> bool:
        """True if no row is missed any more."""
        return not (self.gone or self.changed)


class Tripwire:
    """Compares the answers of one run with what was there before its first write.

    `reason` says why nothing more is written; it is empty before that. `alarm` is what the report tells.
    """

    def __init__(self, setting: Setting, factory: FixtureFactory, allowed: Collection[str]) -> None:
        self._setting, self._factory, self._allowed = setting, factory, frozenset(allowed)
        self.reason = ""
        self.alarm: Alarm | None = None
        self._older: set[Key] = set()
        self._views: dict[tuple[str, ...], _View] = {}
        self._writes: deque[tuple[int, Exchange]] = deque(maxlen=MOST_WRITES)
        self._written = 0
        self._settled = 0
        """The number of the last call with which the caller lets older rows change."""
        self._restless: set[tuple[str, str]] = set()
        """The members, by kind, that changed without a write; an empty name stands for whole rows."""
        self._readable: set[str] = set()
        """The kinds of which a read by its id has shown an instance."""
        self._acquitted: set[tuple[object, ...]] = set()
        """The shapes of writes after which the rows of their kind were as before."""
        self._shapes: set[tuple[object, ...]] = set()
        self._wanted: list[_View] = []
        """The lists that are read because a write of a new shape was accepted."""
        self._sent: Counter[tuple[str, str]] = Counter()
        """The number of writes by place and argument."""
        self._suspicion: _Suspicion | None = None
        self._looked_up = 0
        self._examines = self._under_way = False

    def object_to(self, call: Call) -> str:
        """Return why a write is not sent; empty if it may be. The run's own
        instances are still removed, unless the call that removes them may be the reason.
        """
        if not self.reason or call.intent != "clean" or call.endpoint is None:
            return self.reason
        suspected = self.alarm is not None and any(
            one.action == str(call.endpoint.action.name) for one in self.alarm.calls[:1]
        )
        return self.reason if suspected and _shape_of(call) not in self._acquitted else ""

    def forget(self) -> None:
        """Forget all rows, because the server may have been started anew without them."""
        self._older.clear()
        self._views.clear()
        self._writes.clear()

    @property
    def is_blind(self) -> bool:
        """True if the run wrote, and the catalogue has no list from which it could know what others have."""
        return bool(self._written) and not any(r.listed_by for r in self._setting.model.resources.values())

    # -- what answers show

    def note(self, exchange: Exchange, under_way: bool) -> bool:
        """Compare an answer with earlier ones; return True if there is something to examine. A write that is
        `under_way` may have done already what this answer shows.
        """
        call, endpoint = exchange.call, exchange.call.endpoint
        self._under_way = under_way
        if may_write(call, exchange.request):
            self._note_write(exchange)
        elif endpoint is not None and not self._examines and _is_ordinary(call):
            self._note_read(endpoint, exchange)
        return self._suspicion is not None or bool(self._wanted)

    def _note_write(self, exchange: Exchange) -> None:
        call, endpoint = exchange.call, exchange.call.endpoint
        self._written += 1
        self._writes.append((self._written, exchange))
        self._sent.update((call.place, name) for name in exchange.input)
        if call.surface == OPERATOR or (endpoint and str(endpoint.action.name) in self._allowed):
            self._settled = exchange.number
        shape = _shape_of(call)
        if exchange.success and not self.reason and shape not in self._shapes and call.intent != "clean":
            self._shapes.add(shape)
            lists = [view for view in self._views.values() if self._is_older_list(view, exchange)]
            if lists and len(self._shapes) <= MOST_SHAPES:
                self._wanted.append(min(lists, key=lambda view: len(view.exchange.input)))

    def _is_older_list(self, view: _View, write: Exchange) -> bool:
        """True if a view is a list of what a write concerns, names no instance, and shows older rows."""
        listed = view.call in view.resource.listed_by and names_no_instance(view.call)
        return listed and self._concerns(write, view.resource) and not self._older.isdisjoint(view.rows)

    def _note_read(self, endpoint: Endpoint, exchange: Exchange) -> None:
        for resource, declared in self._list_shown(endpoint):
            rows = self._read(resource, declared, exchange)
            if rows is not None:
                self._compare(resource, declared, exchange, rows)

    def _list_shown(self, endpoint: Endpoint) -> list[tuple[Resource, ActionCall]]:
        """Return the resources that an action shows, with the call, computed once for each action."""

        def find() -> list[tuple[Resource, ActionCall]]:
            return [
                (resource, call)
                for resource in self._setting.model.resources.values()
                for call in (resource.found_by, *resource.listed_by, *resource.read_by)
                if call is not None and call.action is endpoint.action
            ]

        return self._setting.compute_once(("tripwire", str(endpoint.action.name)), find)

    def _read(self, resource: Resource, declared: ActionCall, exchange: Exchange) -> Rows | None:
        """Return the rows that an answer shows; None if it proves nothing, or its ids name no single row."""
        endpoint = exchange.call.endpoint
        assert endpoint is not None
        if not exchange.success:
            return {} if declared in resource.read_by and is_missing(resource, exchange) else None
        kind = self._factory.owned.kind_name(resource)
        place = resource.place_in(endpoint.params, exchange.input)
        items = find_items(declared, exchange)
        ids = [resource.id_of(item) for item in items or ()]
        rows = {(kind, place, id_text(id)): item for id, item in zip(ids, items or (), strict=True)}
        return rows if items is not None and None not in ids and len(rows) == len(items) else None

    def _compare(self, resource: Resource, declared: ActionCall, exchange: Exchange, rows: Rows) -> None:
        given = repr(sorted(exchange.input.items(), key=str))
        place = (exchange.place, exchange.call.role, resource.name, given)
        known = self._views.get(place)
        items = at_path(declared, exchange) if exchange.success else None
        whole = isinstance(items, list) and not may_go_on(exchange, items)
        most = max(len(rows), known.most if known else 0)
        view = _View(resource, declared, exchange, rows, whole, self._written, most)
        if declared in resource.read_by and rows:
            self._readable.add(self._factory.owned.kind_name(resource))
        if known is None:
            if not self._written and not self._under_way and len(self._older) < MOST_ROWS:
                self._older.update(key for key, row in rows.items() if not _MARK.search(str(row)))
            if exchange.success and len(self._views) < MOST_VIEWS:
                self._views[place] = view
            return
        if rows != known.rows and self._under_way and not self._list_writes(known):
            return
        missed = self._miss(known, view) if rows != known.rows else None
        if missed is None:
            self._views[place] = view
            self._acquit(known, resource)
        elif self.reason:
            self._views[place] = view
        elif self._suspicion is None:
            self._suspicion = missed

    def _acquit(self, known: _View, resource: Resource) -> None:
        for write in self._list_writes(known):
            if self._concerns(write, resource):
                self._acquitted.add(_shape_of(write.call))

    def _concerns(self, write: Exchange, resource: Resource) -> bool:
        """True if a write makes or changes instances of this kind, or if nobody knows what it does."""
        kinds = self._list_kinds(write.call.endpoint)
        return not kinds or self._factory.owned.kind_name(resource) in kinds

    def _list_writes(self, view: _View) -> list[Exchange]:
        """Return the writes that a read cannot have seen: they were sent after it, or noted after it."""
        return [
            one for written, one in self._writes if written > view.at or one.number > view.exchange.number
        ]

    def _list_kinds(self, endpoint: Endpoint | None) -> frozenset[str]:
        """Return the kinds of what an action makes or changes; empty if they are not known."""
        if endpoint is None:
            return frozenset()
        action, model, kind_name = endpoint.action, self._setting.model, self._factory.owned.kind_name

        def find() -> frozenset[str]:
            target = target_of(self._setting, action)
            changed = target.resource if target is not None else None
            several = (*list_made(model, action), find_created(model, action), changed)
            return frozenset(kind_name(resource) for resource in several if resource is not None)

        return self._setting.compute_once(("tripwire", "kinds", id(action)), find)

    # -- rows that are gone or changed

    def _miss(self, known: _View, view: _View) -> _Suspicion | None:
        """Return the older rows that a view does not show as before, without those that may differ by
        themselves.
        """
        resource, before, after = view.resource, known.rows, view.rows
        writes = self._list_writes(known)
        named = {one for write in writes for one in self._list_named(write)}
        self._older.difference_update(_find_moved(resource, before, after))
        older = [key for key in before if key in self._older and not self._is_ours(resource, key)]
        gone = [key for key in older if key not in after]
        changed = {
            key: found
            for key in older
            if key in after
            and before[key] != after[key]
            and (found := self._list_changes(resource, key[0], before[key], after[key]))
        }
        if not writes:  # others, or time, changed them
            self._restless |= {(key[0], "") for key in gone}
            self._restless |= {(key[0], path) for key, several in changed.items() for path, _, _ in several}
        if not writes or known.exchange.number < self._settled:
            self._older.difference_update(gone)
            return None
        gone = [key for key in gone if (key[0], "") not in self._restless and (key[0], key[2]) not in named]
        gone = [key for key in gone if not _is_mortal(resource, before[key])]
        alike = any(self._concerns(write, resource) for write in writes)
        if find_read(self._setting, resource) is None and not (
            alike and view.whole and known.whole and not _is_moved_on(known, view, gone)
        ):
            gone = []
        changed = {
            key: firm
            for key, several in changed.items()
            if (key[0], key[2]) not in named
            and (firm := [c for c in several if alike or self._factory.marks.is_marked(c[2])])
        }
        seen = [self._last_seen(key, changed.get(key, ())) for key in (*gone, *changed)]
        writes = self._list_writes(min(seen, key=lambda one: one.at)) if seen else []
        missed = _Suspicion(known, after, gone, changed, writes)
        return None if missed.is_empty or not writes else missed

    def _last_seen(self, key: Key, changes: Sequence[Change]) -> _View:
        """Return the last read that showed a row, with the older values of what changed."""
        shown = (
            (view, dict(list_members(view.rows[key]))) for view in self._views.values() if key in view.rows
        )
        as_before = (view for view, now in shown if all(now.get(path) == was for path, was, _ in changes))
        return max(as_before, key=lambda view: (view.at, view.exchange.number))

    def _list_named(self, write: Exchange) -> Iterator[tuple[str, str]]:
        """Yield the kind and id of each instance to which a write refers, without the one that it changes."""
        endpoint = write.call.endpoint
        target = target_of(self._setting, endpoint.action) if endpoint is not None else None
        for param in endpoint.params if endpoint is not None else ():
            resource = self._setting.model.resources.get(param.refers_to or "")
            value = write.input.get(str(param.name))
            if resource is not None and is_scalar(value) and (target is None or param not in target.named):
                yield self._factory.owned.kind_name(resource), id_text(value)

    def _is_ours(self, resource: Resource, key: Key) -> bool:
        """True if the run made what has this id now. A server may give the id of a removed row again."""
        own = (t for t in self._factory.pool.instances if t.ours and t.resource is resource)
        return any((t.place, id_text(t.id)) == key[1:] for t in own)

    def _list_changes(
        self, resource: Resource, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> list[Change]:
        """Return the members with a value that a client could have sent, instead of the older one."""
        removed = find_removed_state(before, after)
        now = dict(list_members(after))
        found = [
            (path, value, now[path])
            for path, value in list_members(before)
            if path in now
            and (name := path.partition(".")[0]) in self._list_settable(kind)
            and name not in (*resource.volatile, *resource.reads_change, *resource.ids, resource.expires_by)
            and not (name == resource.state and resource.moves_by_time)
            and not VERSION.search(path)
            and (kind, path) not in self._restless
            and _is_firm(value, now[path])
        ]
        if removed and removed not in _BY_TIME and (kind, "") not in self._restless and not found:
            return [(removed, None, True)] if removed in after else [("state", None, removed)]
        return found

    def _list_settable(self, kind: str) -> frozenset[str]:
        """Return the arguments of the writes that make or change instances of a kind."""

        def find() -> frozenset[str]:
            every = self._setting.every_endpoint
            writing = [e for e in every if e.action.effect == "write" and kind in self._list_kinds(e)]
            return frozenset(
                name for e in writing for p in e.params for name in (str(p.name), p.wire) if name
            )

        return self._setting.compute_once(("tripwire", "settable", kind), find)

    # -- the quiet interval

    def examine(self, ask: Ask, wait: Callable[[float], None]) -> None:
        """Read the lists that a new shape of write calls for. Look up what is missed, and read the same
        answer again without a write. Raises Stop if it stays gone or changed, and nobody else changes rows
        meanwhile.
        """
        wanted, self._wanted = self._wanted, []
        for view in wanted if self._suspicion is None else ():
            exchange = ask(view.exchange.call, view.exchange.input)
            endpoint = view.exchange.call.endpoint
            if exchange is not None and endpoint is not None and self._suspicion is None:
                self._note_read(endpoint, exchange)
        found, self._suspicion = self._suspicion, None
        if found is None or self._examines:
            return
        self._examines = True
        try:
            self._look_up(found, ask)
            others = "" if found.is_empty else self._read_again(found, ask, wait)
        finally:
            self._examines = False
        if not found.is_empty:
            self._tell(found, others)
        self._older.difference_update(found.gone)
        found.view.rows = found.latest
        if self.reason and not others:
            raise Stop(self.reason)

    def _look_up(self, found: _Suspicion, ask: Ask) -> None:
        """Drop the missing rows that a read by its id still shows: they stand on another page.

        Such a read proves something once it has shown a row of the kind.
        """
        resource, seen = found.view.resource, found.view.exchange
        read = find_read(self._setting, resource)
        if not found.gone or read is None:
            return
        if self._looked_up > MOST_LOOK_UPS:
            found.gone = []
            return
        self._looked_up += MOST_LOOKED_UP
        declared, endpoint = read
        kind = self._factory.owned.kind_name(resource)
        given = {**declared.input, **_name_containers(seen, endpoint, resource)}

        def is_there(key: Key, body: Mapping[str, Any]) -> bool | None:
            why = f"to see whether an older {resource.name} is there"
            asked = Call(endpoint, given, "explore", why, role=seen.call.role, subject=resource, made=body)
            exchange = ask(asked, None)
            rows = self._read(resource, declared, exchange) if exchange is not None else None
            if (
                exchange is None
                or rows is None
                or resource.place_in(endpoint.params, exchange.input) != key[1]
            ):
                return None
            return key in rows

        if kind not in self._readable and any(is_there(*one) for one in list(found.latest.items())[:1]):
            self._readable.add(kind)
        shown = {key: is_there(key, found.view.rows[key]) for key in found.gone[:MOST_LOOKED_UP]}
        proved = kind in self._readable
        listed = found.view.whole and any(self._concerns(write, resource) for write in found.writes)
        missing = [key for key, there in shown.items() if there is False and (proved or listed)]
        if len(missing) < len(shown):
            found.gone = missing

    def _read_again(self, found: _Suspicion, ask: Ask, wait: Callable[[float], None]) -> str:
        """Read the same answer again, and drop the rows that come back or change by themselves; return what
        others changed meanwhile.
        """
        asked, others = found.view.exchange, ""
        for _ in range(QUIET_READS):
            wait(QUIET_S)
            exchange = ask(asked.call, asked.input)
            rows = (
                self._read(found.view.resource, found.view.call, exchange) if exchange is not None else None
            )
            if rows is None:  # nothing shows that they are gone for good
                found.gone, found.changed = [], {}
                return ""
            self._restless |= {(key[0], "") for key in found.gone if key in rows}
            found.gone = [key for key in found.gone if key not in rows]
            for key, several in tuple(found.changed.items()):
                now = dict(list_members(rows.get(key, {})))
                moving = {path for path, _, after in several if path in now and now[path] != after}
                self._restless |= {(key[0], path) for path in moving}
                found.changed[key] = [change for change in several if change[0] not in moving]
            found.changed = {key: several for key, several in found.changed.items() if several}
            others = others or self._find_others(found, rows)
            found.latest = rows
        return others

    def _find_others(self, found: _Suspicion, rows: Rows) -> str:
        """Return what differs between two reads without a write in between; empty if nothing does."""
        resource, before = found.view.resource, found.latest
        own = {(t.place, id_text(t.id)) for t in self._factory.pool.instances}
        for key, body in rows.items():
            if key not in before and key[1:] not in own and not self._factory.marks.is_marked(dict(body)):
                return f"{resource.name} {key[2]} came"
            changes = key in self._older and self._list_changes(resource, key[0], before.get(key, body), body)
            if changes:
                return f"{resource.name} {key[2]} changed"
        gone = next((key for key in before if key in self._older and key not in rows), None)
        return f"{resource.name} {gone[2]} went" if gone is not None else ""

    # -- the alarm

    def _tell(self, found: _Suspicion, others: str) -> None:
        name = found.view.resource.name
        rows = [ChangedRow(f"{name} {key[2]}", _show(found.view.rows[key]), "") for key in found.gone]
        for key, several in found.changed.items():
            said = [(f"{path}: {_show(was)}", f"{path}: {_show(now)}") for path, was, now in several]
            rows += [ChangedRow(f"{name} {key[2]}", was, now) for was, now in said]
        ranked = sorted(found.writes, key=lambda write: self._rank(write, found), reverse=True)
        is_meant = sum(map(_may_have_done, ranked)) == 1 or self._rank(ranked[0], found)[0]
        self.alarm = Alarm(
            "others" if others else "caused" if self._setting.exclusive and is_meant else "unclear",
            tuple(rows[:MOST_TOLD]),
            len({row.name for row in rows}),
            tuple(exchange_of(write) for write in ranked[:MOST_CALLS]),
            len(ranked),
            others,
        )
        became = "has changed" if rows[0].after else "is gone"
        self.reason = f"nothing more is written: {rows[0].name} was there before this run, and {became}"

    def _rank(self, write: Exchange, found: _Suspicion) -> tuple[bool, bool, bool, int, int]:
        """Return how likely a write is the reason; the larger, the likelier. A write that names the row, was
        accepted, is untried or has seldom arguments comes first.
        """
        ids = {key[2] for key in (*found.gone, *found.changed)}
        new = [now for several in found.changed.values() for _, _, now in several if isinstance(now, str)]
        values = [inner for _, value in list_members(write.input) for inner in _list_scalars(value)]
        points = any(_reads_as(value) in ids or (value != "" and value in new) for value in values)
        done = _may_have_done(write)
        often = min((self._sent[write.call.place, name] for name in write.input), default=0)
        return done and points, done, _shape_of(write.call) not in self._acquitted, -often, write.number


# -- rows and values


def _is_ordinary(call: Call) -> bool:
    """True if an answer shows what an ordinary client is shown."""
    return call.intent in ASKED and call.raw == Raw() and not (call.twist or call.plain or call.connection)


def _may_have_done(write: Exchange) -> bool:
    return bool(write.success or write.error or write.status >= FAILED)


def _shape_of(call: Call) -> tuple[object, ...]:
    """Return what calls of one kind have in common: the operation, the arguments' names, and whether they
    are ordinary ones.
    """
    return call.place, frozenset(call.input), call.intent in ASKED or call.intent, call.raw.method


def _is_moved_on(known: _View, view: _View, gone: list[Key]) -> bool:
    """True if rows fell off an end of a list that is as long as it ever was, as one of the newest rows is."""
    keys, lost = list(known.rows), set(gone)
    at_end = lost == set(keys[-len(lost) :]) or lost == set(keys[: len(lost)])
    return at_end and len(view.rows) >= view.most


def _is_mortal(resource: Resource, body: Mapping[str, Any]) -> bool:
    """True if a row may go when time passes."""
    told = (value for name, value in body.items() if name == resource.expires_by or _MORTAL.search(name))
    return bool(resource.moves_by_time) or any(value is not None for value in told)


def _find_moved(resource: Resource, before: Rows, after: Rows) -> list[Key]:
    """Return the rows that are there under other ids, as on a server whose ids are places in a list."""

    def join(body: Mapping[str, Any]) -> str:
        texts = (value for path, value in list_members(body) if path not in resource.ids)
        return "\n".join(value for value in texts if isinstance(value, str))

    then, now = ({key: join(body) for key, body in rows.items()} for rows in (before, after))
    counts, older = Counter(now.values()), Counter(then.values())
    return [
        key
        for key, text in then.items()
        if len(text) > 1 and now.get(key) != text and counts[text] >= older[text]
    ]


def _is_firm(before: Any, after: Any) -> bool:
    """True if a value changed in another way than numbers, times, states of jobs and growing lists do."""
    if before == after or any(
        isinstance(v, int | float) and not isinstance(v, bool) for v in (before, after)
    ):
        return False
    if isinstance(before, list) and isinstance(after, list):
        return any(isinstance(item, str) and item not in after for item in before)
    if isinstance(before, Mapping | list) or isinstance(after, Mapping | list):
        return False
    texts = [value for value in (before, after) if isinstance(value, str)]
    if any(_TIME.search(text) or text.lower() in PASSING for text in texts):
        return False
    return len(texts) < 2 or _DIGITS.sub("", texts[0]) != _DIGITS.sub("", texts[1])


def _name_containers(seen: Exchange, endpoint: Endpoint, resource: Resource) -> dict[str, Any]:
    """Return the arguments of a read that name what contains the rows of a list, as the list's call did."""
    listed = seen.call.endpoint.params if seen.call.endpoint is not None else ()
    named = {p.refers_to: seen.input.get(str(p.name)) for p in listed if p.refers_to in resource.placed_by}
    return {str(p.name): named[p.refers_to] for p in endpoint.params if p.refers_to in named}


def _list_scalars(value: Any) -> list[Any]:
    return [one for item in value for one in _list_scalars(item)] if isinstance(value, list) else [value]


def _reads_as(value: Any) -> str:
    """Return the id for which a lenient server may take a value: a number by its leading digits."""
    text = str(value).strip()
    digits = _LEADING.match(text)
    return str(int(digits[1])) if digits else text


def _show(value: Any) -> str:
    return brief(json.dumps(value, ensure_ascii=False, default=str), LONGEST)
