"""Stop a run's writing when something that was there before its first write is gone or changed.

The answers that a run reads anyway are compared, and a list once after each new shape of write. What an
action reaches that does not just make, change or remove one instance, nobody knows: after its first call a
list of each kind is compared. When an older row is missed, nothing more is written, and the same answer is
read again without a write in between. If rows go on changing, others work on the server: the run goes on, and
only reads. Otherwise it ends. Its own call is the reason if nobody else uses the server, and only that call
can be meant.

A server may take the id of what the run made for another's, in one action alone. Until an action's successes
have shown that it is not a reader who would, the instance that each names is looked at: a removal must have
removed it, where no whole list shows what happens to others. Where it stands as it was, the action is not
called again, and the run tells that.

A row counts as changed if a client could have sent the new value. Numbers, times, what changed without a
write, and what the run's calls name by a reference may change by themselves.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.places import list_leaves
from pgagents.base.text import brief, split_words
from pgagents.catalogue.harmless.arguments import IDS
from pgagents.catalogue.harmless.ids import list_confusing
from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.resource import Resource, id_text, is_scalar
from pgagents.report.report import Alarm, ChangedRow
from pgagents.verify.answers.observation import list_members
from pgagents.verify.answers.standing import (
    Change,
    is_mortal,
    list_firm_changes,
    list_moved_numbers,
    list_seen_changes,
)
from pgagents.verify.fixtures.factory import ACCEPTED, REMOVAL_WAITS_S, FixtureFactory
from pgagents.verify.fixtures.instance import (
    Instance,
    at_path,
    call_about,
    find_items,
    find_read,
    is_missing,
    names_no_instance,
)
from pgagents.verify.fixtures.marks import occurs_in
from pgagents.verify.fixtures.target import (
    find_created,
    list_concerned,
    list_involved,
    list_made_by,
    target_of,
)
from pgagents.verify.lists import find_last_page, find_page_argument, follow_pages, may_go_on
from pgagents.verify.run.breaks import exchange_of, rank_writes
from pgagents.verify.run.named_instances import read_id
from pgagents.verify.run.older_rows import (
    ASKED,
    OF_LATE,
    Key,
    Rows,
    Suspicion,
    View,
    is_about_one,
    is_flag_lost,
    is_moved_on,
    is_ordinary,
    join_texts,
    list_around,
    list_pairs,
    may_be_taken,
    may_count_apart,
    names_another,
    place_in,
    says_ended,
    show_value,
)
from pgagents.verify.run.timing import may_write
from pgagents.verify.run.transmission import Stop
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST_ROWS, MOST_VIEWS, MOST_WRITES = 5_000, 300, 300
MOST_PAGES = 20
"""The most pages of a list on which one row is looked for."""
MOST_LOOKED_UP, MOST_LOOK_UPS, MOST_SHAPES, MOST_ELSEWHERE = 3, 30, 60, 100
"""The most missing rows of one answer that are looked up by their ids, and the most such answers in a run.
The third is the most lists that are read after a write of a new shape, the last the most after actions of
which nobody knows what they reach.
"""
LOOKS_OF_BOUND = 10
"""The part of a bounded run's requests, a tenth, for lists after such actions, and again for its end."""
QUIET_READS, QUIET_S = 3, 1.0
"""The reads without a write that show whether others change rows, and the seconds before each."""
MOST_TOLD, MOST_CALLS = 5, 3
MOST_OWN = 8
"""The most successes of an action after which what they name is looked at."""
NOT_THERE = (404, 410)
_MARK = re.compile(r"pgv-[a-z0-9]+-", re.I)
"""The mark of any run, which may remove what carries it."""
_WHOSE = frozenset((
    "account", "assignee", "author", "customer", "group", "manager", "owner", "parent", "project", "team",
    "tenant", "user",
))  # fmt: skip
"""Last words of a member that says whose a row is."""
Ask = Callable[[Call, Mapping[str, Any] | None], Exchange | None]
"""Sends a read; None if it could not be sent. The values are those of an earlier call, or None."""


class Tripwire:
    """Compares the answers of one run with what was there before its first write.

    `reason` says why nothing more is written; it is empty before that. `alarm` is what the report tells.
    `is_blind` is true if the run wrote, and had seen no older row before.
    """

    def __init__(self, setting: Setting, factory: FixtureFactory, allowed: Collection[str]) -> None:
        self._setting, self._factory, self._allowed = setting, factory, frozenset(allowed)
        self.reason = ""
        self.alarm: Alarm | None = None
        self._older: Rows = {}
        """What was there before the first write, as it was then."""
        self._views: dict[tuple[str, ...], View] = {}
        self._writes: deque[tuple[int, Exchange]] = deque(maxlen=MOST_WRITES)
        self._written = self._looked_up = 0
        self._settled = 0
        """The number of the last call with which the caller lets older rows change."""
        self._restless: set[tuple[str, str]] = set()
        """The members, by kind, that changed without a write."""
        self._shapes: set[tuple[object, ...]] = set()
        self._acted: set[str] = set()
        """The actions after which a list of each kind was read."""
        self._elsewhere = 0
        self.bound = 0
        """The most requests of the run; 0 without a bound."""
        self._readable = set[str]()
        """The kinds of which a read by its id has shown one."""
        self.went: dict[Key, None] = {}
        """Found rows that are in their list no more: calls may use them up, as a booking does a place."""
        self._used: dict[Key, bool] = {}
        """The found instances that the author lets the run use, or that writes named: those may change. True
        if they may go, too: not if writes named them in paths alone, as what contains another.
        """
        self._ends = set[str]()
        """The kinds of which the last page was read before the first write."""
        self._wanted: list[View] = []
        self._suspicion: Suspicion | None = None
        self._own: list[tuple[Instance, Exchange]] = []
        """The instances of the run's own to look at, each with the write that named it."""
        self._ended: set[tuple[str, str, Any]] = set()
        """Those that a removal has reached, by kind, place and id."""
        self._whole: set[str] = set()
        """The kinds of which a whole list of all was read."""
        self._looks: Counter[str] = Counter()
        self._exact: set[tuple[str, Callable[[str], str]]] = set()
        """The lenient readers of ids that an action is not."""
        self._missed: dict[str, str] = {}
        """Why an action is not called again: it did not reach what it named."""
        self.is_blind = self._examines = self._under_way = False

    def object_to(self, call: Call) -> str:
        """Return why a write is not sent; empty if it may be. The run's own instances are still removed,
        unless the action that removes them may be the reason.
        """
        name = str(call.endpoint.action.name) if call.endpoint is not None else ""
        if name in self._missed:
            return self._missed[name]
        if self.alarm is None or call.intent != "clean" or call.endpoint is None:
            return self.reason
        return self.reason if self.alarm.calls[0].action == name else ""

    def forget(self) -> None:
        """Forget all rows, because the server may have been started anew without them."""
        self._older.clear()
        self._views.clear()

    def _drop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._older.pop(key, None)

    def list_used_changes(self) -> dict[Key, list[Change]]:
        """Return what has changed of the found rows in which the run made something, as the last answer with
        each shows it; not of those that an author lets it use.
        """
        used = (key for key in self._older if self._used.get(key) is False)
        return self._list_changes(used, list_seen_changes)

    def list_moved(self) -> dict[Key, list[Change]]:
        """Return the numbers of older rows that are others now and that clients set: nothing stops for them,
        as they may change by themselves.
        """
        rest = (key for key in self._older if key not in self._used) if self._setting.exclusive else ()
        return self._list_changes(rest, partial(list_moved_numbers, self._setting))

    def _list_changes(
        self,
        keys: Iterable[Key],
        compare: Callable[[Resource, Mapping[str, Any], Mapping[str, Any]], list[Change]],
    ) -> dict[Key, list[Change]]:
        """Return what has changed of older rows, as the last answer with each shows it."""
        found = {}
        for key in keys:
            views = [view for view in self._views.values() if key in view.rows]
            last = max(views, key=lambda view: view.exchange.number, default=None)
            changes = compare(last.resource, self._older[key], last.rows[key]) if last else []
            found[key] = [change for change in changes if (key[0], change[0]) not in self._restless]
        return {key: found[key] for key in sorted(found) if found[key]}

    # -- what answers show

    def note(self, exchange: Exchange, under_way: bool) -> bool:
        """Compare an answer with earlier ones; return True if there is something to examine. A write that is
        `under_way` may have done already what this answer shows.
        """
        call, endpoint = exchange.call, exchange.call.endpoint
        self._under_way = under_way
        if may_write(call, exchange.request):
            self._note_write(exchange)
        elif endpoint is not None and not self._examines and is_ordinary(call):
            self._note_read(endpoint, exchange)
        return self._suspicion is not None or bool(self._wanted or self._own)

    def _note_write(self, exchange: Exchange) -> None:
        call, endpoint = exchange.call, exchange.call.endpoint
        self.is_blind = self.is_blind if self._written else not self._older
        self._written += 1
        self._writes.append((self._written, exchange))
        self._note_used(exchange)
        if call.surface == OPERATOR or (endpoint and str(endpoint.action.name) in self._allowed):
            self._settled = exchange.number
        doubted = self._note_own(endpoint, exchange) if endpoint is not None else False
        shape = (call.place, frozenset(call.input), call.intent in ASKED or call.intent, call.raw.method)
        if not exchange.success or self.reason or (shape in self._shapes and not doubted):
            return
        self._shapes.add(shape)
        lists = (v for v in self._views.values() if v.call in v.resource.listed_by)
        views = [v for v in lists if not self._older.keys().isdisjoint(v.rows)]
        views.sort(key=lambda view: (-len(view.exchange.input), -self._count_page(view)))
        about = [v for v in views if self._concerns(exchange, v.resource)]
        concerned = about[-1:]
        if endpoint is not None and find_created(self._setting.model, endpoint.action) is not None:
            # a store of so many rows drops the oldest one, which may stand at the other end of its list
            furthest = max(about, key=self._count_page, default=None)
            concerned += [v for v in about[:-1] if v is furthest]
        if len(self._shapes) <= MOST_SHAPES:
            self._wanted += concerned
        if endpoint is not None and self._reaches_further(endpoint.action):
            self._acted.add(str(endpoint.action.name))
            others = {view.resource.name: view for view in views}
            for view in concerned:
                others.pop(view.resource.name, None)
            several = deque(others.values())
            several.rotate(-self._elsewhere)  # a bounded run looks at each in turn
            share = self.bound // LOOKS_OF_BOUND // max(1, len(several)) if self.bound else len(several)
            chosen = [*several][: min(max(1, share), max(0, MOST_ELSEWHERE - self._elsewhere))]
            self._wanted += chosen
            self._elsewhere += len(chosen)

    def find_end(self, resource: Resource) -> Call | None:
        """Return the read of a list's last page, once before the first create: a store of so many rows drops
        its oldest row for a new one.
        """
        if self._written or resource.name in self._ends:
            return None
        lists = [v for v in self._views.values() if v.resource is resource and v.call in resource.listed_by]
        view = min(lists, key=lambda view: len(view.exchange.input), default=None)
        endpoint = view.exchange.call.endpoint if view is not None else None
        if view is None or endpoint is None:
            return None
        self._ends.add(resource.name)
        last = find_last_page(self._setting, endpoint, view.exchange, len(view.rows))
        call, why = view.exchange.call, f"to see later whether a {resource.name} stays"
        return replace(call, input={**call.input, **last}, intent="clean", why=why) if last else None

    def _count_page(self, view: View) -> int:
        """Return the number of the page that a view shows, or of the items before it; 0 for the first."""
        endpoint = view.exchange.call.endpoint
        param = find_page_argument(self._setting, endpoint) if endpoint is not None else None
        value = view.exchange.input.get(str(param.name)) if param is not None else None
        return value if type(value) is int else 0

    def _note_own(self, endpoint: Endpoint, write: Exchange) -> bool:
        """Note an own instance to look at after a write; return True if the server may have taken its id for
        another's.
        """
        target, name = target_of(self._setting, endpoint.action), str(endpoint.action.name)
        refused = write.status in NOT_THERE and write.call.intent == "clean"
        # what goes to another path may be another thing's
        if target is None or not write.call.raw.is_empty or not (write.success or refused):
            return False
        id, place = read_id(target, write.input), target.resource.place_in(endpoint.params, write.input)
        own = self._factory.pool.find(target.resource, id, place)
        if own is None or not own.made or (own.resource.name, place, id) in self._ended:
            return False
        # a whole list shows by itself what happens to others
        unwatched = [(own, write)] if own.resource.name not in self._whole else []
        if write.success and names_another(own, write):
            self._own += unwatched
            return True
        confusing: dict[Callable[[str], str], bool] = {}
        for part in own.id if isinstance(own.id, tuple) else (own.id,):
            confusing |= list_confusing(part, self._factory.owned.older_ids(own.resource))
        counted = may_count_apart(own, endpoint)
        confusing |= {str: True} if counted else {}
        left = {read for read in confusing if (name, read) not in self._exact}
        if not left or self._looks[name] >= MOST_OWN:
            return False
        self._looks[name] += 1
        self._exact.update((name, read) for read in left if confusing[read] and write.success)
        self._own += unwatched if counted or self._removes(own.resource, endpoint.action) else []
        return write.success

    def _removes(self, resource: Resource, action: Action) -> bool:
        """True if an action removes an instance, and not a part of it: `DELETE /notes/{id}/pin`."""
        whole = resource.undone_by is not None and resource.undone_by.action is action
        return self._setting.model.is_removal(action) and (whole or is_about_one(resource, action))

    def _note_used(self, write: Exchange) -> None:
        around = list_around(write)
        inside = {name: value for name, value in write.input.items() if name not in around}
        named, uses = (
            {id_text(value) for value in list_leaves(given) if is_scalar(value)}
            for given in (write.input, inside)
        )
        for found in (t for t in self._factory.pool.instances if t.used and not t.made):
            members = found.id if isinstance(found.id, tuple) else (found.id,)
            found_by = found.resource.found_by
            is_meant = found_by is not None and not found_by.inferred  # the author lets the run find it
            if is_meant or named.issuperset(map(id_text, members)):
                key = self._factory.owned.kind_name(found.resource), found.place, id_text(found.id)
                is_meant = is_meant or uses.issuperset(map(id_text, members))
                self._used[key] = self._used.get(key, False) or is_meant

    def _reaches_further(self, action: Action) -> bool:
        """True at the first call of an action that does not just make, change or remove one instance, as far
        as its path or the author says. What a create makes may act at once, such as an import.
        """
        model = self._setting.model
        plain = action.method in ("PUT", "PATCH", "DELETE") and action.bare_path.endswith("}")
        if plain or str(action.name) in self._acted:
            return False
        if find_created(model, action) is not None:
            return model.leaves_open
        known = (r.undone_by for r in list_involved(model, action))
        moves = (move for r in list_involved(model, action) for move in r.moves)
        removes = any(undo is not None and undo.action is action for undo in known)
        return not (removes or any(move.action is action and not move.inferred for move in moves))

    def _note_read(self, endpoint: Endpoint, exchange: Exchange) -> None:
        for resource in list_involved(self._setting.model, endpoint.action):
            for call in (resource.found_by, *resource.listed_by, *resource.read_by):
                if call is not None and call.action is endpoint.action:
                    rows = self._read(resource, call, exchange)
                    if rows and call in resource.read_by:
                        self._readable.add(resource.name)
                    if rows is not None:
                        self._compare(resource, call, exchange, rows)

    def _read(self, resource: Resource, declared: ActionCall, exchange: Exchange) -> Rows | None:
        """Return the rows that an answer shows; None if it proves nothing, or its ids name no single row. One
        without an id, as that of a sum, hides no other.
        """
        if not exchange.success:
            return {} if declared in resource.read_by and is_missing(resource, exchange) else None
        kind, place = self._factory.owned.kind_name(resource), place_in(resource, exchange)
        items = find_items(declared, exchange)
        if items is None:
            return None
        named = [(id, item) for item in items if (id := resource.id_of(item)) is not None]
        rows = {(kind, place, id_text(id)): item for id, item in named}
        return rows if len(rows) == len(named) and (rows or not items) else None

    def _compare(self, resource: Resource, declared: ActionCall, exchange: Exchange, rows: Rows) -> None:
        given = repr(sorted(exchange.input.items(), key=str))
        place = (exchange.place, exchange.call.role, resource.name, given)
        known = self._views.get(place)
        items = at_path(declared, exchange) if exchange.success else None
        whole = isinstance(items, list) and not may_go_on(exchange, items)
        if whole and names_no_instance(declared):
            self._whole.add(resource.name)
        most = max(len(rows), known.most if known else 0)
        view = View(resource, declared, exchange, rows, whole, self._written, most)
        if known is None:
            if not (self._written or self._under_way) and len(self._older) < MOST_ROWS:
                self._older |= {key: row for key, row in rows.items() if not _MARK.search(str(row))}
            if exchange.success and len(self._views) < MOST_VIEWS:
                self._views[place] = view
            return
        # answers are noted in the order of sending, so what a read cannot have seen is noted after it
        writes = [write for at, write in self._writes if at > known.at]
        if self._under_way and not writes and rows != known.rows:
            return
        missed = self._find_missed(known, view, writes)
        if missed is None or self.reason:
            self._views[place] = view
        elif self._suspicion is None:
            self._suspicion = missed

    def _concerns(self, write: Exchange, resource: Resource) -> bool:
        """True if a write makes or changes instances of this kind, or if nobody knows what it does."""
        endpoint, kind_name = write.call.endpoint, self._factory.owned.kind_name
        about = list_concerned(self._setting, endpoint.action) if endpoint is not None else ()
        return not about or kind_name(resource) in map(kind_name, about)

    # -- rows that are gone or changed

    def _find_missed(self, known: View, view: View, writes: list[Exchange]) -> Suspicion | None:
        """Return the older rows that a view does not show as before, if a write may be the reason."""
        resource = view.resource
        gone, changed = self._list_differences(resource, known.rows, view.rows)
        if view.whole:
            self.went |= {key: None for key in known.rows.keys() - view.rows.keys() if self._used.get(key)}
        if not writes:  # others, or time, changed them
            self._note_restless(changed)
        if not writes or known.exchange.number < self._settled:
            self._drop(gone)
            return None
        alike = any(self._concerns(write, resource) for write in writes)
        taken = any(self._concerns(write, resource) for write in writes if not 400 <= write.status < 500)
        if find_read(self._setting, resource) is None and not (
            taken and view.whole and known.whole and not is_moved_on(known, view, gone)
        ):
            gone = []  # a call about other kinds may use them up
        gone = [key for key in gone if not is_mortal(resource, known.rows[key])]
        is_marked = self._factory.marks.is_marked
        changed = {
            key: [
                c
                for c in several
                if self._is_ours_now(c) or ((alike or is_marked(c[2])) and may_be_taken(c, writes))
            ]
            for key, several in changed.items()
        }
        missed = Suspicion(known, view.rows, gone, changed, writes)
        return None if missed.is_empty else missed

    def _list_differences(
        self, resource: Resource, before: Rows, after: Rows
    ) -> tuple[list[Key], dict[Key, list[Change]]]:
        """Return the older rows that are gone, and the changes of the others, unless they may come by
        themselves.
        """
        lost = [key for key, row in before.items() if key in self._older and after.get(key) != row]
        if not lost:
            return [], {}
        was, now = (Counter(join_texts(resource, row) for row in rows.values()) for rows in (before, after))
        texts = {key: join_texts(resource, before[key]) for key in lost}
        # a server whose ids are places in a list shows a row under another one
        stays = {key for key in lost if key in after and join_texts(resource, after[key]) == texts[key]}
        # what took the place of a row that is gone is no such row: one rate a currency
        made = self._factory.owned.list_made(resource)
        own = Counter(join_texts(resource, row) for key, row in after.items() if key[-1] in made)
        others = {key: now[text] - (own[text] if key not in after else 0) for key, text in texts.items()}
        moved = {key for key, text in texts.items() if text and others[key] >= was[text]} - stays
        self._drop(moved)
        changed, excused = {}, moved | self._used.keys()
        flags = self._list_new_flags(before, after)
        for key in lost:
            if key in after and key not in excused:
                changes = list_firm_changes(self._setting, resource, before[key], after[key])
                pairs = list_pairs(before[key], after[key])
                changes += [one for one in pairs if one not in changes and self._is_ours_now(one)]
                seen = list_seen_changes(resource, before[key], after[key])
                changes += [one for one in seen if one not in changes and is_flag_lost(one, flags)]
                changed[key] = [one for one in changes if (key[0], one[0]) not in self._restless]
        gone = [key for key in lost if key not in after and key not in moved and not self._used.get(key)]
        return gone, changed

    def _list_new_flags(self, before: Rows, after: Rows) -> set[str]:
        """Return the flags that newer rows have now and had not before: the timer that runs, instead of
        another.
        """

        def list_set(rows: Rows) -> set[tuple[Key, str]]:
            newer = rows.keys() - self._older.keys()
            return {(k, path) for k in newer for path, value in list_members(rows[k]) if value is True}

        return {path for _, path in list_set(after) - list_set(before)}

    def _is_ours_now(self, change: Change) -> bool:
        """True if an older row came to be of one of the run's own instances: its `owner_id`, its `team`."""
        path, was, now = change
        words = [word for word in split_words(path.rpartition(".")[2]) if word not in IDS]
        # not `users`, a count that may be an own id too
        if _WHOSE.isdisjoint(words[-1:]) or not OF_LATE.isdisjoint(words) or was is None or was == now:
            return False
        is_id = is_scalar(now) and not isinstance(now, bool)
        return is_id and any(id_text(id) == id_text(now) for _, id in self._factory.pool.list_own())

    def _note_restless(self, changed: Mapping[Key, list[Change]]) -> None:
        self._restless.update((key[0], path) for key, several in changed.items() for path, _, _ in several)

    # -- the quiet interval

    def examine(self, ask: Ask, wait: Callable[[float], None]) -> None:
        """Read the lists that a new shape of write calls for. Look up what is missed, and read the same
        answer again without a write. Raises Stop if it stays gone or changed, and nobody else changes rows
        meanwhile.
        """
        wanted, self._wanted = self._wanted, []
        for view in wanted:
            self._settle(ask, wait)
            exchange, endpoint = ask(view.exchange.call, view.exchange.input), view.exchange.call.endpoint
            if exchange is not None and endpoint is not None:
                self._note_read(endpoint, exchange)
        looked, self._own = self._own, []
        for own, write in looked:
            self._look_at(own, write, ask, wait)
        self._settle(ask, wait)

    def _settle(self, ask: Ask, wait: Callable[[float], None]) -> None:
        found, self._suspicion = self._suspicion, None
        if found is None or self._examines:
            return
        self._examines = True
        try:
            self._look_up(found, ask)
            others = self._read_again(found, ask, wait)
        finally:
            self._examines = False
        if not found.is_empty:
            self._tell(found, others)
        self._drop(found.gone)
        found.view.rows = found.latest
        if self.reason and not others:
            raise Stop(self.reason)

    def _look_at(self, own: Instance, write: Exchange, ask: Ask, wait: Callable[[float], None]) -> None:
        """Look at an own instance that a removal named, or a change that answered another. If it stands as it
        was, the action is not called again.
        """
        endpoint, resource = write.call.endpoint, own.resource
        assert endpoint is not None
        removes, marks = self._removes(resource, endpoint.action), self._factory.marks
        makes_other = any(r is not resource for r in list_made_by(self._setting.model, endpoint.action))
        around = list_around(write)
        given = {k: v for k, v in write.input.items() if k not in around and v != own.id}
        sent, texts = marks.within(given), [t for t in list_leaves(given) if isinstance(t, str) and t]
        waits = REMOVAL_WAITS_S if write.success and removes else ()
        for seconds in (0.0, *waits):
            if seconds:
                wait(seconds)
            told, shown = self._show_own(own, ask)
            if not told or not (removes or texts):  # a number alone may have been taken in another form
                return
            if shown is None or says_ended(resource, own.body, shown):
                self._ended.add((resource.name, own.place, own.id))
                return
            changed = all(occurs_in(text, shown) for text in texts) or (sent and marks.stands_in(sent, shown))
            if makes_other:  # what was sent stands in the redemption, and not in the pass that it uses up
                changed = any(shown.get(name) != value for name, value in own.body.items())
            if not removes and changed:
                return
        if write.status == ACCEPTED:  # it may take longer than anybody waits
            return
        name, row = str(endpoint.action.name), f"{resource.name} {brief(id_text(own.id))}"
        why = f"{name} answered {write.outcome}, and {row} is there as it was"
        self._missed[name] = f"{why}: another call of it may reach a row of others"
        if may_count_apart(own, endpoint):  # so may each other call by its id
            self._factory.owned.disown(resource, why, self._factory.pool.instances)
        if own.gone or write.call.intent == "clean":
            own.unremoved, own.gone = why, False
            self._factory.owned.end(resource, why)
            self._factory.pool.note_change(own)
        if write.success and self.alarm is None:
            rows = (ChangedRow(row, show_value(shown), ""),)
            self.alarm = Alarm("missed", rows, 1, (exchange_of(write),), 1)

    def _show_own(self, own: Instance, ask: Ask) -> tuple[bool, Mapping[str, Any] | None]:
        """Return whether a read or a list tells of an own instance, and as what it shows it; None if one of
        them lacks it.
        """
        shown, resource = None, own.resource
        for read in (*resource.read_by, *resource.listed_by):
            endpoint = self._setting.find_usable_lead(str(read.action.name))
            if endpoint is None:
                continue
            why = f"to see that no other {resource.name} was meant"
            call = call_about(own, endpoint, read.input, "clean", why)
            for _, exchange in follow_pages(self._setting, call, lambda page: ask(page, None), MOST_PAGES):
                if not (exchange.success or is_missing(resource, exchange)):
                    break
                items = find_items(read, exchange) if exchange.success else []
                found = next((item for item in items or () if resource.id_of(item) == own.id), None)
                if found is not None:
                    shown = found
                    break
                if not exchange.success or (items is not None and not may_go_on(exchange, items)):
                    return True, None
        return shown is not None, shown

    def _look_up(self, found: Suspicion, ask: Ask) -> None:
        """Drop the missing rows that a read by its id still shows: they stand on another page.

        A read that finds none proves something if the list is whole and about the writes, or is empty now, or
        if a read has found a row before, or does now.
        """
        view, resource = found.view, found.view.resource
        read = find_read(self._setting, resource)
        if not found.gone or read is None:
            return
        declared, endpoint = read
        containers = {str(p.name) for p in endpoint.params if p.refers_to in resource.placed_by}
        given = {**declared.input, **{k: v for k, v in view.exchange.input.items() if k in containers}}

        def is_there(key: Key, row: Mapping[str, Any]) -> bool | None:
            why, role = f"to see whether an older {resource.name} is there", view.exchange.call.role
            asked = Call(endpoint, given, "explore", why, role=role, subject=resource, made=row)
            exchange = ask(asked, None)
            rows = self._read(resource, declared, exchange) if exchange is not None else None
            if exchange is None or rows is None or place_in(resource, exchange) != key[1]:
                return None
            return key in rows

        self._looked_up += 1
        tried = found.gone[:MOST_LOOKED_UP] if self._looked_up <= MOST_LOOK_UPS else []
        missing = [key for key in tried if is_there(key, view.rows[key]) is False]
        listed = view.whole and any(self._concerns(write, resource) for write in found.writes)
        emptied = len(view.rows) > 1 and not found.latest
        works = listed or emptied or resource.name in self._readable
        if missing and not works and not any(is_there(*one) for one in list(found.latest.items())[:1]):
            missing = []
        if not missing or len(missing) < len(tried):
            found.gone = missing

    def _read_again(self, found: Suspicion, ask: Ask, wait: Callable[[float], None]) -> str:
        """Read the same answer again, and drop the rows that come back or change by themselves; return what
        others changed meanwhile.
        """
        view, others = found.view, ""
        for _ in range(QUIET_READS if not found.is_empty else 0):
            wait(QUIET_S)
            exchange = ask(view.exchange.call, view.exchange.input)
            rows = self._read(view.resource, view.call, exchange) if exchange is not None else None
            if rows is None or not self._older:  # nothing shows that they are gone for good
                found.gone, found.changed = [], {}
                return ""
            gone, changed = self._list_differences(view.resource, found.latest, rows)
            came = [k for k in rows.keys() - found.latest.keys() if not _MARK.search(str(rows[k]))]
            told = (("came", came), ("went", gone), ("changed", [key for key in changed if changed[key]]))
            seen = [f"{view.resource.name} {brief(key[2])} {word}" for word, keys in told for key in keys]
            others = others or next(iter(seen), "")
            self._note_restless(changed)
            found.gone = [key for key in found.gone if key not in rows]
            for key, several in found.changed.items():
                found.changed[key] = [one for one in several if (key[0], one[0]) not in self._restless]
            found.latest = rows
        return others

    # -- the alarm

    def _tell(self, found: Suspicion, others: str) -> None:
        told = [(key, show_value(found.view.rows[key]), "") for key in found.gone]
        for key, several in found.changed.items():
            told += [
                (key, f"{path}: {show_value(was)}", f"{path}: {show_value(now)}")
                for path, was, now in several
            ]
        name, undo = found.view.resource.name, found.view.resource.undone_by
        rows = [ChangedRow(f"{name} {brief(key[2])}", was, now) for key, was, now in told]
        new = [now for several in found.changed.values() for _, _, now in several if isinstance(now, str)]
        removing = {str(undo.action.name)} if undo is not None and found.gone else set[str]()
        likely, is_sure = rank_writes(found.writes, {key[2] for key, _, _ in told}, new, removing)
        self.alarm = Alarm(
            "others" if others else "caused" if is_sure and self._setting.exclusive else "unclear",
            tuple(rows[:MOST_TOLD]),
            len({row.name for row in rows}),
            tuple(map(exchange_of, likely[:MOST_CALLS])),
            len(found.writes),
            others,
        )
        became = "has changed" if rows[0].after else "is gone"
        self.reason = f"nothing more is written: {rows[0].name} was there before this run, and {became}"
