"""The lending desk: what the actions do, and when they are refused."""

import random
import re
import threading
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..planting import planted
from .clock import Clock, timestamp
from .models import (
    MAX_ID,
    CopyOut,
    CopyQuery,
    HoldIn,
    HoldList,
    HoldOut,
    HoldQuery,
    PatronIn,
    PatronOut,
    TitleIn,
    TitleOut,
    TitlePage,
    TitleQuery,
)
from .problems import Problem
from .storage import Copy, Hold, Patron, Store, Title

MAX_READY_HOLDS = 5
ROUND_TRIP_S = 0.02  # to the database that a server like this has

P = ParamSpec("P")
R = TypeVar("R")


def _one_at_a_time(action: Callable[Concatenate["Desk", P], R]) -> Callable[Concatenate["Desk", P], R]:
    """Handlers run in threads: let one action in, after the holds whose time is up have ended."""

    def locked(self: "Desk", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.now = self.clock.now()
            self.store.expire_holds(self.now)
            return action(self, *args, **kwargs)

    return locked


def parse_id(text: str) -> int | None:
    """Read an id in a path; nothing else than digits within the bounds is one."""
    if planted("huge-id-500") and re.fullmatch("[1-9][0-9]*", text):
        return int.from_bytes(int(text).to_bytes(4, signed=True))  # as the database's integers are
    if not re.fullmatch("[1-9][0-9]{0,9}", text) or int(text) > MAX_ID:
        return None
    return int(text)


def _missing(found: object, what: str) -> Problem:
    """Say that a thing is not there for this library; another one may have it."""
    if found is not None and planted("forbidden-if-it-exists"):
        return Problem("not-allowed", f"this {what} belongs to another library")
    return Problem("not-found", f"there is no such {what}")


def _fold(text: str) -> bytes:
    """Lower the ASCII letters only."""
    return text.encode().lower()


def _contains(text: str, part: str) -> bool:
    """True if a text contains another, whatever the case of ASCII letters."""
    if planted("search-wildcards"):
        pattern = re.escape(_fold(part)).replace(b"%", b".*").replace(b"_", b".")
        return re.search(pattern, _fold(text)) is not None
    if planted("search-by-case"):
        return part in text
    return _fold(part) in _fold(text)


def _address(email: str) -> str:
    """Write an address as it is compared."""
    return email if planted("email-by-case") else email.lower()


def _has_subjects(title: Title, wanted: list[str]) -> bool:
    if planted("last-subject-counts") and wanted:
        return wanted[-1] in title.subjects
    return set(wanted) <= set(title.subjects)


class Desk:
    """The actions, each for one library."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.lock = threading.Lock()
        self.now = clock.now()
        self._patrons_read: dict[int, Patron] = {}

    # looking things up

    def _title(self, library: str, title_id: int | None) -> Title:
        title = self.store.titles.get(title_id or 0)
        if title is None or title.library != library:
            raise _missing(title, "title")
        if title.removed:
            raise Problem("gone", "this title was removed")
        return title

    def _patron(self, library: str, patron_id: int | None) -> Patron:
        patron = self.store.patrons.get(patron_id or 0)
        if patron is None and planted("missing-row-500"):
            raise RuntimeError("wrong number of returned rows: 0")
        if patron is None or patron.library != library:
            raise _missing(patron, "patron")
        return patron

    def _hold(self, library: str, hold_id: int | None) -> Hold:
        hold = self.store.holds.get(hold_id or 0)
        if hold is None or hold.library != library:
            raise _missing(hold, "hold")
        return hold

    # showing them

    def _show_title(self, title: Title) -> TitleOut:
        return TitleOut(
            id=title.id,
            title=title.title,
            authors=title.authors,
            isbn=title.isbn,
            subjects=title.subjects,
            published_year=title.published_year,
            copies=len(title.copies),
            available=len(title.free_copies()),
            created_at=timestamp(title.created_at),
        )

    def _show_copy(self, copy: Copy) -> CopyOut:
        return CopyOut(id=copy.id, title_id=copy.title_id, number=copy.number, hold_id=copy.hold_id)

    def _show_patron(self, patron: Patron) -> PatronOut:
        return PatronOut(
            id=patron.id,
            name=patron.name,
            email=patron.email,
            ready_holds=0
            if planted("ready-holds-not-counted")
            else len(self.store.ready_holds(patron_id=patron.id)),
            created_at=timestamp(patron.created_at),
        )

    def _show_hold(self, hold: Hold) -> HoldOut:
        shown: dict[str, Any] = {
            "id": hold.id,
            "title_id": hold.title_id,
            "patron_id": hold.patron_id,
            "copy_id": hold.copy_id,
            "state": hold.state,
            "hours": hold.hours,
            "note": hold.note,
            "placed_at": timestamp(hold.placed_at),
            "expires_at": timestamp(hold.expires_at),
            "ended_at": None if hold.ended_at is None else timestamp(hold.ended_at),
            "reason": hold.reason,
        }
        return HoldOut(**shown)

    # titles

    @_one_at_a_time
    def list_titles(self, library: str, query: TitleQuery) -> TitlePage:
        """One page of the titles that match."""
        found = [
            title
            for title in self.store.titles.values()
            if title.library == library
            and not title.removed
            and (query.q is None or _contains(title.title, query.q))
            and _has_subjects(title, query.subjects or [])
        ]
        if query.sort == "-id":
            as_text = planted("ids-sorted-as-text")
            found.sort(key=lambda title: str(title.id) if as_text else title.id, reverse=True)
        elif query.sort == "year":
            first = planted("nulls-first")
            ties = planted("ties-in-any-order")
            if ties:
                random.shuffle(found)  # a database gives equal rows in no order
            found.sort(
                key=lambda t: (
                    (t.published_year is None) != first,
                    t.published_year or 0,
                    0 if ties else t.id,
                )
            )
        start = 0 if planted("page-is-first") else (query.page - 1) * query.per_page
        if planted("page-past-end-404") and query.page > 1 and start >= len(found):
            raise Problem("not-found", "there is no such page")
        titles = [self._show_title(title) for title in found[start : start + query.per_page]]
        counted = titles if planted("total-of-page") else found
        count = sum(bool(t.subjects) for t in found) if planted("total-of-a-join") else len(counted)
        return TitlePage(
            titles=titles,
            page=query.page,
            per_page=query.per_page,
            total=count,
            pages=count // query.per_page if planted("pages-rounded-down") else -(-count // query.per_page),
        )

    @_one_at_a_time
    def make_title(self, library: str, body: TitleIn) -> TitleOut:
        """A new title with free copies."""
        return self._show_title(self.store.add_title(library, self.now, **body.model_dump()))

    @_one_at_a_time
    def get_title(self, library: str, title_id: str) -> TitleOut:
        """One title."""
        return self._show_title(self._title(library, parse_id(title_id)))

    @_one_at_a_time
    def remove_title(self, library: str, title_id: str) -> None:
        """Remove a title that nobody holds."""
        title = self._title(library, parse_id(title_id))
        if self.store.ready_holds(title_id=title.id):
            raise Problem("title-in-use", "the title has ready holds")
        self.store.remove_title(title)

    @_one_at_a_time
    def list_copies(self, library: str, title_id: str, query: CopyQuery) -> list[CopyOut]:
        """A title's copies, by number."""
        if planted("copies-without-title"):
            copies = [
                copy
                for copy in self.store.copies.values()
                if copy.title_id == parse_id(title_id) and self.store.titles[copy.title_id].library == library
            ]
        else:
            copies = self._title(library, parse_id(title_id)).copies
        return [
            self._show_copy(copy)
            for copy in copies
            if query.free is None
            or (query.free == "false" and planted("free-false-ignored"))
            or (copy.hold_id is None) == (query.free == "true")
        ]

    # patrons

    def make_patron(self, library: str, body: PatronIn) -> PatronOut:
        """A new patron, whose address nobody else in the library has."""
        if planted("address-twice-at-once"):
            _one_at_a_time(Desk._require_free_address)(self, library, body.email)
            time.sleep(ROUND_TRIP_S)
            return _one_at_a_time(Desk._add_patron)(self, library, body)
        return self._check_and_add_patron(library, body)

    @_one_at_a_time
    def _check_and_add_patron(self, library: str, body: PatronIn) -> PatronOut:
        self._require_free_address(library, body.email)
        return self._add_patron(library, body)

    def _require_free_address(self, library: str, email: str) -> None:
        for other in self.store.patrons.values():
            if other.library == library and _address(other.email) == _address(email):
                if planted("email-taken-is-malformed"):
                    raise Problem("malformed", "the patron cannot be made")
                raise Problem("email-taken", "another patron has this e-mail address")

    def _add_patron(self, library: str, body: PatronIn) -> PatronOut:
        return self._show_patron(self.store.add_patron(library, self.now, body.name, body.email))

    @_one_at_a_time
    def get_patron(self, library: str, patron_id: str) -> PatronOut:
        """One patron."""
        number = parse_id(patron_id)
        if planted("patron-cached-by-id") and number in self._patrons_read:
            return self._show_patron(self._patrons_read[number])
        patron = self._patron(library, number)
        self._patrons_read[patron.id] = patron
        return self._show_patron(patron)

    # holds

    @_one_at_a_time
    def list_holds(self, library: str, query: HoldQuery) -> HoldList:
        """A part of the holds that match, newest first."""
        of_all = planted("holds-of-another-library") and query.title_id is not None
        found = [
            hold
            for hold in reversed(self.store.holds.values())
            if (hold.library == library or of_all)
            and query.title_id in (None, hold.title_id)
            and query.patron_id in (None, hold.patron_id)
            and not (planted("holds-go-with-title") and self.store.titles[hold.title_id].removed)
        ]
        total = len(found)
        found = [hold for hold in found if query.states is None or hold.state in query.states]
        if not found and planted("no-holds-500"):
            raise RuntimeError("return value must be of type array, null returned")
        start = query.offset
        if planted("offset-in-whole-pages"):
            start = query.offset // query.limit * query.limit
        return HoldList(
            holds=[self._show_hold(hold) for hold in found[start : start + query.limit]],
            offset=query.offset,
            limit=query.limit,
            total_records=total if planted("count-ignores-states") else len(found),
        )

    def place_hold(self, library: str, body: HoldIn) -> HoldOut:
        """A new hold, which takes the free copy with the lowest number."""
        if planted("last-copy-twice"):
            found = _one_at_a_time(Desk._find_copy)(self, library, body)
            time.sleep(ROUND_TRIP_S)
            return _one_at_a_time(Desk._take_copy)(self, *found, body)
        return self._find_and_take_copy(library, body)

    @_one_at_a_time
    def _find_and_take_copy(self, library: str, body: HoldIn) -> HoldOut:
        return self._take_copy(*self._find_copy(library, body), body)

    def _find_copy(self, library: str, body: HoldIn) -> tuple[Patron, Copy]:
        title = self._title(library, body.title_id)
        patron = self._patron(library, body.patron_id)
        if self.store.ready_holds(title_id=title.id, patron_id=patron.id):
            raise Problem("already-held", "the patron has a ready hold on this title")
        if self._count_towards_limit(patron) >= MAX_READY_HOLDS:
            raise Problem("patron-limit", f"the patron has {MAX_READY_HOLDS} ready holds")
        free = title.free_copies()
        if not free:
            raise Problem("no-copy-free", "no copy of this title is free")
        return patron, free[0]

    def _count_towards_limit(self, patron: Patron) -> int:
        ready = len(self.store.ready_holds(patron_id=patron.id))
        if planted("cancelled-holds-count"):
            return ready + sum(
                hold.patron_id == patron.id and hold.state == "cancelled"
                for hold in self.store.holds.values()
            )
        return ready

    def _take_copy(self, patron: Patron, copy: Copy, body: HoldIn) -> HoldOut:
        hours = 48 if planted("hours-ignored") else body.hours
        return self._show_hold(self.store.add_hold(self.now, patron, copy, hours, body.note))

    @_one_at_a_time
    def get_hold(self, library: str, hold_id: str) -> HoldOut:
        """One hold."""
        return self._show_hold(self._hold(library, parse_id(hold_id)))

    @_one_at_a_time
    def cancel_hold(self, library: str, hold_id: str, reason: str | None) -> HoldOut:
        """End a ready hold before its time."""
        hold = self._hold(library, parse_id(hold_id))
        if hold.state == "expired" or (hold.state == "cancelled" and not planted("cancel-twice")):
            raise Problem("hold-ended", f"the hold is {hold.state}")
        self.store.end_hold(hold, "cancelled", self.now, reason)
        return self._show_hold(hold)
