"""All answers give the same values for the same instance: members with one name and description are one fact.

In most servers, a list, a read and a create share little code, so one may lag or leave something out. Members
that change by themselves are compared only in an exclusive run, and only if nothing was written in between.
While a job runs, or after a 202, only fixed members are compared; of a document's job, those that were sent.
Of a document, a counter, a time or a long text that no client sends must have stayed in two answers of each
of the two actions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pgagents.catalogue.model.resource import id_text, is_scalar
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.replay import repeats_key
from pgagents.verify.answers.representations import (
    MOST_KNOWN,
    Representation,
    ShownInstance,
    ShownInstances,
    find_lasting,
    find_place,
    forget_all,
    forget_removed,
    is_uncertain,
    kind_of,
    list_common,
    objects_at,
    represent,
)
from pgagents.verify.answers.standing import (
    MOMENT,
    is_same,
    list_standing,
    list_steady,
    note_steadiness,
    tell_time,
)
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

TRUSTED = ("valid", "explore", "clean")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each action that reads a kind of instance, if another answer also represents it.

    Its attempt makes two calls about one instance, unless the run has made such calls before. If only
    volatile members can be compared, the run must be exclusive.
    """
    del roles
    made = {r.made_by.action.name for r in setting.model.resources.values() if r.made_by}
    every = [
        (endpoint, representation)
        for endpoint in setting.endpoints
        if endpoint.leads
        for representation in represent(setting, endpoint.action.name)
    ]
    for endpoint, kind in _list_readers(setting):
        own = [r for r in represent(setting, endpoint.action.name) if r.kind == kind]
        others = [
            (other, representation)
            for other, representation in every
            if representation.kind == kind
            and any(list_common(setting, representation, r) for r in own)
            and (not representation.writes or other.action.name in made)
        ]
        attempt = None
        if others:  # those that make an instance come first: a list may be empty
            first, representation = min(others, key=lambda pair: not pair[1].writes)
            run = partial(_show_twice, first=first, representation=representation)
            writes = first.action.effect == "write"
            attempt = Attempt(run, stage=8, cost=2, writes=writes, endpoints=(endpoint, first), optional=True)
        says = f"{endpoint.action.name} returns for a {kind} what other answers return for it"
        settled = (
            None
            if setting.exclusive or _lasts(setting, kind, own)
            else (Verdict.NOT_SELECTED, others_too(setting, "compares"))
        )
        yield Case(endpoint, says, endpoint.action.origin, attempt, kind, settled=settled)


def _list_readers(setting: Setting) -> tuple[tuple[Endpoint, str], ...]:
    """Return each read with the kinds of instances that another answer represents, too."""

    def find() -> Iterator[tuple[Endpoint, str]]:
        alike = _group_by_kind(setting)
        reads = {d.action.name: d for d in setting.endpoints if d.leads and d.action.effect == "read"}
        for name, endpoint in reads.items():
            for kind in dict.fromkeys(r.kind for r in represent(setting, name)):
                own = [r for r in alike[kind] if r.action == name]
                if any(list_common(setting, a, b) for a in own for b in alike[kind]):
                    yield endpoint, kind

    return setting.compute_once("readers of representations", lambda: tuple(find()))


def _group_by_kind(setting: Setting) -> dict[str, list[Representation]]:
    alike: dict[str, list[Representation]] = {}
    for action in setting.model.actions:
        for representation in represent(setting, action.name):
            alike.setdefault(representation.kind, []).append(representation)
    return alike


def _lasts(setting: Setting, kind: str, own: list[Representation]) -> bool:
    """True if a member that does not change by itself can be compared."""
    every = _group_by_kind(setting)[kind]
    names = {name for a in own for b in every for name in list_common(setting, a, b)}
    return any(names & set(find_lasting(setting, representation)) for representation in every)


def _show_twice(trial: Trial, first: Endpoint, representation: Representation) -> None:
    setting, writes = trial.setting, first.action.effect == "write"
    why = f"to hear of a {representation.kind} twice"
    template = template_of(setting.model, first.action)
    answer = trial.ask(ordinary(first, template, "valid", why, fresh=writes))
    shown = (o for o in objects_at(answer.body, representation.path) if o.get(representation.id) is not None)
    body = next(shown, None)
    if not answer.success or body is None:
        return
    sent = answer.input
    named = {p.refers_to: sent[p.name] for p in first.params if p.refers_to and p.name in sent}
    ids = {str(p.name): named[p.refers_to] for p in trial.endpoint.params if p.refers_to in named}
    for param in trial.endpoint.params:
        resource = setting.model.resources.get(param.refers_to or "")
        if resource is not None and kind_of(setting, resource) == representation.kind:
            whole = representation.id in resource.ids
            ids[str(param.name)] = resource.value_for(param, body) if whole else body[representation.id]
    subject = body if trial.template.subject else None
    trial.ask(trial.call("valid", why, input={**trial.template.input, **ids}, made=subject))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Compare an answer's representations with earlier ones of the same instances."""
    key = ("consistent_representations", "facts")
    facts: ShownInstances = memory.notes.setdefault(key, ShownInstances({}))
    if (
        exchange.number - exchange.repeats > facts.number + 1
        or exchange.call.beside
        or len(facts.shown) > MOST_KNOWN  # bounds the memory of a long run
    ):
        forget_all(facts)  # a call came in between that no watcher sees, such as an operator's
    facts.number = max(facts.number, exchange.number)
    endpoint = exchange.call.endpoint
    if endpoint is None:
        return
    if endpoint.action.effect == "write" and (exchange.success or exchange.error or exchange.status >= 500):
        facts.written += 1
        forget_removed(memory.setting, exchange, facts)
        if exchange.status == ACCEPTED:
            _note_accepted(memory.setting, exchange, endpoint, facts)
    if (
        not exchange.success
        or not exchange.fits
        or exchange.tainted
        or exchange.call.beside
        or exchange.call.role != "main"  # GitHub's `email` is null without a key
        or exchange.call.intent not in TRUSTED  # what a server took wrongly is another check's
        or repeats_key(exchange, memory)  # Stripe's answer is the first one, whatever became of it meanwhile
        or not isinstance(exchange.body, Mapping | list)
    ):
        return
    verdicts: dict[str, Judgement] = {}
    told_at = tell_time(exchange)
    for representation in represent(memory.setting, endpoint.action.name):
        place = find_place(memory.setting, representation.kind, exchange)
        for body in objects_at(exchange.body, representation.path):
            accepted = exchange.status == ACCEPTED
            written = facts.written + memory.tool_writes
            changing = _may_change(facts, representation, body, exchange.number)
            shown = ShownInstance(
                representation, body, written, exchange.sent_at, exchange.number, place, accepted, changing
            )
            if is_uncertain(memory, shown):
                continue
            for judgement in _compare_representations(memory.setting, facts, shown, endpoint, told_at):
                known = verdicts.get(judgement.contract)
                if known is None or known.verdict is not Verdict.BROKEN:
                    verdicts[judgement.contract] = judgement
    yield from verdicts.values()


def _note_accepted(setting: Setting, exchange: Exchange, endpoint: Endpoint, facts: ShownInstances) -> None:
    """Note of which instances a change was only accepted: those that the call names, else any for a while."""
    named: dict[str, set[tuple[str, str]]] = {}
    for param in endpoint.action.params:
        resource = setting.model.resources.get(param.refers_to or "")
        if resource is None:
            continue
        kind, value = kind_of(setting, resource), exchange.input.get(str(param.name))
        ids = value if isinstance(value, list) else [value]
        found = {(param.refers_member, id_text(id)) for id in ids if is_scalar(id)}
        named.setdefault(kind, set()).update(found)
    for kind, instances in named.items():
        facts.changing.setdefault(kind, set()).update(instances)
        if not instances:
            facts.unsettled[kind] = exchange.number


def _may_change(
    facts: ShownInstances, representation: Representation, body: Mapping[str, object], number: int
) -> bool:
    """True if a change of an instance was only accepted, so that it may come at any time."""
    kind = representation.kind
    recent = kind in facts.unsettled and number - facts.unsettled[kind] < MOMENT
    instances = facts.changing.get(kind, set())
    ids = ((member, body.get(member or representation.id)) for member in {member for member, _ in instances})
    return recent or any((member, id_text(id)) in instances for member, id in ids if is_scalar(id))


def _compare_representations(
    setting: Setting, facts: ShownInstances, new: ShownInstance, endpoint: Endpoint, told_at: float
) -> Iterator[Judgement]:
    id = new.body.get(new.representation.id)
    if not is_scalar(id):
        return
    known = facts.shown.setdefault((new.representation.kind, f"{new.place} {id}"), {})
    seen = f"{new.representation.action} {new.representation.id}"
    if (again := known.get(seen)) is not None:
        note_steadiness(facts, again, new, told_at)
    for old in known.values():
        reader = new.representation if not new.representation.writes else old.representation
        trial = CHECK.find_trial(setting, setting.get_lead(reader.action).place, reader.kind)
        names = list_steady(setting, facts, old, new, list_standing(setting, old, new))
        differing = next((n for n in names if not is_same(new.body[n], old.body[n])), None)
        if trial is None:
            continue
        # other surfaces' answers are surface_equivalence's
        if differing is not None and (endpoint.leads or new.representation.writes):
            before = f"{differing} {old.body[differing]!r}, as {old.representation.action} returned"
            actual = f"{differing} differs: {new.representation.action} returns {{value!r}}"
            expected = f"{before} for the same {reader.kind}"
            yield trial.broken(expected, actual, value=new.body[differing])
        elif names and differing is None:
            yield trial.kept()
    known[seen] = new


CHECK = make_check(
    "consistent_representations",
    __doc__,
    cases,
    watch=watch,
    turn=9,
    # verdicts depend on other exchanges, so the same call may be judged differently again
    remembers=True,
    # the problems that these checks find in one answer differ from those in the next
    rank=Rank.WRONG,
)
