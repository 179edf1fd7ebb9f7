"""Tell which values of an older answer must still be true, and which a server may change by itself.

A catalogue declares its jobs. A document's jobs are known by their answers: a state such as `running`, a 202,
or a member that is null at first. A job changes no value that a client sent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.base.jsonschema.schema import find_keyword
from pgagents.base.text import is_masked, plain_word, split_words
from pgagents.catalogue.model.action import Job, Param
from pgagents.catalogue.model.answers import retry_after_s
from pgagents.catalogue.model.resource import Resource, is_scalar
from pgagents.verify.answers.observation import VERSION, list_members
from pgagents.verify.answers.representations import (
    Representation,
    ShownInstance,
    ShownInstances,
    find_lasting,
    kind_of,
    list_alike,
    list_common,
    represent,
)
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.instance import is_double
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MOMENT, LASTING = 50, 2_000
"""The requests for which a volatile value, and a lasting one, is compared with others.

Seconds would make the verdict depend on the machine's speed.
"""
SOON_S = 2.0
"""The seconds between two answers in which nothing is expected to expire: holds live for minutes."""
SAME_S = 1.0
"""Times that differ by less, in seconds, are the same."""


def list_standing(setting: Setting, old: ShownInstance, new: ShownInstance) -> list[str]:
    """Return the members in both representations whose older value must still be the same."""
    lasts = old.representation.makes or new.number - old.number < LASTING
    stays = setting.exclusive and old.written == new.written and new.number - old.number < MOMENT
    if not lasts and not stays:
        return []
    common, lasting, passing = _list_compared(setting, old.representation, new.representation)
    kind = old.representation.kind
    if stays and (timed := _list_timed(setting, kind, soon=new.at - old.at < SOON_S)):
        # the time of a state or a hold may come within any number of requests
        common = tuple(name for name in common if name not in timed or name in lasting)
        passing = tuple(name for name in passing if name not in timed)
    if new.changing:  # RFC 9110, 15.3.3: not done yet
        return [name for name in lasting if name in _list_fixed(setting, kind)] if lasts else []
    if shows_guessed_job(setting, kind, old.body, new.body, accepted=old.accepted):
        stated = list_stated(setting, kind, old.body)
        common, lasting, passing = (
            tuple(name for name in names if name in stated) for names in (common, lasting, passing)
        )
    elif _is_at_work(setting, old) or _is_filled(old, new, passing):
        fixed = _list_fixed(setting, kind)
        stays, lasting = False, tuple(name for name in lasting if name in fixed)
        if not lasts:
            return []
    names = common if lasts and stays else lasting if lasts else passing
    there = [n for n in names if n in old.body and n in new.body]
    if setting.model.leaves_open:
        there = [n for n in there if not _is_withheld(n, old.body[n], new.body[n])]
    return (
        [n for n in there if not _is_personal(setting, old, n)]
        if _may_be_forgotten(setting, new.at - old.at)
        else there
    )


def _list_timed(setting: Setting, kind: str, *, soon: bool) -> frozenset[str]:
    """Return the members of this kind that change as time passes: states, and counters of what expires unless
    the answers are `soon` one after the other.
    """

    def find() -> frozenset[str]:
        states = {r.state for r in list_alike(setting, kind) if r.moves_by_time and r.state}
        resources = setting.model.resources
        taking = [r for r in resources.values() if (r.expires_by or r.moves_by_time) and not soon]
        taken = (r.takes for r in taking if r.takes and kind_of(setting, resources[r.takes.of]) == kind)
        return frozenset(states | {takes.counter for takes in taken})

    return setting.compute_once(("standing", "timed", kind, soon), find)


_SECRET = frozenset(("key", "secret", "token", "password", "credential", "credentials", "passphrase"))


def _is_withheld(member: str, one: Any, other: Any) -> bool:
    """True for a secret that one of two answers leaves empty or masks, as lists do. No document says so."""
    blank = any(value is None or (isinstance(value, str) and is_masked(value)) for value in (one, other))
    return blank and not _SECRET.isdisjoint(split_words(member))


# -- jobs, which a catalogue declares


def _is_at_work(setting: Setting, old: ShownInstance) -> bool:
    """True if the server was still at work on the instance, whose members may change without a call."""
    jobs = _list_jobs(setting, old.representation.kind)
    return old.accepted or (bool(jobs) and not any(old.body.get(job.state) in job.ends for job in jobs))


def _list_jobs(setting: Setting, kind: str) -> tuple[Job, ...]:
    """Return the declared jobs whose progress instances of this kind show."""

    def find() -> tuple[Job, ...]:
        jobs = (action.job for action in setting.model.actions if action.job is not None)
        return tuple(j for j in jobs if kind_of(setting, setting.model.resources[j.resource]) == kind)

    return setting.compute_once(("jobs", kind), find)


def _is_filled(old: ShownInstance, new: ShownInstance, passing: tuple[str, ...]) -> bool:
    """True if the answer that made an instance left a member null that has a value now."""
    return old.representation.makes and any(
        old.body.get(n, "") is None and new.body.get(n) is not None for n in passing
    )


def _is_guessed(setting: Setting, kind: str) -> bool:
    """True if a call that makes, reads or lists an instance of this kind was inferred."""

    def find() -> bool:
        return any(r.is_seen_by_guess for r in list_alike(setting, kind))

    return setting.compute_once(("comparable", "guessed", kind), find)


def _list_fixed(setting: Setting, kind: str) -> frozenset[str]:
    """Return the members of this kind that the catalogue says never change."""

    def find() -> frozenset[str]:
        return frozenset(member for r in list_alike(setting, kind) for member in r.fixed)

    return setting.compute_once(("comparable", "fixed", kind), find)


# -- jobs, which a document shows by its answers alone


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORKING = _words("""
accepted_for_processing awaiting building calculating computing converting creating deleting deploying
downloading encoding enqueued executing exporting generating importing in_progress in_queue indexing
initializing installing migrating not_started pending preparing processing provisioning queued rendering
requested restoring retrying running scanning scheduled started starting stopping submitted syncing testing
training transcoding transcribing updating uploading validating verifying waiting working
""")
"""States in which a server is at work."""
DONE = _words("""
complete completed done error errored failed failure finished partially_succeeded processed ready succeeded
success successful
""")
"""States that a server reaches by itself, by its work."""
ENDED = DONE | _words("aborted canceled cancelled expired skipped stopped terminated timed_out timeout")
"""States that stay."""
REMOVED = _words("""
archived canceled cancelled closed deactivated deleted destroyed disabled ended expired inactive purged
removed revoked stopped terminated trashed voided withdrawn
""")
"""States in which a server keeps what was removed."""
REMOVED_AT = frozenset(
    f"{word}at" for word in ("archived", "canceled", "cancelled", "deleted", "removed", "revoked")
)
"""Plain names of members with the time of a removal."""
MOST_STATE = 40
"""The most characters of a text that is compared with a state."""
_GAP = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def shows_guessed_job(
    setting: Setting, kind: str, old: Mapping[str, Any], new: Mapping[str, Any], *, accepted: bool
) -> bool:
    """True if the server may have been at work on an instance of an inferred kind when it answered `old`.

    `accepted` says that this answer was a 202. A member that was null and is not in `new` shows it too, if no
    client sent it.
    """
    if _list_jobs(setting, kind) or not _is_guessed(setting, kind):
        return False
    clients = _list_set_by_clients(setting, kind)
    if accepted or any(old.get(n, "") is None and new.get(n) is not None for n in old if n not in clients):
        return True
    states = [(name, state) for name, state in _list_states(old) if name not in clients]
    of_job = _list_job_states(setting, kind)
    if any(state in WORKING or state in of_job.get(name, frozenset()) - ENDED for name, state in states):
        return True
    ended = any(state in ENDED for _, state in states)
    return begins_by_202(list_alike(setting, kind)) and not ended and _may_be_unfilled(setting, kind, old)


def find_removed_state(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return how an instance says that it was removed, such as `expired` or `deleted_at`; else an empty text.

    A word that it said before its removal says nothing.
    """
    said = set(_list_states(before))
    states = (state for name, state in _list_states(after) if state in REMOVED and (name, state) not in said)
    times = (n for n, v in after.items() if plain_word(n) in REMOVED_AT and v and not before.get(n))
    return next(states, "") or next(times, "")


def _list_states(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of an instance, and of the objects in it, in the form of the words above."""
    for name, value in body.items():
        inner = value.items() if isinstance(value, Mapping) else ((name, value),)
        yield from ((name, _plain(text)) for _, text in inner if isinstance(text, str))


def _plain(text: str) -> str:
    return _join_words(text[:MOST_STATE])


@lru_cache(maxsize=4096)
def _join_words(text: str) -> str:
    return _GAP.sub("_", _HUMP.sub("_", text).lower()).strip("_")


def _list_sent(setting: Setting, kind: str) -> frozenset[str]:
    """Return the members that a client sends when it makes an instance of this kind."""

    def find() -> frozenset[str]:
        makers = [r.made_by.action for r in list_alike(setting, kind) if r.made_by is not None]
        return frozenset(name for a in makers for p in a.params for name in (str(p.name), p.wire) if name)

    return setting.compute_once(("standing", "sent", kind), find)


def _list_set_by_clients(setting: Setting, kind: str) -> frozenset[str]:
    """Return the members that a client sends, when it makes an instance or later.

    An argument whose values are not the end of a job, such as `canceled` alone, leaves the member to the
    server.
    """

    def find() -> frozenset[str]:
        names = {r.name for r in list_alike(setting, kind)}
        changers = [
            action
            for action in setting.model.actions
            if action.effect == "write" and any(p.refers_to in names for p in action.params)
        ]
        settable = [p for action in changers for p in action.params if _may_end(setting, p)]
        return _list_sent(setting, kind) | {n for p in settable for n in (str(p.name), p.wire) if n}

    return setting.compute_once(("standing", "clients", kind), find)


def _may_end(setting: Setting, param: Param) -> bool:
    values = find_keyword(param.schema, "enum", setting.model.schemas)
    return not values or any(isinstance(value, str) and _plain(value) in DONE for value in values)


def list_stated(setting: Setting, kind: str, old: Mapping[str, Any]) -> frozenset[str]:
    """Return the members that no work of a server changes: fixed ones, and what a client sent in the create.

    A state is none of them, nor is a member that had no value.
    """
    states = {name for name, state in _list_states(old) if state in WORKING | ENDED}
    sent = (n for n in _list_sent(setting, kind) if n not in states and old.get(n) is not None)
    return frozenset(sent) | _list_fixed(setting, kind)


def _list_job_states(setting: Setting, kind: str) -> Mapping[str, frozenset[str]]:
    """Return the members whose declared values are the states of a job, with these values.

    A job reaches one of them by itself. Where an action leads to it, it is not a job's.
    """

    def find() -> Mapping[str, frozenset[str]]:
        alike = list_alike(setting, kind)
        moved = {_plain(move.to) for r in alike for move in r.moves}
        calls = (call for r in alike for call in (r.made_by, *r.read_by, *r.listed_by) if call is not None)
        actions = sorted({str(call.action.name) for call in calls})
        states: dict[str, frozenset[str]] = {}
        for shown in (shown for action in actions for shown in represent(setting, action)):
            for name, words in shown.words.items() if shown.kind == kind else ():
                values = json.loads(words).get("enum") or ()
                plain = frozenset(_plain(value) for value in values if isinstance(value, str))
                if plain & DONE - moved:
                    states[name] = plain
        return states

    return setting.compute_once(("standing", "states", kind), find)


def begins_by_202(alike: Iterable[Resource]) -> bool:
    """True if every create of these resources is only accepted."""
    made = [r.made_by for r in alike if r.made_by is not None]
    return bool(made) and all(call.action.success.status == ACCEPTED for call in made)


def _may_be_unfilled(setting: Setting, kind: str, body: Mapping[str, Any]) -> bool:
    """True if a member is null that the server will fill in, or if no member ever is."""
    sent = _list_sent(setting, kind)
    if any(value is None for name, value in body.items() if name not in sent):
        return True
    makers = [str(r.made_by.action.name) for r in list_alike(setting, kind) if r.made_by is not None]
    shown = [s for maker in makers for s in represent(setting, maker) if s.kind == kind]
    return not any('"null"' in words for s in shown for name, words in s.words.items() if name not in sent)


# -- values that are compared


def _list_compared(setting: Setting, old: Representation, new: Representation) -> tuple[tuple[str, ...], ...]:
    """Return the common members of two representations: all of them, those that last, and the others.

    Computed once for each pair. The catalogue keeps its representations alive, so their `id()` can be a key.
    """

    def find() -> tuple[tuple[str, ...], ...]:
        common, lasting = list_common(setting, new, old), find_lasting(setting, old)
        return (
            common,
            tuple(n for n in common if n in lasting),
            tuple(n for n in common if n not in lasting),
        )

    return setting.compute_once(("compared members", id(old), id(new)), find)


def _may_be_forgotten(setting: Setting, seconds: float) -> bool:
    """True if retention may have removed personal data from an answer after so many seconds."""
    least = setting.compute_once(
        "least retention",
        lambda: min((r.after_s for r in (setting.model.retention or {}).values()), default=math.inf),
    )
    return seconds >= least


def _is_personal(setting: Setting, old: ShownInstance, member: str) -> bool:
    return member in setting.model.private or isinstance(old.body[member], Mapping)


def is_equal(a: Any, b: Any) -> bool:
    """True if two values are equal. Times are compared by the second, as their zone and fraction may differ.

    Objects must have the same members, and lists the same items in the same order.
    """
    if isinstance(a, str) and isinstance(b, str):
        return a == b or _is_same_time(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(is_equal(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(is_equal, a, b))
    return bool(a == b)


def _is_same_time(a: str, b: str) -> bool:
    apart = abs(epoch(a) - epoch(b))
    return math.isfinite(apart) and apart < SAME_S


def is_same(a: Any, b: Any) -> bool:
    """True if two values mean the same: times by the second, lists in any order, an id as what it names."""
    if type(a) is type(b) and a == b:
        return True
    if isinstance(a, str) and isinstance(b, str):
        return _is_same_time(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return all(is_same(a[name], b[name]) for name in a.keys() & b.keys())
    if isinstance(a, list) and isinstance(b, list):
        in_turn = len(a) == len(b) and all(map(is_same, a, b))  # each item may show less in a list
        return in_turn or sorted(map(repr, a)) == sorted(map(repr, b))
    if isinstance(a, Mapping) or isinstance(b, Mapping):
        # an id, and what it names, as Stripe's `expand` shows
        whole, id = (a, b) if isinstance(a, Mapping) else (b, a)
        return is_scalar(id) and any(is_scalar(value) and value == id for value in whole.values())
    return bool(a == b)


# -- instances that a list may leave out until somebody publishes them

_UNSHOWN = _words("""
awaiting_approval awaiting_moderation awaiting_review deactivated disabled draft hidden in_moderation
in_review inactive invited pending private unapproved unconfirmed unlisted unpublished unverified
""")
_SHOWN = frozenset(("active", "approved", "confirmed", "enabled", "listed", "public", "published", "visible"))


def may_be_unshown(endpoint: Endpoint, body: Mapping[str, Any]) -> bool:
    """True if a document's list may leave out an instance: by the default of a filter, or by its state."""
    defaults = {p.wire: p.schema["default"] for p in endpoint.known_params if "default" in p.schema}
    return (
        any(name in body and body[name] != value for name, value in defaults.items())
        or any(state in _UNSHOWN for _, state in _list_states(body))
        or any(
            value is False and plain_word(name).removeprefix("is") in _SHOWN for name, value in body.items()
        )
    )


# -- members that a server may change whenever it answers, such as `last_seen_at` or `views`

LONG = 16
"""The characters of a text that may be made anew for each answer."""
DIGITS, CENT = 1e-6, 0.005
"""The part of a number that a float of 32 bits loses, and what rounding to cents loses."""
NOW_S = 2.0
"""The seconds around an answer's own time within which a time in it may be that of the answer."""


def note_steadiness(facts: ShownInstances, old: ShownInstance, new: ShownInstance, told_at: float) -> None:
    """Note which members two answers of one action, with no write between them, show alike.

    A time that is the answer's own, by the server's clock `told_at`, is not known to stay.
    """
    kind, action = new.representation.kind, new.representation.action
    for name in old.body.keys() & new.body.keys() if old.written == new.written else ():
        if not is_same(old.body[name], new.body[name]):
            facts.moving.add((kind, name))
        elif not is_now(new.body[name], told_at):
            facts.steady.add((kind, action, name))


def list_steady(
    setting: Setting, facts: ShownInstances, old: ShownInstance, new: ShownInstance, names: Iterable[str]
) -> list[str]:
    """Return the members of two answers that do not change by themselves.

    A document does not say which do. So a member that no client sends must have stayed in two answers of each
    of the two actions, if its value may be a counter, a time or a text for one answer. Nor does it say how
    many digits of a number are kept.
    """
    kind = new.representation.kind
    if not _is_guessed(setting, kind):
        return list(names)
    known = _list_set_by_clients(setting, kind) | _list_fixed(setting, kind)
    reads = [r.action for r in (old.representation, new.representation) if not r.makes]
    return [
        name
        for name in names
        if not _is_rounded(old.body[name], new.body[name])
        if name in known
        or not _may_move(old.body[name], new.body[name])
        or ((kind, name) not in facts.moving and all((kind, read, name) in facts.steady for read in reads))
    ]


def _is_rounded(one: Any, other: Any) -> bool:
    """True for numbers that a column of SQL makes equal, a `REAL` or a `DECIMAL(10, 2)`: the answer to a
    create may show one before it is stored.
    """
    numbers = is_double(one) and is_double(other)
    split = numbers and float in (type(one), type(other)) and one != other
    return split and math.isclose(one, other, rel_tol=DIGITS, abs_tol=CENT)


def _may_move(old: Any, new: Any) -> bool:
    """True for a number that grew, a fraction, a time and a long text, such as a signed address."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return any(_may_move(old[n], new[n]) for n in old.keys() & new.keys() if old[n] != new[n])
    if isinstance(old, list) and isinstance(new, list):
        return any(_may_move(a, b) for a, b in zip(old, new, strict=False) if a != b)
    if isinstance(old, str) and isinstance(new, str):
        return min(len(old), len(new)) >= LONG or math.isfinite(epoch(new))
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    return numbers and (isinstance(new, float) or (new > old and not isinstance(new, bool)))


def tell_time(exchange: Exchange) -> float:
    """Return when an answer was given by the server's clock, in epoch seconds; without one by ours."""
    told = retry_after_s(exchange.header("Date"), 0.0)
    return told if told is not None else exchange.sent_at


def is_now(value: Any, told_at: float) -> bool:
    """True for a text with the time `told_at`, in epoch seconds."""
    return isinstance(value, str) and abs(epoch(value) - told_at) < NOW_S


# -- what a server may change by itself in anybody's instance, of which nothing but two bodies is known

Change = tuple[str, Any, Any]
"""A member of an instance with its older value and its present one."""
_BY_TIME = frozenset(("expired", "ended", "closed", "inactive", "stopped", "disabled"))
"""States that an instance may reach when time passes."""
_MORTAL = re.compile(r"expir|valid_?(?:until|to)|ttl|(?:^|_)ends?(?:_|$)|until", re.I)
"""Names of members with the time at which an instance goes by itself."""
_TIME = re.compile(r"\b(?:ago|just now|yesterday|today|tomorrow)\b|\bin \d|\d{4}-\d\d-\d\d|\d\d?:\d\d", re.I)
_DIGITS = re.compile(r"[\d.,]+")


def is_mortal(resource: Resource, body: Mapping[str, Any]) -> bool:
    """True if an instance may go when time passes."""
    told = (value for name, value in body.items() if name == resource.expires_by or _MORTAL.search(name))
    return bool(resource.moves_by_time) or any(value is not None for value in told)


def list_firm_changes(
    setting: Setting, resource: Resource, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    """Return the members with a value that a client could have sent, instead of the older one, and the flags
    that say that a row was removed.
    """
    settable = _list_set_by_clients(setting, kind_of(setting, resource))
    found = [
        (path, was, now)
        for path, was, now in list_seen_changes(resource, before, after)
        if (path.partition(".")[0] in settable and _is_firm(was, now)) or _says_removed(path, was, now)
    ]
    removed = find_removed_state(before, after)
    if removed and removed not in _BY_TIME and not found:
        return [(removed, None, True)] if removed in after else [("state", None, removed)]
    return found


def list_seen_changes(
    resource: Resource, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    """Return the members with another value, but for numbers, times, versions and what is under way."""
    passing = {*resource.volatile, *resource.reads_change, *resource.ids, resource.expires_by}
    now = dict(list_members(after))
    return [
        (path, value, now[path])
        for path, value in list_members(before)
        if path in now and path.partition(".")[0] not in passing
        if not VERSION.search(path) and (_is_firm(value, now[path]) or _is_closed(value, now[path]))
    ]


def list_moved_numbers(
    setting: Setting, resource: Resource, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    """Return the members with another number that a client could have sent: the rank of a row that another
    was put before.
    """
    settable, now = _list_set_by_clients(setting, kind_of(setting, resource)), dict(list_members(after))
    passing = {*resource.volatile, *resource.reads_change, *resource.ids, resource.expires_by}
    return [
        (path, was, now[path])
        for path, was in list_members(before)
        if path.partition(".")[0] in settable - passing and not VERSION.search(path)
        if {type(was), type(now.get(path))} <= {int, float} and was != now[path]
    ]


def _says_removed(path: str, before: Any, after: Any) -> bool:
    """True if a flag such as `revoked` or `is_deleted` is set now."""
    word = split_words(path.rpartition(".")[2])[-1:]
    return (before, after) == (False, True) and bool(REMOVED.difference(_BY_TIME).intersection(word))


def _is_closed(before: Any, after: Any) -> bool:
    """True if what was not at work is at an end, as a ticket by a reply."""
    if not isinstance(before, str) or not isinstance(after, str) or before == after:
        return False
    return before.lower() not in WORKING | DONE | _BY_TIME and after.lower() in DONE | _BY_TIME


def _is_firm(before: Any, after: Any) -> bool:
    """True if a value changed in another way than numbers, times, states of jobs and growing lists do."""
    if isinstance(before, list) and isinstance(after, list):
        return any(isinstance(item, str) and item not in after for item in before)
    if type(before) is int and before and after is None:
        return True  # a seat or a number that another took over; what counts becomes zero
    if before == after or any(
        isinstance(v, Mapping | list | float) or type(v) is int for v in (before, after)
    ):
        return False
    texts = [value for value in (before, after) if isinstance(value, str)]
    if any(_TIME.search(text) or text.lower() in WORKING | DONE | _BY_TIME for text in texts):
        return False
    return len(texts) < 2 or _DIGITS.sub("", texts[0]) != _DIGITS.sub("", texts[1])
