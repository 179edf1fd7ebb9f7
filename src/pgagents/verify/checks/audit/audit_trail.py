"""Every successful write leaves one row in the audit log: action, resource, platform, actor, time and
changes.

Successful calls of all checks are noted. The log (`audit.listed_by`) is read in the middle of the run and at
its end, and each call is matched with a row of its own. Rows stay unchanged and hold no private values (the
members that `audit.never` names).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.base.http import json_bytes, text_of
from pgagents.base.places import Pointer, list_leaves
from pgagents.catalogue.model.identity import find_proof
from pgagents.catalogue.model.model import Audit
from pgagents.catalogue.model.resource import Resource, id_text, is_scalar
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.target import is_move
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.lists import announces_more, may_go_on
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, GetNote, Sleep
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

CORRECT = ("valid", "explore", "clean")
"""The intents of valid calls.

If an invalid call succeeds, other checks find that; no row is promised for it.
"""
MOST_NOTED = 2_000
"""The most calls that are compared with the rows: each is compared with those of its action."""
DONE, WILD = "audit_trail/done", "audit_trail/wild"
"""The notes of calls that must have left a row, and of those that may have left one which is not promised.

The latter are accepted invalid calls, and unanswered calls.
"""
EARLY, LATE = 4, 8
SLACK_S = 5.0
"""Seconds by which a call must be later than the oldest listed row: clocks differ."""
LAG_S = 5.0
"""Seconds after which the rows are read again where one is missing: a queue may write them."""
SHORTEST = 4
"""Length (characters) from which a value is searched for in rows; shorter ones stand there by chance."""
Trials = Mapping[str, Trial]
"""The trials of calls by the endpoint's place, and of rules about all rows by the rule's name."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint whose successes leave rows, and several about all rows. Two probes read
    the list of rows, in the middle of the run and at its end.
    """
    del roles
    audit = setting.model.audit
    if audit is None:
        return
    earlier: list[Row] = []
    early, late = (
        Attempt(
            together=partial(_try, audit, earlier),
            stage=stage,
            role=audit.role,
            writes=False,
            endpoints=(),
            probe=f"audit_trail/{name}",
        )
        for name, stage in (("early", EARLY), ("late", LATE))
    )
    for endpoint in setting.endpoints:
        if _is_audited(audit, endpoint):
            says = (
                f"a successful {endpoint.action.name} leaves a row in the audit: which action, about "
                "what, through which platform"
            )
            yield Case(endpoint, says, audit.origin, early, cite=audit.cite, further=(late,))
    for detail, says, origin in _list_rules(audit):
        yield Case(None, says, origin, early, detail, audit.cite, place=f"@{REST}", further=(late,))


def _list_rules(audit: Audit) -> Iterator[tuple[str, str, Pointer]]:
    yield "unchanged", "a row that was written stays as it is", audit.origin
    yield "timed", "a row states when its call was made", audit.origin
    if audit.actor:
        says = "rows name who acted: one key as one actor, another key as another"
        yield "actor", says, (*audit.origin, "actor")
    if audit.diff:
        yield "diff", "rows of writes say what changed", (*audit.origin, "diff")
    if audit.never:
        yield "private", f"rows hold no {' or '.join(audit.never)} that was given", (*audit.origin, "never")


def watch(exchange: Exchange, memory: Memory) -> Iterable[Judgement]:
    """Note each success that must have left a row, and each other call that may have left one. Judge none."""
    audit, endpoint, setting = memory.model.audit, exchange.call.endpoint, memory.setting
    if audit is None or endpoint is None or not _is_audited(audit, endpoint):
        return ()
    about = _find_subjects(setting, audit, exchange)
    says = {audit.action: str(endpoint.action.name), **about}
    promised = CHECK.find_trial(setting, endpoint.place) is not None and exchange.output is not None
    if promised and exchange.call.intent in CORRECT and not exchange.call.twist:
        members = _list_members(setting, audit)
        private = (text_of(exchange.input.get(name, "")) for name in audit.never)
        done = Done(
            endpoint,
            exchange.call.role or find_proof(memory.model, exchange.request),
            exchange.sent_at,
            exchange.answered_at,
            says,
            {member: value for member, value in _find_stamps(setting, exchange).items() if member in members},
            tuple(text for text in private if len(text) >= SHORTEST),
            any(memory.model.resources[audit.about[member]].made_by is not None for member in about),
        )
        memory.notes.setdefault(DONE, deque(maxlen=MOST_NOTED)).append(done)
    elif exchange.success or exchange.error or exchange.status >= 500:
        memory.notes.setdefault(WILD, deque(maxlen=MOST_NOTED)).append(frozenset(says.items()))
    return ()


def _is_audited(audit: Audit, endpoint: Endpoint) -> bool:
    """True if every successful call of an endpoint must leave a row: of a write, and of a read on a surface
    that `audit.reads_on` names.
    """
    return endpoint.action.key and (endpoint.action.effect == "write" or endpoint.surface in audit.reads_on)


def _find_stamps(setting: Setting, exchange: Exchange) -> Mapping[str, str]:
    """Return the attribution with which a call is recorded.

    A dispatcher has its own. A REST call that makes an instance has that of the surface for which its key is
    made: Park Graph promises no more of other calls.
    """
    endpoint, role = exchange.call.endpoint, setting.model.auth.roles.get(exchange.call.role)
    if endpoint is None:
        return {}
    if endpoint.dispatcher is not None:
        return endpoint.dispatcher.attribution
    surface = setting.model.surfaces.get((role.surface if role is not None else None) or "")
    makes = any(
        r.made_by is not None and r.made_by.action is endpoint.action
        for r in setting.model.resources.values()
    )
    moves = is_move(setting.model, endpoint.action)
    return surface.attribution if surface is not None and makes and not moves else {}


def _find_subjects(setting: Setting, audit: Audit, exchange: Exchange) -> dict[str, str]:
    """Return the ids that a call's row must hold: of the instances in its arguments, and of the one that it
    made.
    """
    ids: dict[str, str] = {}
    for member, name in audit.about.items():
        kin = _list_kin(setting, name)
        for param in exchange.call.endpoint.params if exchange.call.endpoint else ():
            value = exchange.input.get(str(param.name))
            if param.refers_to in kin and is_scalar(value):
                ids[member] = id_text(value)
        for resource in kin.values():
            made = resource.made_by
            if (
                member not in ids
                and exchange.fits
                and made
                and made.at
                and exchange.call.endpoint
                and made.action is exchange.call.endpoint.action
            ):
                body = at_path(made, exchange)
                if isinstance(body, Mapping) and resource.id_of(body) is not None:
                    ids[member] = id_text(resource.id_of(body))
    return ids


def _list_kin(setting: Setting, name: str) -> dict[str, Resource]:
    """Return the resources of the same kind: those that the same action reads, or finds if none reads
    them. Park Graph's `day_session` is a session, and its rows have a session's id.
    """

    def find_reader(resource: Resource) -> Any:
        calls = [*resource.read_by[:1], resource.found_by]
        return calls[0].action if calls[0] is not None else resource

    def list_kin() -> dict[str, Resource]:
        resources = setting.model.resources
        own = find_reader(resources[name])
        return {other: each for other, each in resources.items() if find_reader(each) is own}

    return setting.compute_once(("audit_trail", "kin", name), list_kin)


def _list_members(setting: Setting, audit: Audit) -> frozenset[str]:
    """Return the members of a row, by the schema of the list of rows."""

    def find_members() -> frozenset[str]:
        schema = setting.resolve_schema(audit.listed_by.action.success.schema or {})
        lists = [
            setting.resolve_schema(p["items"]) for p in schema.get("properties", {}).values() if "items" in p
        ]
        return frozenset(name for item in lists for name in item.get("properties", {}))

    return setting.compute_once(("audit_trail", "members"), find_members)


def _try(audit: Audit, earlier: list[Row], trials: Sequence[Trial]) -> None:
    setting, listed = trials[0].setting, audit.listed_by
    by_name = {trial.case.detail or trial.endpoint.place: trial for trial in trials}
    action = listed.action
    offered = setting.find_lead(str(action.name))
    endpoint = offered or Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}")
    why = "the rows of the audit"
    listing = Call(endpoint, listed.input, "valid", why, role=audit.role, owner=audit.role)
    answer = ask(listing)
    noted: Sequence[Done] = list(ask(GetNote(DONE)) or ())
    wild: set[frozenset[tuple[str, Any]]] = set(ask(GetNote(WILD)) or ())
    calls = [replace(d, certain=False) if frozenset(d.says.items()) in wild else d for d in noted]
    judged, rows, since = _judge_rows(audit, by_name, answer, calls)
    if any(each.verdict is Verdict.BROKEN for each in judged):
        ask(Sleep(LAG_S, quiet=True))
        answer = ask(listing)
        judged, rows, since = _judge_rows(audit, by_name, answer, calls)
    conclude(judged)
    if rows is None:
        return
    if earlier:  # a limit of the server may put the first reading off until after the last one
        conclude(_judge_unchanged(audit, by_name["unchanged"], earlier, rows, since))
    earlier[:] = rows


def _judge_rows(
    audit: Audit, by_name: Trials, answer: Exchange, noted: Sequence[Done]
) -> tuple[list[Judgement], list[Row] | None, float | None]:
    """Judge the calls by the listed rows. Return these, or None if they could not be read, and the time of
    the oldest if there may be more.
    """
    rows = at_path(audit.listed_by, answer) if audit.listed_by.at and answer.success else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        reason = f"the audit's list could not be read: {answer.outcome}"
        return (
            [by_name[place].untested(reason) for place in {d.endpoint.place: None for d in noted}],
            None,
            None,
        )
    inside, since, side = list(noted), None, "later"
    if rows and _lacks_rows(audit, answer, rows, noted):
        first, last = (read_time(audit, row) for row in (rows[0], rows[-1]))
        if first < last:  # the oldest row comes first, and later ones are on a further page
            inside, side = [done for done in noted if done.until < last - SLACK_S], "earlier"
        else:
            since = last if first > last else math.inf  # of equal times nobody knows which are left out
            inside = [done for done in noted if done.at > since + SLACK_S]
    listed = set(map(id, inside))
    outside = (done for done in noted if id(done) not in listed)
    reason = f"the {len(rows)} rows that are listed are all {side} than the call"
    judged = [by_name[place].untested(reason) for place in {done.endpoint.place: None for done in outside}]
    return [*judged, *judge_calls(audit, by_name, inside, rows)], rows, since


def _lacks_rows(audit: Audit, exchange: Exchange, rows: list[Row], noted: Sequence[Done]) -> bool:
    """True if the log may have older rows than the listed ones.

    A list that is only as long as a usual page may still be the whole log. It is, if it goes back to the
    first call and has a row for each. A row that a later page may have is not missing.
    """
    limit = next((value for value in audit.listed_by.input.values() if isinstance(value, int)), None)
    if announces_more(exchange, rows) or (limit is not None and len(rows) >= limit):
        return True
    if limit is not None or not may_go_on(exchange, rows) or not noted:
        return False
    return len(noted) > len(rows) or read_time(audit, rows[-1]) > min(done.until for done in noted)


CHECK = make_check(
    "audit_trail",
    __doc__,
    cases,
    watch=watch,
    # below `no_crashes`, which ends the judging of a crashed call: its effects are unknown
    turn=-1,
    tools=True,
    rank=Rank.WRONG,
)


# -- rows of an audit log, and the calls that must have left them


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


def read_time(audit: Audit, row: Row) -> float:
    """Return the time of a row in seconds since 1970; NaN if it has none.

    A time is a text of RFC 3339 or a number, as of JavaScript's `Date.now()`. Only the size of a number tells
    seconds from milliseconds, and these from microseconds and nanoseconds, as of Go's `UnixMicro` and
    `UnixNano`.
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


def judge_calls(
    audit: Audit, trials: Trials, noted: Sequence[Done], rows: Sequence[Row]
) -> Iterator[Judgement]:
    """Match each call with a row of its own and judge it.

    Calls through a platform are matched first, so that no other call takes their rows. Of several rows that
    fit, as equal calls leave them, the nearest in time is a call's.
    """
    free: dict[str, list[Row]] = {}
    for listed in rows:
        free.setdefault(str(listed.get(audit.action)), []).append(listed)
    matches: list[tuple[Done, Row]] = []
    for done in sorted(noted, key=lambda d: (not d.platform, -len(d.says))):
        there = free.get(done.says[audit.action], [])
        fitting = [row for row in there if all(_text_in(row, m) == v for m, v in done.says.items())]
        stamped = [row for row in fitting if all(row.get(m) == v for m, v in done.platform.items())]
        row: Row | None = min(stamped, key=lambda r: _off_s(audit, done, r), default=None)
        trial = trials[done.endpoint.place]
        wanted = ", ".join(f"{m} {v}" for m, v in {**done.says, **done.platform}.items())
        if row is not None:
            there.remove(row)
            matches.append((done, row))
            yield trial.kept()
        elif fitting:
            platform = ", ".join(f"{m} {fitting[0].get(m)}" for m in done.platform)
            yield trial.broken(f"a row with {wanted}", f"its row has {platform}")
        else:
            actual = "no such row among the {count} listed"
            yield trial.broken(f"a row with {wanted}", actual, count=len(rows))
    if audit.actor:
        certain = [(done, row) for done, row in matches if done.certain]
        yield from _judge_actors(audit.actor, trials["actor"], certain)
    for done, row in matches:
        yield from _judge_row(audit, trials, done, row)


def _judge_row(audit: Audit, trials: Trials, done: Done, row: Row) -> Iterator[Judgement]:
    """Judge time, diff and private values of a row that was matched with a call."""
    name, effect = done.endpoint.action.name, done.endpoint.action.effect
    if done.certain:
        off_s = _off_s(audit, done, row)
        problem = "that of {action} is {off_s:,.0f} s off: {at}" if off_s > APART_S else ""
        values = {"action": name, "off_s": off_s, "at": row.get(audit.at)}
        yield trials["timed"].judge(f"{audit.at} of a row is when its call was made", problem, **values)
    if audit.diff and effect == "write":
        diff = row.get(audit.diff)
        problem = "" if isinstance(diff, Mapping) and diff else "it is {diff}"
        yield trials["diff"].judge(f"{audit.diff} says what {name} changed", problem, diff=diff)
    if done.hides:
        # a read changes nothing, and the digits of a time may be those of a private number by chance
        left_out = {audit.at} | ({audit.diff} if effect != "read" else set())
        shown = {member: value for member, value in row.items() if member not in left_out}
        texts = "\n".join(text_of(leaf) for leaf in list_leaves(shown) if is_scalar(leaf)).lower()
        private = next((text for text in done.hides if text.lower() in texts), "")
        problem = f"the row of {name} holds {{private}}" if private else ""
        yield trials["private"].judge("no row holds it", problem, private=private)


def _off_s(audit: Audit, done: Done, row: Row) -> float:
    """Return the seconds between a call and its row's time; infinite if the row has no valid time."""
    at = read_time(audit, row)
    return math.inf if math.isnan(at) else max(0.0, done.at - at, at - done.until)


def _judge_actors(member: str, trial: Trial, matches: Sequence[tuple[Done, Row]]) -> Iterator[Judgement]:
    """Judge that all rows of one key name the same actor, and rows of different keys different actors.

    A row counts only if it certainly belongs to its call, because it holds the id of one of our instances.
    """
    by_role: dict[str, set[str | None]] = {}
    for done, row in matches:
        if done.endpoint.action.effect == "write":
            by_role.setdefault(done.role, set()).add(_text_in(row, member) or None)
    for role, actors in by_role.items():
        others = {actor for key, several in by_role.items() if key != role for actor in several}
        if None in actors or len(actors) > 1:
            expected = f"{member} is one and the same in all rows of one key"
            yield trial.broken(expected, "it is {actors}", actors=" and ".join(sorted(map(str, actors))))
        elif actors & others:
            expected = f"{member} distinguishes keys"
            yield trial.broken(expected, "it is {actor} for two keys", actor=actors.pop())
        else:
            yield trial.kept()


def _judge_unchanged(
    audit: Audit, trial: Trial, earlier: Sequence[Row], rows: Sequence[Row], since: float | None
) -> Judgement:
    """Judge that rows listed before are listed again unchanged.

    Retention may have removed the actor and the diff, by the catalogue's `retention`, as GDPR's erasure does.
    """
    exactly = {json_bytes(row) for row in rows}
    for row in earlier:
        at = row.get(audit.at)
        listed = since is None or read_time(audit, row) > since
        same = json_bytes(row) in exactly or any(_is_same_row(audit, row, later) for later in rows)
        if listed and not same:
            actual = f"the row of {row.get(audit.action)} of {{at}} is not"
            return trial.broken("every row that was listed before is there as it was", actual, at=at)
    return trial.kept()


def _is_same_row(audit: Audit, row: Row, later: Row) -> bool:
    """True if the later row is the same, except for members that retention removes."""
    return all(
        later.get(m) == v or (later.get(m) is None and m in (audit.actor, audit.diff)) for m, v in row.items()
    )
