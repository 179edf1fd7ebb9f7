"""Show what becomes of approved listings: a table with its reasons for people, and data for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from pgagents.report.layout import WIDTH, table
from pgagents.submit.listing_guard import ORDER, NotTried, Reason, State, StoreOutcome

FORMAT = 1
WORDS: Mapping[State, str] = {
    "kept": "kept",
    "held": "held for review",
    "delisted": "delisted",
    "open": "not decided",
}
"""The outcomes as people read them."""
MOST_REASONS, MOST_ALIKE, MOST_NAMED = 20, 3, 12
"""Most reasons of a store that people are shown, most of one id that no call shows, and most names in a line.

The data has all.
"""
FIRST = 34
"""Characters of the first reason in the table."""


@dataclass(frozen=True, slots=True)
class GuardReport:
    """The outcomes of all listings, and what else the run says.

    `listing` names what was approved, and `server` the new server or where its tools were read. `notes` say
    why the run is not complete, and `left` what it could not remove.
    """

    listing: str
    server: str
    stores: tuple[StoreOutcome, ...]
    requests: int = 0
    complete: bool = True
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def join(self, other: GuardReport) -> GuardReport:
        """Return both reports as one, with the worst store first."""
        stores = sorted((*self.stores, *other.stores), key=lambda one: (ORDER.index(one.outcome), one.store))
        return replace(
            self,
            server="; ".join(filter(None, (self.server, other.server))),
            stores=tuple(stores),
            requests=self.requests + other.requests,
            complete=self.complete and other.complete,
            notes=tuple(dict.fromkeys((*self.notes, *other.notes))),
            left=(*self.left, *other.left),
        )

    def find_code(self, *, held_passes: bool) -> int:
        """Return the exit code: 1 for a listing that is delisted, or held unless that passes. Else 3 if
        anything is not decided, and 0.
        """
        worst = {store.outcome for store in self.stores}
        if "delisted" in worst or ("held" in worst and not held_passes):
            return 1
        return 3 if "open" in worst or not self.complete else 0


def render_text(report: GuardReport) -> str:
    """Return the table of stores, the worst first, and below it the reasons; at most 100 columns."""
    head = ("store", "outcome", "approved calls", "because")
    rows = [
        (cut(s.title, 28), WORDS[s.outcome], _count_calls(s), cut(_say_first(s), FIRST))
        for s in report.stores
    ]
    lines = [f"approved: {report.listing}", f"held against {report.server}", "", *table(head, rows)]
    for store in report.stores:
        details = list(_list_details(store))
        if details:
            lines += ["", f"{store.title}: {WORDS[store.outcome]}", *details]
    lines += ["", *(f"note: {note}" for note in report.notes)] if report.notes else []
    return "\n".join(part for line in lines for part in fit_line(line)) + "\n"


def cut(text: str, most: int) -> str:
    """Return a text that has at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _count_calls(store: StoreOutcome) -> str:
    return f"{store.taken} of {store.calls} taken" if store.calls else "none"


def _say_first(store: StoreOutcome) -> str:
    if not store.reasons:
        return "–"
    first = store.reasons[0]
    what = first.subject if first.subject != store.store else "the package"
    return f"{what}: {first.member or first.id.removeprefix('listing-')}"


def _list_details(store: StoreOutcome) -> Iterator[str]:
    """Yield the lines below the table: the reasons, what waits, and what was not tried."""
    told: Counter[str] = Counter()
    alike: dict[str, list[str]] = {}
    for number, reason in enumerate(store.reasons):
        if number >= MOST_REASONS or (reason.by == "manifest" and told[reason.id] == MOST_ALIKE):
            alike.setdefault(reason.id, []).append(reason.subject)
        else:
            told[reason.id] += reason.by == "manifest"
            yield from _describe(store, reason)
    for id, subjects in alike.items():
        names = name_some(list(dict.fromkeys(subjects)))
        yield f"  and {len(subjects)} more [{id}]: {names}; --json has all"
    if store.waiting:
        yield f"  a new definition waits for its own review: {name_some(store.waiting)}"
    for why, subjects in _group(store.not_tried).items():
        yield f"  not tried: {name_some(subjects)}: {why}"


def _describe(store: StoreOutcome, reason: Reason) -> Iterator[str]:
    what = reason.subject if reason.subject != store.store else "the package"
    member = f" ({reason.member})" if reason.member else ""
    by = "" if reason.by == "call" else ", by the manifest alone"
    yield f"  {what}{member}: {reason.message} [{reason.id}{by}]"
    for label, text in (("at", reason.place), ("call", reason.example), ("answer", reason.words)):
        if text:
            yield f"    {label} {text}"


def _group(not_tried: Iterable[NotTried]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in not_tried:
        found.setdefault(one.why, []).append(one.subject)
    return found


def name_some(names: Sequence[str]) -> str:
    """Return the first names on one line, and the number of the others."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def fit_line(line: str) -> list[str]:
    """Return a line as several that fit, those after the first one indented."""
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return wrap(line, WIDTH, subsequent_indent=indent, drop_whitespace=True) or [line[:WIDTH]]


def make_data(report: GuardReport) -> dict[str, Any]:
    """Return the outcomes for programs."""
    return {
        "format": FORMAT,
        "listing": report.listing,
        "server": report.server,
        "outcome": min((s.outcome for s in report.stores), key=ORDER.index, default="kept"),
        "complete": report.complete,
        "requests": report.requests,
        "stores": [_store_to_dict(store) for store in report.stores],
        "notes": list(report.notes),
        "left_behind": list(report.left),
    }


def _store_to_dict(store: StoreOutcome) -> dict[str, Any]:
    return {
        "store": store.store,
        "title": store.title,
        "outcome": store.outcome,
        "calls": store.calls,
        "taken": store.taken,
        "reasons": [
            {
                "outcome": reason.outcome,
                "id": reason.id,
                "subject": reason.subject,
                "message": reason.message,
                "by": reason.by,
                "member": reason.member,
                "place": reason.place,
                "example": reason.example,
                "answer": reason.words,
            }
            for reason in store.reasons
        ],
        "waiting": list(store.waiting),
        "not_tried": [{"subject": one.subject, "why": one.why} for one in store.not_tried],
    }
