"""Titles, copies, patrons and holds in memory, for all libraries together."""

import heapq
import itertools
from dataclasses import dataclass, field

from ..planting import planted


@dataclass
class Copy:
    """One copy of a title."""

    id: int
    title_id: int
    number: int
    hold_id: int | None = None


@dataclass
class Title:
    """A title with its copies."""

    id: int
    library: str
    title: str
    authors: list[str]
    isbn: str | None
    subjects: list[str]
    published_year: int | None
    created_at: int
    copies: list[Copy] = field(default_factory=list)
    removed: bool = False

    def free_copies(self) -> list[Copy]:
        """The copies on the shelf, by number."""
        return [copy for copy in self.copies if copy.hold_id is None]


@dataclass
class Patron:
    """Somebody who holds titles."""

    id: int
    library: str
    name: str
    email: str
    created_at: int


@dataclass
class Hold:
    """A patron's hold of one copy."""

    id: int
    library: str
    title_id: int
    patron_id: int
    copy_id: int
    hours: int
    note: str | None
    placed_at: int
    state: str = "ready"
    ended_at: int | None = None
    reason: str | None = None

    @property
    def expires_at(self) -> int:
        """The moment from which a ready hold is expired."""
        return self.placed_at + self.hours * 3600


class Store:
    """Everything there is; ids grow over all libraries and are never used again."""

    def __init__(self) -> None:
        self.titles: dict[int, Title] = {}
        self.copies: dict[int, Copy] = {}
        self.patrons: dict[int, Patron] = {}
        self.holds: dict[int, Hold] = {}
        self._title_ids = itertools.count(1)
        self._copy_ids = itertools.count(1)
        self._patron_ids = itertools.count(1)
        self._hold_ids = itertools.count(1)
        self._ends: list[tuple[int, int]] = []

    def add_title(
        self,
        library: str,
        now: int,
        *,
        title: str,
        authors: list[str],
        copies: int,
        isbn: str | None = None,
        subjects: list[str],
        published_year: int | None = None,
    ) -> Title:
        """Keep a title and its copies, all free."""
        made = Title(next(self._title_ids), library, title, authors, isbn, subjects, published_year, now)
        for number in range(1, copies + 1):
            copy = Copy(next(self._copy_ids), made.id, number)
            self.copies[copy.id] = copy
            made.copies.append(copy)
        self.titles[made.id] = made
        return made

    def remove_title(self, title: Title) -> None:
        """Forget a title's copies, and remember that it was there."""
        title.removed = True
        for copy in title.copies:
            del self.copies[copy.id]

    def add_patron(self, library: str, now: int, name: str, email: str) -> Patron:
        """Keep a patron."""
        made = Patron(next(self._patron_ids), library, name, email, now)
        self.patrons[made.id] = made
        return made

    def add_hold(self, now: int, patron: Patron, copy: Copy, hours: int, note: str | None) -> Hold:
        """Take a copy off the shelf."""
        made = Hold(next(self._hold_ids), patron.library, copy.title_id, patron.id, copy.id, hours, note, now)
        copy.hold_id = made.id
        self.holds[made.id] = made
        heapq.heappush(self._ends, (made.expires_at, made.id))
        return made

    def end_hold(self, hold: Hold, state: str, at: int, reason: str | None = None) -> None:
        """Put a hold's copy back."""
        hold.state, hold.ended_at, hold.reason = state, at, reason
        self.copies[hold.copy_id].hold_id = None

    def expire_holds(self, now: int) -> None:
        """End the ready holds whose time is up."""
        while self._ends and self._ends[0][0] <= now:
            end, hold_id = heapq.heappop(self._ends)
            hold = self.holds[hold_id]
            if hold.state == "ready":
                if planted("copy-kept-after-expiry"):
                    hold.state, hold.ended_at = "expired", end
                elif planted("ended-when-noticed"):
                    self.end_hold(hold, "expired", now)
                else:
                    self.end_hold(hold, "expired", end)

    def ready_holds(self, *, title_id: int | None = None, patron_id: int | None = None) -> list[Hold]:
        """The ready holds of a title, of a patron, or of both."""
        return [
            hold
            for hold in self.holds.values()
            if hold.state == "ready"
            and title_id in (None, hold.title_id)
            and patron_id in (None, hold.patron_id)
        ]


def seed(store: Store, now: int) -> None:
    """Put staging's first data into an empty store."""
    north, south = "Northfield", "Southgate"
    store.add_title(
        north,
        now,
        title="A Field Guide to Ferns",
        authors=["Ada Moss"],
        isbn="9780000000019",
        subjects=["nature"],
        published_year=1998,
        copies=3,
    )
    store.add_title(
        north,
        now,
        title="Maps of the North",
        authors=["Jon Berg", "Li Tan"],
        subjects=["maps", "history"],
        published_year=2011,
        copies=1,
    )
    store.add_title(north, now, title="Short Tales", authors=["Ines Roy"], subjects=[], copies=2)
    store.add_title(
        south,
        now,
        title="Harbour Lights",
        authors=["Tom Vale"],
        subjects=["history"],
        published_year=1987,
        copies=1,
    )
    store.add_patron(north, now, "Nora Field", "nora@example.com")
    stone = store.add_patron(north, now, "Max Stone", "max@example.com")
    store.add_patron(south, now, "Sue Gate", "sue@example.com")
    store.add_hold(now, stone, store.copies[1], 24, None)
