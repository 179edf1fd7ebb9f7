"""Match the rows of an audit log with the calls that must have left them, then judge the calls and the
rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.http import json_bytes, text_of
from pgagents.model.model import Audit
from pgagents.model.resource import id_text, is_scalar
from pgagents.verify.check.check import Judgement, judge_broken, judge_kept
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.endpoint import REST, Endpoint

AUDIT_TRAIL = "audit_trail"
"""The check to which all contracts of this module belong."""
Row = Mapping[str, Any]
APART_S = 60.0
"""Seconds by which a row's time may differ from the call's. Clocks differ, and a server may write the row
later.
"""
MOST_EPOCH_S = 1e11
"""A greater number cannot be a time in seconds, because it would lie after the year 5000."""


@dataclass(frozen=True, slots=True)
class Done:
    """A successful call that must have left a row. It was sent at `at` and answered at `until` (epoch
    seconds).

    `says` are the members that the row must have, `platform` is its attribution. `hides` are texts that must
    not stand in the row.
    """

    endpoint: Endpoint
    role: str
    at: float
    until: float
    says: Mapping[str, str]
    platform: Mapping[str, str]
    hides: tuple[str, ...]
    certain: bool
    """True if the row can belong to no other call, because the row holds the id of an instance that the run
    made.
    """


def is_audited(audit: Audit, endpoint: Endpoint) -> bool:
    """True if every successful call of an endpoint must leave a row."""
    return endpoint.action.key and (endpoint.action.effect == "write" or endpoint.surface in audit.reads_on)


def read_time(audit: Audit, row: Row) -> float:
    """Return the time of a row in seconds since 1970; NaN if it has none.

    A time is a text of RFC 3339 or a number. Only the size of a number tells seconds from milliseconds, and
    these from microseconds and nanoseconds.
    """
    value = row.get(audit.at)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return epoch(value)
    units = (unit for unit in (1, 10**3, 10**6, 10**9) if abs(value) < MOST_EPOCH_S * unit)
    return next((value / unit for unit in units), math.nan)


def _text_in(row: Row, member: str) -> str | None:
    """Return a name or an id in a row as text, because it may be a number there; None if it is missing."""
    value = row.get(member)
    return id_text(value) if is_scalar(value) else None


def judge_extra_rows(
    setting: Setting,
    audit: Audit,
    noted: Sequence[Done],
    rows: Sequence[Row],
    wild: set[frozenset[tuple[str, Any]]],
) -> Iterator[Judgement]:
    """Judge that each row about a write to one of our instances belongs to one of our calls.

    Calls through a dispatcher do not count, because a dispatcher may record refused calls too.
    """
    contract = f"{AUDIT_TRAIL}/refused@{REST}"
    made = [m for m, name in audit.about.items() if setting.model.resources[name].made_by is not None]
    ours = {(m, v) for done in noted for m, v in done.says.items() if m in made}
    writes = {
        str(d.action.name) for d in setting.endpoints if d.action.effect == "write" and is_audited(audit, d)
    }
    calls = [d.says for d in noted] + [dict(w) for w in wild]
    done = {(says[audit.action], pair) for says in calls for pair in says.items()}
    unsure = {
        says[audit.action] for says in calls if not any(m in says for m in made)
    }  # their instances are unknown
    for row in rows:
        name = row.get(audit.action)
        about = [pair for m in audit.about if (pair := (m, _text_in(row, m))) in ours]
        stamps = [{m: v for m, v in d.attribution.items() if m in row} for d in setting.model.dispatchers]
        through = any(stamp and stamp.items() <= row.items() for stamp in stamps)
        if (
            name in writes - unsure
            and about
            and not through
            and not any((name, pair) in done for pair in about)
        ):
            yield judge_broken(
                contract,
                "rows of what was done",
                f"a row of {name} about {about[0][1]}, where {name} was only refused",
            )
            return
    yield judge_kept(contract)


def judge_calls(audit: Audit, noted: Sequence[Done], rows: Sequence[Row]) -> Iterator[Judgement]:
    """Match each call with a row of its own and judge it.

    Calls through a platform are matched first, so that no other call takes their rows.
    """
    free: dict[str, list[Row]] = {}
    for listed in rows:
        free.setdefault(str(listed.get(audit.action)), []).append(listed)
    matched: list[tuple[Done, Row]] = []
    for done in sorted(noted, key=lambda d: (not d.platform, -len(d.says))):
        there = free.get(done.says[audit.action], [])
        fitting = [row for row in there if all(_text_in(row, m) == v for m, v in done.says.items())]
        stamped = [row for row in fitting if all(row.get(m) == v for m, v in done.platform.items())]
        row: Row | None = min(stamped, key=lambda r: _off_s(audit, done, r), default=None)
        contract = f"{AUDIT_TRAIL}/{done.endpoint.place}"
        wanted = ", ".join(f"{m} {v}" for m, v in {**done.says, **done.platform}.items())
        if row is not None:
            there.remove(row)
            matched.append((done, row))
            yield judge_kept(contract)
        elif fitting:
            told = ", ".join(f"{m} {fitting[0].get(m)}" for m in done.platform)
            yield judge_broken(contract, f"a row with {wanted}", f"its row has {told}")
        else:
            yield judge_broken(
                contract, f"a row with {wanted}", "no such row among the {count} listed", count=len(rows)
            )
    yield from _judge_rows(audit, matched)


def _judge_rows(audit: Audit, matched: Sequence[tuple[Done, Row]]) -> Iterator[Judgement]:
    """Judge actor, time, diff and private values of the rows that were matched with calls."""
    if audit.actor:
        yield from _actors(audit.actor, [(d, r) for d, r in matched if d.certain])
    for done, row in matched:
        if done.certain:
            contract, off_s = f"{AUDIT_TRAIL}/timed@{REST}", _off_s(audit, done, row)
            found = f"that of {done.endpoint.action.name} is {off_s:,.0f} s off: {row.get(audit.at)}"
            yield (
                judge_kept(contract)
                if off_s <= APART_S
                else judge_broken(contract, f"{audit.at} of a row is when its call was made", found)
            )
        if audit.diff and done.endpoint.action.effect == "write":
            diff = row.get(audit.diff)
            good = isinstance(diff, Mapping) and bool(diff)
            contract = f"{AUDIT_TRAIL}/diff@{REST}"
            yield (
                judge_kept(contract)
                if good
                else judge_broken(
                    contract, f"{audit.diff} says what {done.endpoint.action.name} changed", f"it is {diff}"
                )
            )
        # a read changes nothing, and the digits of a time may be those of a private number by chance
        left_out = {audit.at} | ({audit.diff} if done.endpoint.action.effect != "read" else set())
        open_ = {m: v for m, v in row.items() if m not in left_out}
        shown = "\n".join(_texts(open_)).lower()
        told = next((text for text in done.hides if text.lower() in shown), None)
        if done.hides:
            contract = f"{AUDIT_TRAIL}/private@{REST}"
            yield (
                judge_broken(
                    contract, "no row holds it", f"the row of {done.endpoint.action.name} holds {told}"
                )
                if told
                else judge_kept(contract)
            )


def _off_s(audit: Audit, done: Done, row: Row) -> float:
    """Return the seconds between a call and its row's time; infinite if the row has no valid time."""
    at = read_time(audit, row)
    return math.inf if math.isnan(at) else max(0.0, done.at - at, at - done.until)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text and number in a value."""
    if isinstance(value, Mapping | list):
        for member in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(member)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield text_of(value)


def _actors(member: str, matched: Sequence[tuple[Done, Row]]) -> Iterator[Judgement]:
    """Judge that all rows of one key name the same actor, and rows of different keys different actors.

    A row counts only if it certainly belongs to its call, because it holds the id of one of our instances.
    """
    contract = f"{AUDIT_TRAIL}/actor@{REST}"
    by_role: dict[str, set[str | None]] = {}
    for done, row in matched:
        if done.endpoint.action.effect == "write":
            by_role.setdefault(done.role, set()).add(_text_in(row, member) or None)
    for role, actors in by_role.items():
        others = {a for r, several in by_role.items() if r != role for a in several}
        if None in actors or len(actors) > 1:
            yield judge_broken(
                contract,
                f"{member} is one and the same in all rows of one key",
                f"it is {' and '.join(sorted(map(str, actors)))}",
            )
        elif actors & others:
            yield judge_broken(contract, f"{member} distinguishes keys", f"it is {actors.pop()} for two keys")
        else:
            yield judge_kept(contract)


def judge_unchanged(
    audit: Audit, earlier: Sequence[Row], rows: Sequence[Row], since: float | None
) -> Iterator[Judgement]:
    """Judge that rows listed before are listed again unchanged.

    Retention may have removed the actor and the diff.
    """
    contract = f"{AUDIT_TRAIL}/unchanged@{REST}"
    exactly = {json_bytes(row) for row in rows}
    for row in earlier:
        listed = since is None or read_time(audit, row) > since
        if (
            listed
            and json_bytes(row) not in exactly
            and not any(_is_same_row(audit, row, later) for later in rows)
        ):
            what = f"the row of {row.get(audit.action)} of {row.get(audit.at)} is not"
            yield judge_broken(contract, "every row that was listed before is there as it was", what)
            return
    yield judge_kept(contract)


def _is_same_row(audit: Audit, row: Row, later: Row) -> bool:
    """True if the later row is the same, except for members that retention removes."""
    return all(
        later.get(m) == v or (later.get(m) is None and m in (audit.actor, audit.diff)) for m, v in row.items()
    )
