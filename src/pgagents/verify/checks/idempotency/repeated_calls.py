"""A call that is repeated because its answer was lost acts once, where the catalogue promises that.

Only `--lost-answers` asks for it, because it makes duplicates on purpose. Each write is sent, its answer
counts as lost, and the call is repeated twice, as hosts do it. `same_call` is the same call again.
`new_session` is the same call in another session with the MCP server. `new_key` has another idempotency key,
and then none where the key is optional, as if a model called again. `new_turn` is that in another session. A
call without a key has the first two only: a model that calls again sends the same.

The effects are read from the state of the server: instances, lists, counts, and how many instances look like
the first one. Events at the run's receiver and rows of the audit count too, if no call explains them. Numbers
of the instances that the call names count, such as a balance, but can only be odd. The report has a table of
what each repeated call does: *safe by key*, *safe by nature*, *visible* or *harmful*. A second effect is a
finding only where the catalogue promises one effect, and if three trials show it, two of them beside a
control. Elsewhere the table says all, after one trial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from pgagents.base.places import Pointer
from pgagents.base.text import singular, split_words
from pgagents.catalogue.model.action import Action
from pgagents.report.contract import Rank, Repeat, Verdict
from pgagents.verify.answers.hints import (
    HintedCall,
    add_key,
    counts_made,
    find_hinted_call,
    find_made,
    list_sent,
    make_attempt,
    make_first,
    takes_key,
)
from pgagents.verify.answers.observation import (
    ANSWER,
    GONE,
    TOLD,
    VERSION,
    Body,
    Difference,
    Observation,
    Place,
    Source,
    control,
    drop_restless,
    list_differences,
    observe,
    on_top,
    shows_instances,
    tell,
    try_again,
)
from pgagents.verify.cases.removed_instances import find_item, find_page, is_nobodys_now
from pgagents.verify.events import Traces, find_traces
from pgagents.verify.promise import Case, Judgement, Trial, conclude, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Alone, Call, InstanceRef, UniqueValue
from pgagents.verify.wire.endpoint import MCP, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

SAME_CALL, NEW_SESSION, NEW_KEY, NEW_TURN = "same_call", "new_session", "new_key", "new_turn"
_HOW = {
    SAME_CALL: "sent again",
    NEW_SESSION: "sent again in another session",
    NEW_KEY: "repeated with another key, or none",
    NEW_TURN: "repeated in another session with another key, or none",
}
REPEATS = 2
"""The number of repeats of a call. Hosts and their libraries send one up to three times."""
STAGE = 8
NO_SESSION = "needs a second session with the MCP server: add --mcp-url URL or --mcp-stdio CMD"
STRANGE = (
    "another process of the command does not show what was made through the first one, so its answers say "
    "nothing of a server that was started again"
)
LISTED = "`listed_by` of the resource would"
READ = "`read_by` or `listed_by` of a resource lets it be seen"
UNPROMISED = "the catalogue promises nothing of it"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each write and each way in which a host repeats it, if the caller wants repeats."""
    del roles
    for endpoint in _list_writes(setting) if setting.lost_answers else ():
        name = endpoint.action.name
        hinted = find_hinted_call(setting, endpoint, widely=True)
        for kind in _list_kinds(setting, endpoint):
            says = f"{name}, {_HOW[kind]} after its answer was lost, has no second effect"
            promised = _find_promise(setting, endpoint, kind)
            origin = promised or endpoint.action.origin
            settled = _settle(setting, endpoint, kind, hinted)
            if isinstance(hinted, str) or settled is not None:
                yield Case(endpoint, says, origin, detail=kind, settled=settled)
                continue
            traces = find_traces(setting, hinted.resource)
            attempt = make_attempt(
                hinted.resource,
                hinted.sources,
                (),
                alone=bool(traces.cost),
                run=partial(_try, hinted, traces),
                cost=_count_requests(hinted) + 2 * traces.cost + 2 * len(_list_holders(setting, hinted)),
            )
            yield Case(endpoint, says, origin, attempt, kind, about=promised is not None)


def _count_requests(hinted: HintedCall) -> int:
    """Return the requests of one trial: the calls, and what is read before, between and behind them."""
    looks = len(hinted.sources) * (2 + REPEATS + (not hinted.makes))
    removal = REPEATS * hinted.endpoint.action.may_remove
    return 3 + REPEATS + looks + removal


def _list_writes(setting: Setting) -> Iterator[Endpoint]:
    """Yield the writes over REST, and as tools of the MCP server."""
    for endpoint in setting.every_endpoint:
        action = endpoint.action
        if action.effect == "write" and endpoint.surface in (REST, MCP) and action is not setting.model.clock:
            yield endpoint


def _list_kinds(setting: Setting, endpoint: Endpoint) -> list[str]:
    """Return the ways to repeat a call that differ for the server."""
    kinds = [SAME_CALL, NEW_KEY] if takes_key(setting, endpoint) else [SAME_CALL]
    if endpoint.surface == MCP:
        kinds += [{SAME_CALL: NEW_SESSION, NEW_KEY: NEW_TURN}[kind] for kind in kinds]
    return kinds


def _find_promise(setting: Setting, endpoint: Endpoint, kind: str) -> Pointer | None:
    """Return the place of the catalogue that promises one effect of a repeated call; None if none does.

    A key promises one effect of the calls that have it. PUT, DELETE and the author's own `idempotent` promise
    it of any call, and `equal_calls_s` of the equal calls of our MCP server's tools. If a POST has a key, its
    `idempotent` is about that key: another key means another intent.
    """
    action, hint = endpoint.action, endpoint.action.hints.idempotent
    keyed = kind in (SAME_CALL, NEW_SESSION)
    if keyed and takes_key(setting, endpoint):
        return (*action.origin, "idempotency")
    if not hint.value:
        return None
    by_nature = action.method in ("PUT", "DELETE") or (hint.written and not takes_key(setting, endpoint))
    return hint.origin if by_nature or (keyed and endpoint.surface == MCP) else None


def _settle(
    setting: Setting, endpoint: Endpoint, kind: str, hinted: HintedCall | str
) -> tuple[Verdict, str] | None:
    """Return the verdict on a call that is not repeated, and why; None for one that is."""
    name = str(endpoint.action.name)
    if name in setting.spared:
        again = "cost money twice" if endpoint.action.costs else "be sent to people twice"
        return Verdict.NOT_SELECTED, f"a repeated {name} would {again}: --allow {name} would try it"
    if isinstance(hinted, str):
        lift = f"; {READ}" if endpoint.action.signed is None else ""
        return Verdict.NOT_APPLICABLE, f"not shown: {hinted}{lift}"
    if kind in (NEW_SESSION, NEW_TURN) and setting.mcp is not None and not setting.mcp.has_sessions:
        return Verdict.NOT_SELECTED, NO_SESSION
    return None


# -- one call, its lost answer, and its repeats


@dataclass(slots=True)
class _Trace:
    """The facts that the trials of one contract have shown, besides their differences."""

    reason: str = "the first call was not accepted"
    """Why nothing could be compared."""
    unseen: bool = False
    """True if nothing was compared because no read of the catalogue shows the effect, which no run owes."""
    acted: str = ""
    """A difference that a trial showed; empty if none did."""
    shown_by: str = ""
    """The read that shows the first call's effect to a model without its answer; empty if none does."""
    keyed: bool = False
    """True if the repeated calls had the first one's key."""
    outcomes: list[str] = field(default_factory=list)
    """The answers to the repeated calls of the last trial."""
    sources: tuple[Source, ...] = ()
    """The reads that can be compared, if some cannot; empty before that is known."""
    uncounted: str = ""
    """The effects that this run does not count."""


def _try(hinted: HintedCall, traces: Traces, trial: Trial) -> None:
    trace = _Trace()
    traces.listen()
    compare = partial(_compare, hinted, traces, trial, trace)
    promised: bool = trial.case.about
    changes = try_again(compare) if promised else compare(False)  # once, where it is not a finding
    if changes and not promised and _is_aside(changes):  # others may have caused it meanwhile
        with on_top():
            again = compare(True) or {}
        changes = {p: text for p, text in changes.items() if p in again and again[p][1] == text[1]}
        trace.acted = trace.acted if changes else ""
    trace.uncounted = _say_uncounted(hinted, traces)
    conclude(_judge(hinted, trial, trace, changes))


def _is_aside(changes: Difference) -> bool:
    """True if only events, rows of the audit and totals tell of a second effect."""
    return all(place[0] in (TOLD, TOTAL) for place in changes)


def _say_uncounted(hinted: HintedCall, traces: Traces) -> str:
    """Return which declared effects were not counted; empty if all were."""
    model, action = traces.setting.model, hinted.endpoint.action
    declared = (
        ("events", model.webhooks is not None and bool(model.webhooks.events)),
        ("the audit", model.audit is not None),
    )
    told = [why for name, known in declared if known for why in [traces.find_reason(name)] if why]
    if action.sends:
        told.append("messages that it sends were not counted")
    return "; ".join(told)


def _judge(hinted: HintedCall, trial: Trial, trace: _Trace, changes: Difference | None) -> Judgement:
    """Return the verdict on the differences that the repeated calls made; None if nothing was compared."""
    if changes is None:
        return trial.unseen(trace.reason) if trace.unseen else trial.untested(trace.reason)
    if not changes and trace.acted:
        return trial.untested(f"it acted again in one trial, and not in another: {trace.acted}")
    if not changes:
        return trial.kept(trace.uncounted).with_repeat(Repeat.BY_KEY if trace.keyed else Repeat.BY_NATURE)
    repeat = Repeat.VISIBLE if trace.shown_by else Repeat.HARMFUL
    change = changes[min(changes)][0]
    look = f"{trace.shown_by} shows the first" if trace.shown_by else "no read shows the first by itself"
    answers = ", ".join(dict.fromkeys(trace.outcomes))
    if not trial.case.about:
        said = f"{repeat.value}: it acts again ({change}), {look}; {UNPROMISED}"
        return trial.not_applicable(said).with_repeat(repeat)
    broken = trial.broken(
        "one effect of a call and its repeats, in three trials", f"{change}; repeats were answered {answers}"
    )
    by_guess = all(place[0] == TOTAL for place in changes) or hinted.resource.is_seen_by_guess
    return replace(broken.with_repeat(repeat), odd=by_guess)


def _compare(
    hinted: HintedCall, traces: Traces, trial: Trial, trace: _Trace, careful: bool
) -> Difference | None:
    """Send a call, count its answer as lost, and repeat it; return what the repeats changed."""
    setting, resource, sources = trial.setting, hinted.resource, trace.sources or hinted.sources
    look = partial(observe, sources, counts_alike=True)
    body: Body | None = None
    before: Observation | None = None
    traces.begin(hinted.states, hinted.endpoint.action)
    if not hinted.makes:
        body = trial.ask(InstanceRef(resource.name, hinted.states, fresh=True, new=True))
        before = look([body], "before a call whose answer is lost")
        if before is None and not trace.sources:
            return _compare_readable(hinted, traces, trial, trace, body, careful)
        traces.note(hinted.endpoint.action)
    first = trial.ask(add_key(setting, make_first(setting, hinted, body, "its answer counts as lost")))
    if not first.success:
        trace.reason = f"the first call was not accepted: {first.outcome}"
        return None
    body = find_made(hinted, first) if hinted.makes else body
    if body is None:
        trace.reason = "its answer shows no instance"
        return None
    calls = REPEATS * (1 + len(sources))
    restless = control(sources, [body], calls, traces) if careful else set()
    once = look([body], "after a call whose answer is lost")
    if once is None and not trace.sources:
        return _compare_readable(hinted, traces, trial, trace, body, careful)
    if once is None or restless is None or (before is None and not hinted.makes):
        trace.reason = "what it did could not be read"
        return None
    if before is not None and not _list_moved(before, once):
        trace.unseen = True
        trace.reason = "no read shows what the first call did, so none could show a second effect"
        return None
    trace.shown_by = _find_look(hinted, first, before, once)
    if trial.case.detail in (NEW_SESSION, NEW_TURN) and not _is_shared(hinted, body):
        trace.reason = STRANGE
        return None
    aside = _Aside(setting, traces, body, _list_totals(setting, hinted, first))
    aside.begin()
    changes = _repeat_and_look(hinted, traces, trial, trace, _Once(first, body, once, restless))
    if changes is None or changes:
        return changes
    told = aside.list_changes(restless)
    trace.acted = told[min(told)][0] if told else trace.acted
    return told


class _Once(NamedTuple):
    """A first call: its answer, its instance, what reads showed afterwards, and what changes by itself."""

    answer: Exchange
    body: Body
    seen: Observation
    restless: set[Place]


def _repeat_and_look(
    hinted: HintedCall, traces: Traces, trial: Trial, trace: _Trace, once: _Once
) -> Difference | None:
    """Repeat a call, and return what the first repeat that changed something changed; None if one could not
    be judged.
    """
    setting, resource, sources = trial.setting, hinted.resource, trace.sources or hinted.sources
    first, body, restless = once.answer, once.body, once.restless
    counts = not hinted.makes or counts_made(hinted, once.seen)
    trace.outcomes.clear()
    for number in range(REPEATS):
        if hinted.endpoint.action.may_remove and not is_nobodys_now(setting, resource, body):
            trace.reason = f"nothing shows that nobody else got the id of the {resource.name}"
            return None
        again = trial.ask(_repeat(trial, hinted, first, body, number))
        trace.outcomes.append(again.outcome)
        trace.keyed = _has_first_key(hinted.endpoint.action, first, again)
        traces.note(hinted.endpoint.action, changes=_may_tell_again(trial, hinted))
        other = find_made(hinted, again) if hinted.makes else None
        if other is None and not counts:
            trace.unseen = True
            trace.reason = f"{again.outcome}, and no list shows if it made another: {LISTED}"
            return None
        later = observe(sources, [body], "after a repeat of the call", counts_alike=True)
        if later is None:
            trace.reason = "what the repeat did could not be read"
            return None
        places = _list_moved(once.seen, later) - restless
        if hinted.endpoint.action.job is not None:  # its own state goes on by itself
            places = {place for place in places if place[1] != 0}
        changes = drop_restless(sources, [body], later, tell(places, once.seen, later))
        if other is not None and resource.id_of(other) != resource.id_of(body):
            changes = {**changes, **_find_other(hinted, other)}
        if changes:  # one more repeat could undo what this one did, and needs not make one more duplicate
            trace.acted = changes[min(changes)][0]
            if hinted.makes and not trace.shown_by:
                trace.shown_by = _find_on_pages(setting, hinted, first, body)
            return changes
    return {}


def _is_shared(hinted: HintedCall, body: Body) -> bool:
    """Return True if another session shows the instance too, where its own tools are what reads it.

    A process may keep its state in memory. Then another process of the same command knows nothing of it, and
    the first one would not show what the other does.
    """
    source = next((one for one in hinted.sources if not one.counter and one.endpoint.surface == MCP), None)
    if source is None:
        return True
    why = "whether another session shows what was made"
    call = Call(source.endpoint, source.call.input, "explore", why, subject=hinted.resource, made=body)
    seen = ask(replace(call, anew=True))
    if not source.lists:
        return seen.success or hinted.endpoint.action.may_remove
    return (
        find_item(hinted.resource, source.call, seen, body) is not None or hinted.endpoint.action.may_remove
    )


# -- effects beside the instance: events, rows of the audit, and totals


TOTAL = "a total"
"""The first part of each place that stands for a number of another instance."""
_OF_CALLS = frozenset(
    (
        "time", "date", "at", "on", "ts", "seen", "last", "active", "age", "ttl", "expires", "expiry", "call",
        "request", "quota", "rate", "limit", "attempt", "retry", "view", "visit", "hit", "usage", "used",
        "read", "lat", "lon", "lng", "latitude", "longitude", "seq", "sync", "latency", "duration", "uptime",
    )
)  # fmt: skip
"""Words in the names of numbers that calls and time change without an effect."""
Holder = tuple[Source, str, str]
"""The read of an instance that a call names, its member with the id, and the argument."""


def _may_tell_again(trial: Trial, hinted: HintedCall) -> bool:
    """True if a repeat may send a further event, as its method alone makes it one (RFC 9110, 9.2.2)."""
    action = hinted.endpoint.action
    keyed = trial.case.detail in (SAME_CALL, NEW_SESSION) and takes_key(trial.setting, hinted.endpoint)
    return action.method in ("PUT", "DELETE") and not (action.hints.idempotent.written or keyed)


def _list_holders(setting: Setting, hinted: HintedCall) -> list[Holder]:
    """Return the reads of the other instances that a call names."""
    found: dict[str, Holder] = {}
    for param in hinted.endpoint.params:
        other = setting.model.resources.get(param.refers_to or "")
        if other is None or other is hinted.resource or len(other.ids) != 1 or "." in other.id:
            continue
        member = param.refers_member or other.id
        for call in other.read_by[:1]:
            endpoint = setting.find_usable_lead(str(call.action.name))
            reads = call.action.hints.read_only.value and call.at is not None
            if endpoint is not None and reads and call.asks_only((member,)) and not other.is_seen_by_guess:
                source = Source(other, call, endpoint, lists=False)
                found.setdefault(source.label, (source, member, str(param.name)))
    return list(found.values())


def _list_totals(setting: Setting, hinted: HintedCall, first: Exchange) -> list[tuple[Source, Body]]:
    """Return the reads of the other instances that a call has named, with their ids."""
    sent = (
        (source, member, first.input.get(name)) for source, member, name in _list_holders(setting, hinted)
    )
    return [(source, {member: id}) for source, member, id in sent if id is not None]


@dataclass(slots=True)
class _Aside:
    """Counts what a repeat does beside its instance: `totals` are reads of other instances."""

    setting: Setting
    traces: Traces
    body: Body
    totals: list[tuple[Source, Body]]
    _told: Mapping[Place, Any] = field(default_factory=dict)
    _was: Mapping[Place, float] = field(default_factory=dict)

    def begin(self) -> None:
        """Note what is known before the first repeat."""
        self._told = self.traces.observe(self.body)
        self._was = self._read()

    def list_changes(self, restless: set[Place]) -> Difference:
        """Return what the repeats have told or moved, and what does not go on by itself."""
        now = self.traces.observe(self.body)
        changes: dict[Place, tuple[str, Any]] = {
            place: (str(text), None)
            for place, text in now.items()
            if place not in self._told.keys() | restless
        }
        later = self._read()
        moved = [place for place, value in self._was.items() if later.get(place, value) != value]
        if not (changes or moved):
            return {}
        ask(Alone())
        again = self._read()
        for place in moved:
            if again.get(place) == later[place]:
                rise = round(later[place] - self._was[place], 6)
                text = f"{place[2]} was {self._was[place]:g} and is {later[place]:g}"
                changes[place] = (text, rise)
        return changes

    def _read(self) -> dict[Place, float]:
        found: dict[Place, float] = {}
        for source, body in self.totals:
            seen = observe([source], [body], "whether a repeat moves a total")
            for (label, _, path), value in (seen or {}).items():
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                words = {singular(word) for word in split_words(path.rpartition(".")[2])}
                if is_number and not VERSION.search(path) and not words & _OF_CALLS:
                    found[TOTAL, ANSWER, f"{path} of the {source.resource.name} in {label}"] = value
        return found


# -- what a trial reads and sends


def _compare_readable(
    hinted: HintedCall, traces: Traces, trial: Trial, trace: _Trace, body: Body, careful: bool
) -> Difference | None:
    """Begin a trial anew with the reads alone whose answers are as documented; None if there are none."""
    readable = []
    for source in hinted.sources:
        if observe([source], [body], "whether this read alone can be compared") is not None:
            readable.append(source)
    trace.sources = tuple(readable) if shows_instances(readable) else ()
    if not trace.sources:
        names = ", ".join(source.label for source in hinted.sources)
        trace.reason = f"what it did could not be read: no answer is as the catalogue says ({names})"
        return None
    return _compare(hinted, traces, trial, trace, careful)


def _list_moved(before: Observation, after: Observation) -> set[Place]:
    """Return the places that differ, without members that hold the version of an instance."""
    return {place for place in list_differences(before, after) if not VERSION.search(place[2])}


def _repeat(trial: Trial, hinted: HintedCall, first: Exchange, body: Body, number: int) -> Call:
    """Return a repeat of the first call, as the contract's kind of host sends it."""
    kind, action = trial.case.detail, hinted.endpoint.action
    arguments = list_sent(action, first)
    if kind in (NEW_KEY, NEW_TURN):
        name = str(action.idempotency)
        param = action.param(name)
        arguments.pop(name, None)
        derived = hinted.endpoint.surface == MCP and action.equal_calls_s is not None
        if number == 0 or derived or (param is not None and param.required):
            arguments[name] = UniqueValue(once=True)
    return replace(
        first.call,
        input=arguments,
        intent="replay" if kind in (SAME_CALL, NEW_SESSION) else "explore",
        why=f"its answer was lost: {_HOW[kind]}",
        fresh=False,
        subject=hinted.resource,
        made=body,
        anew=kind in (NEW_SESSION, NEW_TURN),
    )


def _has_first_key(action: Action, first: Exchange, again: Exchange) -> bool:
    """True if a repeated call had the first one's key."""
    key = first.input.get(str(action.idempotency))
    return key is not None and again.input.get(str(action.idempotency)) == key


def _find_look(hinted: HintedCall, first: Exchange, before: Observation | None, once: Observation) -> str:
    """Return the action that shows the first call's effect to a model that does not know the answer.

    A list shows a made instance if its call needs no member of the lost answer. A read shows a change if it
    differs from before.
    """
    for source in hinted.sources:
        if before is not None:
            if any(place[0] == source.label for place in _list_moved(before, once)):
                return str(source.call.action.name)
            continue
        lists = source.lists and not source.counter and source.call.asks_only(first.input)
        if lists and once.get((source.label, 0, ""), GONE) != GONE:
            return str(source.call.action.name)
    return ""


def _find_on_pages(setting: Setting, hinted: HintedCall, first: Exchange, body: Body) -> str:
    """Return the list one of whose later pages shows what a call made; empty if none does."""
    for source in hinted.sources:
        if source.lists and not source.counter and source.call.asks_only(first.input):
            reader = (source.call, source.endpoint)
            purpose = "whose answer was lost"
            _, page = find_page(setting, hinted.resource, reader, body, purpose)
            if page is not None:
                return str(source.call.action.name)
    return ""


def _find_other(hinted: HintedCall, body: Body) -> Difference:
    """Return a difference if a read shows the other instance that the answer to a repeat names."""
    reads = [source for source in hinted.sources if not source.lists][:1]
    seen = observe(reads, [body], "what the answer to a repeat names") if reads else None
    if seen is None or seen.get((reads[0].label, 0, ""), GONE) == GONE:
        return {}
    sentence = f"the repeat was answered with another {hinted.resource.name}, which is there"
    return {(reads[0].label, 1, "another"): (sentence, None)}


CHECK = make_check("repeated_calls", __doc__, cases, stage=STAGE, tools=True, rank=Rank.WRONG)
