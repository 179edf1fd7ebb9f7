"""All answers give the same values for the same instance: members with one name and description are one fact.

In most servers, a list, a read and a create share little code, so one may lag or leave something out. Members
that change by themselves are compared only in an exclusive run, and only if nothing was written in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.representations import (
    MOST_KNOWN,
    DatedValues,
    Representation,
    ShownInstance,
    ShownInstances,
    find_lasting,
    find_place,
    forget_all,
    forget_removed,
    is_same,
    is_uncertain,
    kind_of,
    list_common,
    list_dating,
    list_standing,
    objects_at,
    references,
    representations_of,
)
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Check, Conversation, Judgement, Probe, judge_broken, judge_kept, promise
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "consistent_representations"
TRUSTED = ("valid", "explore", "clean")
STALE_S = 120.0
"""Seconds: a timestamp that was first seen so long before a value changed cannot be the time of the new
value.
"""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each action that reads a kind of instance, if another answer also represents
    that kind.
    """
    for endpoint, kind in _readers(setting):
        says = f"{endpoint.action.name} returns for a {kind} what other answers return for it"
        yield promise(NAME, kind, endpoint, says, endpoint.action.origin, endpoint.action.cite)


def _readers(setting: Setting) -> tuple[tuple[Endpoint, str], ...]:
    def find() -> Iterator[tuple[Endpoint, str]]:
        endpoints = {
            str(d.action.name): d for d in setting.endpoints if d.leads and d.action.effect == "read"
        }
        alike: dict[str, list[Representation]] = {}
        for representation in (
            t for action in setting.model.actions for t in _representations(setting, str(action.name))
        ):
            alike.setdefault(representation.kind, []).append(representation)
        for name, endpoint in endpoints.items():
            for kind in dict.fromkeys(t.kind for t in _representations(setting, name)):
                own = [t for t in alike[kind] if t.action == name]
                if any(list_common(setting, a, b) for a in own for b in alike[kind]):
                    yield endpoint, kind

    return setting.compute_once((NAME, "readers"), lambda: tuple(find()))


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract if only volatile members can be compared and the run is not exclusive."""
    if setting.exclusive:
        return None
    kind = contract.detail
    every = [
        t
        for action in setting.model.actions
        for t in _representations(setting, str(action.name))
        if t.kind == kind
    ]
    pairs = [list_common(setting, a, b) for a in every if a.action == contract.action for b in every]
    if any(name in find_lasting(setting, t) for t in every for names in pairs for name in names):
        return None
    return Verdict.NOT_SELECTED, others_too("compares")


def _representations(setting: Setting, action: str) -> tuple[Representation, ...]:
    return setting.compute_once((NAME, action), lambda: _of(setting, action))


def _of(setting: Setting, action: str) -> tuple[Representation, ...]:
    found = next((a for a in setting.model.actions if a.name == action), None)
    referred = setting.compute_once((NAME, "references"), lambda: references(setting.model))
    return representations_of(setting, found, referred) if found is not None else ()


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract: two calls about one instance, unless the run has made such calls
    before.
    """
    del roles
    for endpoint, kind in _readers(setting):
        contract = f"{NAME}/{kind}/{endpoint.place}"
        pair = next(_pairs(setting, endpoint, kind), None)
        if pair is not None:
            run = _run(setting, endpoint, *pair)
            writes = pair[0].action.effect == "write"
            yield Probe(contract, 8, (contract,), 2, run, (endpoint, pair[0]), "main", writes, optional=True)


def _pairs(setting: Setting, endpoint: Endpoint, kind: str) -> Iterator[tuple[Endpoint, Representation]]:
    """Yield endpoints that represent the same kind of instance in the same words; those that make it come
    first.
    """
    own = [t for t in _representations(setting, str(endpoint.action.name)) if t.kind == kind]
    every = [
        (d, t)
        for d in setting.endpoints
        if d.leads
        for t in _representations(setting, str(d.action.name))
        if t.kind == kind
    ]
    made = {r.made_by.action.name for r in setting.model.resources.values() if r.made_by}
    found = [
        (d, t)
        for d, t in every
        if any(list_common(setting, t, o) for o in own) and (not t.writes or d.action.name in made)
    ]
    yield from sorted(found, key=lambda pair: not pair[1].writes)


def _run(
    setting: Setting, endpoint: Endpoint, first: Endpoint, representation: Representation
) -> Callable[[], Conversation]:
    def run() -> Conversation:
        writes = first.action.effect == "write"
        why = f"to hear of a {representation.kind} twice"
        told: Exchange = yield ordinary(
            first, template_of(setting.model, first.action), "valid", why, fresh=writes
        )
        body = next(objects_at(told.body, representation.path), None)
        if not told.success or body is None:
            return
        template = template_of(setting.model, endpoint.action)
        ids = {
            str(p.name): r.value_for(p, body) if representation.id in r.ids else body[representation.id]
            for p in endpoint.params
            if (r := setting.model.resources.get(p.refers_to or "")) and _is(r)
        }
        yield ordinary(
            endpoint,
            template,
            "valid",
            why,
            input={**template.input, **ids},
            made=body if template.subject else None,
        )

    def _is(resource: Resource) -> bool:
        return kind_of(setting, resource) == representation.kind

    return run


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Compare an answer's representations with earlier ones of the same instances."""
    facts: ShownInstances = memory.notes.setdefault((NAME, "facts"), ShownInstances({}))
    if (
        exchange.number - exchange.repeats > facts.number + 1
        or exchange.call.beside
        or len(facts.told) > MOST_KNOWN
    ):
        forget_all(facts)  # a call came in between that no watcher sees, such as an operator's
    facts.number = max(facts.number, exchange.number)
    endpoint = exchange.call.endpoint
    if endpoint is None:
        return
    if endpoint.action.effect == "write" and (exchange.success or exchange.error or exchange.status >= 500):
        facts.written += 1
        forget_removed(memory.setting, exchange, facts)
    if (
        not exchange.success
        or not exchange.fits
        or exchange.tainted
        or exchange.call.beside
        or exchange.call.intent not in TRUSTED
        or not isinstance(exchange.body, Mapping | list)
    ):
        return
    verdicts: dict[str, Judgement] = {}
    for representation in _representations(memory.setting, str(endpoint.action.name)):
        place = find_place(memory.setting, representation.kind, exchange, endpoint)
        for body in objects_at(exchange.body, representation.path):
            told = ShownInstance(representation, body, facts.written, exchange.sent_at, place)
            if is_uncertain(memory, told):
                continue
            for judgement in _compare_representations(memory.setting, facts, told, endpoint):
                known = verdicts.get(judgement.contract)
                if known is None or known.verdict is not Verdict.BROKEN:
                    verdicts[judgement.contract] = judgement
    yield from verdicts.values()


def _compare_representations(
    setting: Setting, facts: ShownInstances, new: ShownInstance, endpoint: Endpoint
) -> Iterator[Judgement]:
    id = new.body.get(new.representation.id)
    if not isinstance(id, str | int) or isinstance(id, bool):
        return
    if (stale := _judge_stale_timestamp(setting, facts, new, f"{new.place} {id}")) is not None:
        yield stale
    known = facts.told.setdefault((new.representation.kind, f"{new.place} {id}"), {})
    for old in known.values():
        reader = new.representation if not new.representation.writes else old.representation
        contract = f"{NAME}/{reader.kind}/{setting.get_lead(reader.action).place}"
        names = list_standing(setting, old, new)
        differing = next((n for n in names if not is_same(new.body[n], old.body[n])), None)
        if differing is not None and (endpoint.leads or new.representation.writes):
            said = (
                f"{differing} {old.body[differing]!r}, as {old.representation.action} returned for the same "
                f"{reader.kind}"
            )
            yield judge_broken(
                contract,
                said,
                f"{differing} differs: {new.representation.action} returns {new.body[differing]!r}",
            )
        elif names and differing is None:
            yield judge_kept(contract)
    known[f"{new.representation.action} {new.representation.id}"] = new


def _judge_stale_timestamp(
    setting: Setting, facts: ShownInstances, new: ShownInstance, id: str
) -> Judgement | None:
    """Return a broken judgement if a volatile value changed although its timestamp did not, else None.

    The timestamp must have been seen long before the change.
    """
    of_times, of_values = list_dating(setting, new.representation)
    if not of_times or not of_values or len(facts.dated) > MOST_KNOWN:
        return None
    times = {n: new.body[n] for n in of_times if n in new.body}
    values = {n: new.body[n] for n in of_values if n in new.body and isinstance(new.body[n], int | float)}
    if not times or not values:
        return None
    key = (new.representation.kind, id, new.representation.action)
    old = facts.dated.get(key)
    same = old is not None and old.times == times
    facts.dated[key] = DatedValues(values, times, old.since if old is not None and same else new.at, new.at)
    if old is None or not same or old.values == values or old.at - old.since < STALE_S:
        return None
    name = next(n for n in values if old.values.get(n) != values[n])
    time = next(iter(times))
    contract = f"{NAME}/{new.representation.kind}/{setting.get_lead(new.representation.action).place}"
    told = (
        f"{name} {values[name]} still comes with {time} {times[time]}, as {name} {old.values.get(name)} did"
    )
    return judge_broken(contract, f"{time} moves on when {name} changes", told)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    settled=settle_contract,
    turn=9,
    # verdicts depend on other exchanges, so the same call may be judged differently again
    remembers=True,
    # the problems that these checks find in one answer differ from those in the next
    derived_from=frozenset(
        ("read_after_write", "law", "state_transitions", "surface_equivalence", "workflow_runs")
    ),
    rank=Rank.WRONG,
)
