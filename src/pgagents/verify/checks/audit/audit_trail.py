"""Every successful write leaves its row in the audit: the action, the things it was about, the platform, who did it, what changed.

Calls are noted as they pass, by whichever check made them; the list of rows is read twice in a run. A row once written stays.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.http import json_bytes, text_of
from pgagents.model.contract import Contract
from pgagents.model.model import Audit, Resource, id_text, is_scalar
from pgagents.source.source import Pointer
from pgagents.verify.check.check import Check, Conversation, Judgement, Probe, judge_broken, judge_kept, judge_untested, promise, promise_at
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.wire.call import Call, GetNote
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "audit_trail"
CORRECT = ("valid", "explore", "clean")
"""A wrong call that succeeds is found by others, and what it did is nobody's promise."""
MOST_NOTED = 2_000
WILD = f"{NAME}/wild"
"""The note of calls that may have left a row though they should not have: wrong ones that succeeded, those without an answer."""
EARLY, LATE = 4, 8
SLACK_S = 5.0
APART_S = 60.0
"""Seconds that a row's time may be off: clocks differ, and a row may be written a little later."""
SHORTEST = 4
"""A value of fewer characters may stand in a row by chance."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """A successful call that must have left a row: `says` are the members the row must have, `hides` values it must not.

    It was made at `at`, and answered at `until`.
    """

    endpoint: Endpoint
    role: str
    at: float
    until: float
    says: Mapping[str, Any]
    platform: Mapping[str, str]
    hides: tuple[str, ...]
    certain: bool
    """Whether the row can be no other call's: it holds the id of a thing that we made."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each endpoint whose successes leave rows, and three about all rows."""
    audit = setting.model.audit
    if audit is None:
        return
    for endpoint in setting.endpoints:
        if _audited(audit, endpoint):
            says = f"a successful {endpoint.action.name} leaves a row in the audit: which action, about what, through which platform"
            yield promise(NAME, "", endpoint, says, audit.origin, audit.cite)
    for detail, says, origin in _general(audit):
        yield promise_at(NAME, detail, f"@{REST}", says, origin, audit.cite)


def _general(audit: Audit) -> Iterator[tuple[str, str, Pointer]]:
    yield "unchanged", "a row that was written stays as it is", audit.origin
    yield "timed", "a row tells when its call was made", audit.origin
    yield "refused", "a refused write leaves no row", audit.origin
    if audit.actor:
        yield "actor", "rows name who acted: one key as one actor, another key as another", (*audit.origin, "actor")
    if audit.diff:
        yield "diff", "rows of writes say what changed", (*audit.origin, "diff")
    if audit.never:
        yield "private", f"rows hold no {' or '.join(audit.never)} that was given", (*audit.origin, "never")


def _audited(audit: Audit, endpoint: Endpoint) -> bool:
    return endpoint.action.key and (endpoint.action.effect == "write" or endpoint.surface in audit.reads_on)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note each success that must have left a row."""
    audit, endpoint = memory.model.audit, exchange.call.endpoint
    correct = exchange.call.intent in CORRECT and not exchange.call.twist and not (endpoint is not None and endpoint.form is not None)
    if audit is not None and endpoint is not None and exchange.output is not None and correct and _audited(audit, endpoint):
        about = _about(memory.setting, audit, exchange)
        done = Done(
            endpoint,
            exchange.call.role or exchange.request.header("authorization") or "",
            exchange.sent_at,
            exchange.sent_at + exchange.seconds,
            {audit.action: str(endpoint.action.name), **about},
            {m: v for m, v in _stamps(memory.setting, exchange).items() if m in _members(memory.setting, audit)},
            tuple(text for name in audit.never if len(text := text_of(exchange.input.get(name, ""))) >= SHORTEST),
            any(memory.model.resources[audit.about[member]].made_by is not None for member in about),
        )
        memory.notes.setdefault(NAME, deque(maxlen=MOST_NOTED)).append(done)
    elif (
        audit is not None
        and endpoint is not None
        and _audited(audit, endpoint)
        and (exchange.success or exchange.error or exchange.status >= 500)
    ):
        wild = frozenset({audit.action: str(endpoint.action.name), **_about(memory.setting, audit, exchange)}.items())
        memory.notes.setdefault(WILD, deque(maxlen=MOST_NOTED)).append(wild)
    yield from ()


def _stamps(setting: Setting, exchange: Exchange) -> Mapping[str, str]:
    """What a call is recorded as: a dispatcher's attribution; of one that makes a thing that of the surface the key is made for."""
    endpoint, role = exchange.call.endpoint, setting.model.auth.roles.get(exchange.call.role)
    if endpoint is None or endpoint.dispatcher is not None:
        return endpoint.dispatcher.attribution if endpoint is not None and endpoint.dispatcher is not None else {}
    surface = setting.model.surfaces.get((role.surface if role is not None else None) or "")
    makes = any(r.made_by is not None and r.made_by.action is endpoint.action for r in setting.model.resources.values())
    moves = any(move.action is endpoint.action for r in setting.model.resources.values() for move in r.moves)
    return surface.attribution if surface is not None and makes and not moves else {}


def _about(setting: Setting, audit: Audit, exchange: Exchange) -> dict[str, str]:
    """The ids that the row of a call must hold: of what its arguments name, and of what it made."""
    found: dict[str, str] = {}
    for member, name in audit.about.items():
        kin = _kin(setting, name)
        for param in exchange.call.endpoint.params if exchange.call.endpoint else ():
            given = exchange.input.get(str(param.name))
            if param.refers_to in kin and is_scalar(given):
                found[member] = str(given)
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
    """The resources that are of the same kind of thing as this one: read, or found, by the same action."""

    def reader(resource: Resource) -> Any:
        return resource.read_by[0].action if resource.read_by else resource.found_by.action if resource.found_by else resource

    resources = setting.model.resources
    return setting.compute_once((NAME, name), lambda: {n: r for n, r in resources.items() if reader(r) is reader(resources[name])})


def _members(setting: Setting, audit: Audit) -> frozenset[str]:
    """The members that a row has, by the list's schema."""

    def named() -> frozenset[str]:
        schema = setting.named(audit.listed_by.action.success.schema or {})
        lists = [setting.named(p["items"]) for p in schema.get("properties", {}).values() if "items" in p]
        return frozenset(name for item in lists for name in item.get("properties", {}))

    return setting.compute_once((NAME, "members"), named)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """The list of rows, once in the middle of the run and once at its end."""
    del roles
    audit = setting.model.audit
    if audit is None:
        return
    covers = tuple(c.id for c in promises(setting))
    earlier: list[Row] = []
    for name, phase in (("early", EARLY), ("late", LATE)):
        covered = covers if phase == LATE else tuple(c for c in covers if f"{NAME}/unchanged" not in c)
        yield Probe(f"{NAME}/{name}", phase, covered, 1, _run(setting, audit, earlier, last=phase == LATE), (), audit.role)


def _run(setting: Setting, audit: Audit, earlier: list[Row], *, last: bool) -> Callable[[], Conversation]:
    action = audit.listed_by.action
    offered = setting.endpoint(str(action.name), REST)
    endpoint = offered or Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}")
    limit = next((v for v in audit.listed_by.input.values() if isinstance(v, int)), None)

    def run() -> Conversation:
        why = "the rows of the audit"
        exchange: Exchange = yield Call(
            endpoint, audit.listed_by.input, "valid", why, role=audit.role, owner=audit.role, surface=endpoint.surface
        )
        noted: Sequence[Done] = list((yield GetNote(NAME)) or ())
        wild: set[frozenset[tuple[str, Any]]] = set((yield GetNote(WILD)) or ())
        rows = at_path(audit.listed_by, exchange) if audit.listed_by.at and exchange.success else None
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            for contract in {f"{NAME}/{d.endpoint.place}": None for d in noted}:
                yield judge_untested(contract, f"the audit's list could not be read: {exchange.outcome}")
            return
        since = epoch(rows[-1].get(audit.at)) if rows and limit is not None and len(rows) >= limit else None
        inside = [d for d in noted if since is None or d.at > since + SLACK_S]
        for contract in {f"{NAME}/{d.endpoint.place}": None for d in noted if since is not None and not d.at > since + SLACK_S}:
            yield judge_untested(contract, f"the {len(rows)} rows that are listed are all later than the call")
        yield from _judged(audit, [replace(d, certain=False) if frozenset(d.says.items()) in wild else d for d in inside], rows)
        yield from _refused(setting, audit, noted, rows, wild)
        if last and earlier:
            yield from _unchanged(audit, earlier, rows, since)
        earlier[:] = rows

    return run


def _refused(
    setting: Setting, audit: Audit, noted: Sequence[Done], rows: Sequence[Row], wild: set[frozenset[tuple[str, Any]]]
) -> Iterator[Judgement]:
    """No row tells of a write to a thing of ours that no call of ours made.

    A dispatcher may note every call, also those that it refuses, so what came through one counts for nothing.
    """
    contract = f"{NAME}/refused@{REST}"
    made = [m for m, name in audit.about.items() if setting.model.resources[name].made_by is not None]
    ours = {(m, v) for done in noted for m, v in done.says.items() if m in made}
    writes = {str(d.action.name) for d in setting.endpoints if d.action.effect == "write" and _audited(audit, d)}
    calls = [d.says for d in noted] + [dict(w) for w in wild]
    done = {(says[audit.action], pair) for says in calls for pair in says.items()}
    unsure = {says[audit.action] for says in calls if not any(m in says for m in made)}  # nobody told us about what they were
    for row in rows:
        name, about = row.get(audit.action), [(m, row.get(m)) for m in audit.about if (m, row.get(m)) in ours]
        stamps = [{m: v for m, v in d.attribution.items() if m in row} for d in setting.model.dispatchers]
        through = any(stamp and stamp.items() <= row.items() for stamp in stamps)
        if name in writes - unsure and about and not through and not any((name, pair) in done for pair in about):
            yield judge_broken(contract, "rows of what was done", f"a row of {name} about {about[0][1]}, where {name} was only refused")
            return
    yield judge_kept(contract)


def _judged(audit: Audit, noted: Sequence[Done], rows: Sequence[Row]) -> Iterator[Judgement]:
    """Each call against a row of its own: those through a platform first, so that no other call takes their rows."""
    free: dict[str, list[Row]] = {}
    for listed in rows:
        free.setdefault(str(listed.get(audit.action)), []).append(listed)
    matched: list[tuple[Done, Row]] = []
    for done in sorted(noted, key=lambda d: (not d.platform, -len(d.says))):
        there = free.get(done.says[audit.action], [])
        fitting = [row for row in there if all(row.get(m) == v for m, v in done.says.items())]
        stamped = [row for row in fitting if all(row.get(m) == v for m, v in done.platform.items())]
        row: Row | None = min(stamped, key=lambda r: _off_s(audit, done, r), default=None)
        contract = f"{NAME}/{done.endpoint.place}"
        wanted = ", ".join(f"{m} {v}" for m, v in {**done.says, **done.platform}.items())
        if row is not None:
            there.remove(row)
            matched.append((done, row))
            yield judge_kept(contract)
        elif fitting:
            told = ", ".join(f"{m} {fitting[0].get(m)}" for m in done.platform)
            yield judge_broken(contract, f"a row with {wanted}", f"its row has {told}")
        else:
            yield judge_broken(contract, f"a row with {wanted}", f"no such row among the {len(rows)} listed")
    yield from _judge_rows(audit, matched)


def _judge_rows(audit: Audit, matched: Sequence[tuple[Done, Row]]) -> Iterator[Judgement]:
    """What the rows that were found say besides."""
    if audit.actor:
        yield from _actors(audit.actor, [(d, r) for d, r in matched if d.certain])
    for done, row in matched:
        if done.certain:
            contract, off_s = f"{NAME}/timed@{REST}", _off_s(audit, done, row)
            found = f"that of {done.endpoint.action.name} is {off_s:,.0f} s off: {row.get(audit.at)}"
            yield (
                judge_kept(contract)
                if off_s <= APART_S
                else judge_broken(contract, f"{audit.at} of a row is when its call was made", found)
            )
        if audit.diff and done.endpoint.action.effect == "write":
            diff = row.get(audit.diff)
            good = isinstance(diff, Mapping) and bool(diff)
            contract = f"{NAME}/diff@{REST}"
            yield (
                judge_kept(contract)
                if good
                else judge_broken(contract, f"{audit.diff} says what {done.endpoint.action.name} changed", f"it is {diff}")
            )
        open_ = {m: v for m, v in row.items() if m != audit.diff or done.endpoint.action.effect == "read"}  # a read changes nothing
        shown = "\n".join(_texts(open_)).lower()
        told = next((text for text in done.hides if text.lower() in shown), None)
        if done.hides:
            contract = f"{NAME}/private@{REST}"
            yield (
                judge_broken(contract, "no row holds it", f"the row of {done.endpoint.action.name} holds {told}")
                if told
                else judge_kept(contract)
            )


def _off_s(audit: Audit, done: Done, row: Row) -> float:
    """Seconds between a call and the time of a row; endless where that is no time."""
    at = epoch(row.get(audit.at))
    return math.inf if math.isnan(at) else max(0.0, done.at - at, at - done.until)


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in a value."""
    if isinstance(value, Mapping | list):
        for member in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(member)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield text_of(value)


def _actors(member: str, matched: Sequence[tuple[Done, Row]]) -> Iterator[Judgement]:
    """One actor for each key. Only rows that are certain to be a call's own count: they hold the id of a thing of ours."""
    contract = f"{NAME}/actor@{REST}"
    by_role: dict[str, set[str | None]] = {}
    for done, row in matched:
        if done.endpoint.action.effect == "write":
            actor = row.get(member)
            by_role.setdefault(done.role, set()).add(actor if isinstance(actor, str) and actor else None)
    for role, actors in by_role.items():
        others = {a for r, several in by_role.items() if r != role for a in several}
        if None in actors or len(actors) > 1:
            yield judge_broken(
                contract, f"{member} is one and the same in all rows of one key", f"it is {' and '.join(sorted(map(str, actors)))}"
            )
        elif actors & others:
            yield judge_broken(contract, f"{member} tells keys apart", f"it is {actors.pop()} for two keys")
        else:
            yield judge_kept(contract)


def _unchanged(audit: Audit, earlier: Sequence[Row], rows: Sequence[Row], since: float | None) -> Iterator[Judgement]:
    """Rows that were listed before are listed again, word for word. Retention may have blanked the actor and the diff."""
    contract = f"{NAME}/unchanged@{REST}"
    exactly = {json_bytes(row) for row in rows}
    for row in earlier:
        listed = since is None or epoch(row.get(audit.at)) > since
        if listed and json_bytes(row) not in exactly and not any(_blanked(audit, row, later) for later in rows):
            what = f"the row of {row.get(audit.action)} of {row.get(audit.at)} is not"
            yield judge_broken(contract, "every row that was listed before is there as it was", what)
            return
    yield judge_kept(contract)


def _blanked(audit: Audit, row: Row, later: Row) -> bool:
    """Whether it is the same row, but for what retention took out."""
    return all(later.get(m) == v or (later.get(m) is None and m in (audit.actor, audit.diff)) for m, v in row.items())


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    # before `no_crashes`, which ends the judging of a crash: what a crashed call did is not known
    rank=-1,
    tools=True,
)
