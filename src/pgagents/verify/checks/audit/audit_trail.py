"""Every successful write leaves one row in the audit log: action, resource, platform, actor, time and
changes.

Successful calls of all checks are noted. The log is read in the middle of the run and at its end, and each
call is matched with a row of its own. Rows stay unchanged and hold no private values. No refused write leaves
a row.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.base.http import json_bytes, text_of
from pgagents.base.places import Pointer
from pgagents.catalogue.model.identity import find_proof
from pgagents.catalogue.model.model import Audit
from pgagents.catalogue.model.resource import Resource, id_text, is_scalar
from pgagents.report.contract import Contract, Rank
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.lists import announces_more, may_go_on
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
    promise_at,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, GetNote
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "audit_trail"
CORRECT = ("valid", "explore", "clean")
"""The intents of valid calls.

If an invalid call succeeds, other checks find that; no row is promised for it.
"""
MOST_NOTED = 2_000
WILD = f"{NAME}/wild"
"""The note of calls that may have left a row which is not promised: accepted invalid calls, and unanswered
calls.
"""
EARLY, LATE = 4, 8
SLACK_S = 5.0
SHORTEST = 4
"""Length (characters) from which a value is searched for in rows; shorter ones stand there by chance."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield a contract for each endpoint whose successes leave rows, and several about all rows."""
    audit = setting.model.audit
    if audit is None:
        return
    for endpoint in setting.endpoints:
        if is_audited(audit, endpoint):
            says = (
                f"a successful {endpoint.action.name} leaves a row in the audit: which action, about "
                "what, through which platform"
            )
            yield promise(NAME, "", endpoint, says, audit.origin, audit.cite)
    for detail, says, origin in _general(audit):
        yield promise_at(NAME, detail, f"@{REST}", says, origin, audit.cite)


def _general(audit: Audit) -> Iterator[tuple[str, str, Pointer]]:
    yield "unchanged", "a row that was written stays as it is", audit.origin
    yield "timed", "a row states when its call was made", audit.origin
    yield "refused", "a refused write leaves no row", audit.origin
    if audit.actor:
        yield (
            "actor",
            "rows name who acted: one key as one actor, another key as another",
            (*audit.origin, "actor"),
        )
    if audit.diff:
        yield "diff", "rows of writes say what changed", (*audit.origin, "diff")
    if audit.never:
        yield "private", f"rows hold no {' or '.join(audit.never)} that was given", (*audit.origin, "never")


def _find_key(memory: Memory, exchange: Exchange) -> str:
    """Return the key that a request presents, for calls without a role; empty if it presents none."""
    return find_proof(memory.model, exchange.request)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note each success that must have left a row, and each other call that may have left one."""
    audit, endpoint = memory.model.audit, exchange.call.endpoint
    correct = (
        exchange.call.intent in CORRECT
        and not exchange.call.twist
        and not (endpoint is not None and endpoint.form is not None)
    )
    if (
        audit is not None
        and endpoint is not None
        and exchange.output is not None
        and correct
        and is_audited(audit, endpoint)
    ):
        about = _about(memory.setting, audit, exchange)
        done = Done(
            endpoint,
            exchange.call.role or _find_key(memory, exchange),
            exchange.sent_at,
            exchange.sent_at + exchange.seconds,
            {audit.action: str(endpoint.action.name), **about},
            {
                m: v
                for m, v in _stamps(memory.setting, exchange).items()
                if m in _members(memory.setting, audit)
            },
            tuple(
                text for name in audit.never if len(text := text_of(exchange.input.get(name, ""))) >= SHORTEST
            ),
            any(memory.model.resources[audit.about[member]].made_by is not None for member in about),
        )
        memory.notes.setdefault(NAME, deque(maxlen=MOST_NOTED)).append(done)
    elif (
        audit is not None
        and endpoint is not None
        and is_audited(audit, endpoint)
        and (exchange.success or exchange.error or exchange.status >= 500)
    ):
        wild = frozenset(
            {audit.action: str(endpoint.action.name), **_about(memory.setting, audit, exchange)}.items()
        )
        memory.notes.setdefault(WILD, deque(maxlen=MOST_NOTED)).append(wild)
    yield from ()


def _stamps(setting: Setting, exchange: Exchange) -> Mapping[str, str]:
    """Return the attribution with which a call is recorded.

    A dispatcher has its own. A REST call that makes an instance has that of the surface for which its key is
    made.
    """
    endpoint, role = exchange.call.endpoint, setting.model.auth.roles.get(exchange.call.role)
    if endpoint is None or endpoint.dispatcher is not None:
        return (
            endpoint.dispatcher.attribution
            if endpoint is not None and endpoint.dispatcher is not None
            else {}
        )
    surface = setting.model.surfaces.get((role.surface if role is not None else None) or "")
    makes = any(
        r.made_by is not None and r.made_by.action is endpoint.action
        for r in setting.model.resources.values()
    )
    moves = any(move.action is endpoint.action for r in setting.model.resources.values() for move in r.moves)
    return surface.attribution if surface is not None and makes and not moves else {}


def _about(setting: Setting, audit: Audit, exchange: Exchange) -> dict[str, str]:
    """Return the ids that a call's row must hold: of the instances in its arguments, and of the one that it
    made.
    """
    found: dict[str, str] = {}
    for member, name in audit.about.items():
        kin = _kin(setting, name)
        for param in exchange.call.endpoint.params if exchange.call.endpoint else ():
            given = exchange.input.get(str(param.name))
            if param.refers_to in kin and is_scalar(given):
                found[member] = id_text(given)
        for resource in kin.values():
            made = resource.made_by
            if (
                member not in found
                and exchange.fits
                and made
                and made.at
                and exchange.call.endpoint
                and made.action is exchange.call.endpoint.action
            ):
                body = at_path(made, exchange)
                if isinstance(body, Mapping) and resource.id_of(body) is not None:
                    found[member] = id_text(resource.id_of(body))
    return found


def _kin(setting: Setting, name: str) -> dict[str, Resource]:
    """Return the resources of the same kind: those that the same action reads, or finds if none reads
    them.
    """

    def reader(resource: Resource) -> Any:
        return (
            resource.read_by[0].action
            if resource.read_by
            else resource.found_by.action
            if resource.found_by
            else resource
        )

    resources = setting.model.resources
    return setting.compute_once(
        (NAME, name), lambda: {n: r for n, r in resources.items() if reader(r) is reader(resources[name])}
    )


def _members(setting: Setting, audit: Audit) -> frozenset[str]:
    """Return the members of a row, by the schema of the list of rows."""

    def find_members() -> frozenset[str]:
        schema = setting.resolve_schema(audit.listed_by.action.success.schema or {})
        lists = [
            setting.resolve_schema(p["items"]) for p in schema.get("properties", {}).values() if "items" in p
        ]
        return frozenset(name for item in lists for name in item.get("properties", {}))

    return setting.compute_once((NAME, "members"), find_members)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes that read the list of rows in the middle of the run and at its end."""
    del roles
    audit = setting.model.audit
    if audit is None:
        return
    covers = tuple(c.id for c in promises(setting))
    earlier: list[Row] = []
    for name, stage in (("early", EARLY), ("late", LATE)):
        yield Probe(
            f"{NAME}/{name}",
            stage,
            covers,
            1,
            partial(_run, setting, audit, earlier),
            (),
            audit.role,
        )


def _run(setting: Setting, audit: Audit, earlier: list[Row]) -> Conversation:
    action = audit.listed_by.action
    offered = setting.find_lead(str(action.name))
    endpoint = offered or Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}")
    why = "the rows of the audit"
    exchange: Exchange = yield Call(
        endpoint,
        audit.listed_by.input,
        "valid",
        why,
        role=audit.role,
        owner=audit.role,
    )
    noted: Sequence[Done] = list((yield GetNote(NAME)) or ())
    wild: set[frozenset[tuple[str, Any]]] = set((yield GetNote(WILD)) or ())
    rows = at_path(audit.listed_by, exchange) if audit.listed_by.at and exchange.success else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        for contract in {f"{NAME}/{d.endpoint.place}": None for d in noted}:
            yield judge_untested(contract, f"the audit's list could not be read: {exchange.outcome}")
        return
    since = read_time(audit, rows[-1]) if rows and _lacks_rows(audit, exchange, rows, noted) else None
    inside = [d for d in noted if since is None or d.at > since + SLACK_S]
    for contract in {
        f"{NAME}/{d.endpoint.place}": None for d in noted if since is not None and not d.at > since + SLACK_S
    }:
        yield judge_untested(contract, f"the {len(rows)} rows that are listed are all later than the call")
    yield from judge_calls(
        audit,
        [replace(d, certain=False) if frozenset(d.says.items()) in wild else d for d in inside],
        rows,
    )
    yield from judge_extra_rows(setting, audit, noted, rows, wild)
    if earlier:  # a limit of the server may put the first reading off until after the last one
        yield from judge_unchanged(audit, earlier, rows, since)
    earlier[:] = rows


def _lacks_rows(audit: Audit, exchange: Exchange, rows: list[Row], noted: Sequence[Done]) -> bool:
    """True if the log may have older rows than the listed ones.

    A list that is only as long as a usual page may still be the whole log. It is, if it goes back to the
    first call and has a row for each.
    """
    limit = next((v for v in audit.listed_by.input.values() if isinstance(v, int)), None)
    if announces_more(exchange, rows) or (limit is not None and len(rows) >= limit):
        return True
    if limit is not None or not may_go_on(exchange, rows) or not noted:
        return False
    return len(noted) > len(rows) or read_time(audit, rows[-1]) > min(done.until for done in noted)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    # below `no_crashes`, which ends the judging of a crashed call: its effects are unknown
    turn=-1,
    tools=True,
    rank=Rank.WRONG,
)


# -- rows of an audit log, and the calls that must have left them


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
