"""The catalogue's laws hold between every valid call and its answer.

Each success whose body is valid is judged, whichever check made the call. Instances are made at places of
every kind, so that each conditional law applies to some. With the operator's clock, time passes before they
end. A condition on an argument is met by a further read: it sends what items have where the law reads it.
A law that reads only what is sent is untested until a call that it forbids is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import members_in, paths_in
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.action import Action, Law, Param
from pgagents.catalogue.model.resource import Resource, is_scalar
from pgagents.report.contract import Rank, surface_of
from pgagents.report.reason import Reason, example_at
from pgagents.verify.cases.argument_values import places
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.cases.law_fixtures import MOST_KINDS, FixturePlan, Making
from pgagents.verify.fixtures.instance import find_items, list_bodies, will_do
from pgagents.verify.fixtures.request_template import list_further_reads, ordinary, template_of, time_passes
from pgagents.verify.judgement import Judgement
from pgagents.verify.laws import (
    evaluate_law,
    find_wrong_member,
    list_laws,
    list_needed,
    reading_of,
    values_of,
    witness,
)
from pgagents.verify.promise import Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, GetNote, InstanceRef
from pgagents.verify.wire.endpoint import MCP, OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

BODIES = "law bodies"
LATE = 8
"""The stage after which the run makes no further instances."""
UNFIT = "not judged: the answer does not satisfy its schema"
TRUSTED = ("valid", "explore", "clean")
"""Intents of calls whose input is valid. If an invalid call is accepted, another check reports that."""
SENT = frozenset(("input", "env", "surface"))
"""Names of what a call sends. A law that reads nothing else holds on it, whatever the server does."""
REFUSED = (400, 422)
MOST_SECONDS = 60
ONLY_SENT = (
    "the law reads only what is sent, and no call that it forbids was made: "
    "a workflow's step that makes one, with `status: 422`, shows that it is refused"
)
APART_S = 101
"""Seconds between the two halves of the instances, so that sorting by end and by beginning differ."""
SHORT_S, LONG_S = 14_760, 127_512
"""Lifetimes of an instance in seconds, below a day and above one: 4.1 h and 35.42 h. At 3.50 an hour the
first costs 14.35: of two shares of a tenth and the rest each ends in half a cent.
"""
Living = list[tuple[Endpoint, Mapping[str, Any]]]
"""Instances, each with the endpoint that made it."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each law of each endpoint."""
    del roles
    for endpoint in setting.every_endpoint:
        for law in list_laws(endpoint):
            says = f"{law.name} of {endpoint.action.name}: {law.that.wording}"
            yield Case(endpoint, says, law.origin, detail=law.name, cite=law.cite or None)


def list_attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield attempts that make an instance below each kind of parent, so that every `when` is true for some.

    The parent, here called its place, is the found instance whose id the create needs. Places are of
    different kinds if they differ in an enumerated member or in a flag. With the operator's clock, time
    passes before an instance ends, so that values that grow with time are above zero.
    """
    yield from _list_further_calls(setting)
    yield from _list_late_reads(setting)
    yield from _list_reads_with_an_argument(setting)
    timed = setting.model.clock is not None and OPERATOR in roles
    for resource in setting.model.resources.values():
        if is_first_of_its_create(setting, resource):
            yield from _list_kinds(setting, resource, timed=timed)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every success whose body fits its schema, with one scope for all laws of the exchange."""
    endpoint, setting = exchange.call.endpoint, memory.setting
    refused = not exchange.void and exchange.status in REFUSED
    trusted = exchange.call.intent in TRUSTED or (refused and exchange.call.authored)  # a workflow's step
    if endpoint is None or not (exchange.success or refused) or not trusted:
        return
    laws = [law for law in list_laws(endpoint) if exchange.success or law.names <= SENT]
    trials = [CHECK.find_trial(setting, exchange.place, law.name) for law in laws]
    judged = [(law, trial) for law, trial in zip(laws, trials, strict=True) if trial is not None]
    if not judged:
        return
    if exchange.success and not exchange.fits:
        yield from (trial.untested(UNFIT) for _, trial in judged)
        return
    memory.notes[BODIES] = memory.bodies
    key = ("law", "reading", endpoint.action.name)
    values = values_of(memory.model, exchange)
    try:
        scope = Scope(values, setting.compute_once(key, lambda: reading_of(endpoint.action.laws)))
    except ExpressionError as error:
        yield from (trial.untested(str(error), sticky=True) for _, trial in judged)
        return
    for law, trial in judged:
        result = evaluate_law(law, scope)
        if refused:
            if result.outcome == "broken":
                yield trial.kept()
        elif result.outcome == "held" and law.names <= SENT:
            yield trial.unseen(ONLY_SENT)
        elif result.outcome == "held":
            yield trial.kept()
        elif result.outcome == "broken" and exchange.outdated and "before" in law.names:
            yield trial.untested("another call may have changed what `before` reads since it was read")
        elif result.outcome == "broken" and "now" in law.names and _holds_later(law, exchange, values):
            yield trial.kept()
        elif result.outcome == "broken":
            actual = f"{law.name} does not hold: {{witness}}"
            broken = trial.broken(law.that.wording, actual, witness=witness(law, scope))
            yield broken.at_member(find_wrong_member(law, scope))
        elif result.outcome == "vacuous":
            shown = f"an example of {trial.action.name} that shows it would be sent"
            if setting.sharded:  # the calls that reach the state may be another shard's
                shown += ", and a run without --shard may show it"
            lines = setting.compute_once((*key, str(law.name)), partial(_list_examples, endpoint.action, law))
            yield trial.unshown(Reason(f"{result.why}; {shown}", lines=lines))
        elif result.outcome == "error" and "ref" in law.names:
            yield trial.untested(f"no answer before showed what `ref` reads: {result.why}")
        elif result.outcome == "error" and not ("before" in law.names and values["before"] is None):
            yield trial.untested(f"the law cannot be evaluated on this answer: {result.why}", sticky=True)


def _list_examples(action: Action, law: Law) -> tuple[str, ...]:
    """Return the line of an example with the arguments that a law's `when` reads; none if it reads none."""
    read = paths_in(law.when.tree) if law.when is not None else ()
    needed = [path[1] for path in read if path[0] == "input" and len(path) > 1]
    return (example_at(str(action.name), str(law.name), [*action.required_names, *needed]),) if needed else ()


def _holds_later(law: Law, exchange: Exchange, values: Mapping[str, Any]) -> bool:
    """True if a law holds at some second until the answer, because a slow server has its own `now`."""
    seconds = range(1, min(MOST_SECONDS, math.ceil(exchange.seconds)) + 1)
    moments = (Scope({**values, "now": exchange.sent_at + passed}) for passed in seconds)
    return any(evaluate_law(law, scope).outcome == "held" for scope in moments)


def _list_kinds(setting: Setting, resource: Resource, *, timed: bool) -> Attempts:
    """Yield the attempt that makes instances at each kind of place, and an optional one for each endpoint.

    The optional one runs if the endpoint's instances were at too few kinds of places for its laws.
    """
    made, place = resource.made_by, find_place(setting, resource)
    if made is None or place is None or place.found_by is None:
        return
    makers = [d for d in setting.usable if d.action is made.action and d.action.laws]
    if not makers:
        return
    # laws about making and moving instances of the resource
    actions = {made.action.name, *(move.action.name for move in resource.moves)}
    surfaces = {maker.surface for maker in makers}
    about = [d for d in setting.usable if d.surface in surfaces and d.action.name in actions]
    covered = [(law.name, endpoint.place) for endpoint in about for law in list_laws(endpoint)]
    run = partial(_make_and_end, resource=resource, place=place, timed=timed)
    yield (
        Attempt(
            together=partial(run, makers=makers),
            stage=4,
            cost=MOST_KINDS,
            writes=True,
            endpoints=tuple(makers),
            probe=f"law/kinds of {place.name}/{makers[0].place}",
        ),
        covered,
    )
    for maker in makers if len(makers) > 1 else ():
        attempt = Attempt(
            together=partial(run, makers=[maker], moved=True),
            stage=6,
            cost=MOST_KINDS,
            writes=True,
            endpoints=(maker,),
            probe=f"law/all kinds of {place.name}/{maker.place}",
            optional=True,
        )
        yield attempt, [(law, place) for law, place in covered if surface_of(place) == maker.surface]


def _list_late_reads(setting: Setting) -> Attempts:
    """Yield a further read of each report about a period, for laws that no answer has tested.

    The period is from yesterday to soon. A report counts the instances that other probes have made so far. In
    a shard, or in another order, these probes may come after the report's first read.
    """
    for endpoint in setting.usable:
        arguments = boundary_value(setting, endpoint, "around_now")
        if endpoint.action.effect == "write" or arguments is None or not endpoint.action.laws:
            continue
        template, why = template_of(setting.model, endpoint.action), "the same period, once more"
        run = partial(_send, call=ordinary(endpoint, template, "explore", why, input=arguments))
        probe = f"law/once more/{endpoint.place}"
        covered = [(law.name, endpoint.place) for law in list_laws(endpoint)]
        yield Attempt(together=run, stage=LATE, probe=probe, optional=True), covered


def _list_reads_with_an_argument(setting: Setting) -> Attempts:
    """Yield an optional read for each optional argument that the condition of a law needs."""
    for endpoint in setting.usable:
        if endpoint.action.effect == "write" or not endpoint.leads:
            continue
        for param in endpoint.params:
            path = ("input", str(param.name))
            laws = [law for law in list_laws(endpoint) if path in list_needed(law)]
            if laws and not param.required:
                members = tuple(member for law in laws for member in members_in(law.that.tree))
                run = partial(_read_with, endpoint=endpoint, param=param, members=members)
                probe = f"law/with {param.name}/{endpoint.place}"
                attempt = Attempt(together=run, stage=LATE, cost=2, probe=probe, optional=True)
                yield attempt, [(law.name, endpoint.place) for law in laws]


def _read_with(trials: Sequence[Trial], endpoint: Endpoint, param: Param, members: Sequence[str]) -> None:
    """Read with an argument whose value some item has, so that the answer is neither empty nor everything."""
    setting, name = trials[0].setting, str(param.name)
    template = template_of(setting.model, endpoint.action)
    plain = {other: value for other, value in template.input.items() if other != name}
    answer = ask(ordinary(endpoint, template, "explore", f"items, without {name}", input=plain))
    test = setting.test_argument(endpoint, param)
    items = [*_list_items(answer.body)] if answer.success else []
    for member in (name, *members):
        shown = [item.get(member) for item in items]
        several = [one for value in shown for one in (value if isinstance(value, list) else [value])]
        values = [value for value in several if is_scalar(value) and test.is_valid(value)]
        if values:
            value = sorted(values, key=lambda value: (isinstance(value, str), value))[len(values) // 2]
            why = f"{name} as an item's {member}"
            ask(ordinary(endpoint, template, "explore", why, input={**plain, name: value}))
            return


def _list_items(body: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the items of a list, or of each list that a body has as a member."""
    several = body.values() if isinstance(body, Mapping) else [body]
    for each in several:
        yield from (item for item in each if isinstance(item, Mapping)) if isinstance(each, list) else ()


def _list_further_calls(setting: Setting) -> Attempts:
    """Yield optional calls through dispatchers and tools whose ordinary call may not meet the condition of a
    law. On REST, `valid_calls` sends each example.
    """
    for endpoint in setting.every_endpoint:
        laws = [law for law in list_laws(endpoint) if law.when is not None]
        if endpoint.leads or not laws:
            continue
        if endpoint.action.effect != "write":
            for why, template in list_further_reads(setting.model, endpoint.action):
                run = partial(_send, call=ordinary(endpoint, template, "explore", why))
                attempt = Attempt(together=run, probe=f"law/{why}/{endpoint.place}", optional=True)
                yield attempt, [(law.name, endpoint.place) for law in laws]
        elif (resource := _find_kept(setting, endpoint)) is not None:
            run = partial(_remove_twice, resource=resource, endpoint=endpoint)
            probe = f"law/removed again/{endpoint.place}"
            attempt = Attempt(together=run, cost=2, probe=probe, optional=True)
            yield attempt, [(law.name, endpoint.place) for law in laws if "before" in law.names]


def _send(trials: Sequence[Trial], call: Call) -> None:
    del trials
    ask(call)


def _find_kept(setting: Setting, endpoint: Endpoint) -> Resource | None:
    """Return the resource whose removed instances can still be read, if a call of the endpoint removes
    one.
    """
    for resource in setting.model.resources.values():
        undo = resource.undone_by
        if undo is not None and undo.action is endpoint.action and resource.made_by is not None:
            return resource if resource.removes and resource.gone_when is not None else None
    return None


def _remove_twice(trials: Sequence[Trial], resource: Resource, endpoint: Endpoint) -> None:
    """Remove an instance twice: `before` shows a removed one then. The server may refuse the second call."""
    del trials
    assert resource.undone_by is not None
    arguments = resource.undone_by.input
    body = ask(InstanceRef(resource.name, fresh=True))
    for why in (f"a {resource.name} is removed", f"a {resource.name} is removed again"):
        answer = ask(Call(endpoint, arguments, "explore", why, subject=resource, made=body))
        if not answer.success:
            return


def _make_and_end(
    trials: Sequence[Trial],
    resource: Resource,
    place: Resource,
    makers: list[Endpoint],
    timed: bool,
    *,
    moved: bool = False,
) -> None:
    """Make an instance at each kind of place, through the endpoints in turn.

    Then end each through its endpoint. If `moved`, also make transitions that keep an instance in its state,
    as an extension does: else a law of Park Graph's extend_session is not tried by MCP. If `timed`, time
    passes in between: the first instances live longest and end last.
    """
    setting, found_by = trials[0].setting, place.found_by
    search = setting.find_lead(str(found_by.action.name)) if found_by else None
    if found_by is None or search is None:
        return
    arguments, why = make_widest_search(setting, search), f"to find every kind of {place.name}"
    answer = ask(Call(search, arguments, "explore", why, reuse="ever"))
    why = f"a {resource.name} at another kind of {place.name}"
    plan = FixturePlan(setting, resource)
    places = [item for item in find_items(found_by, answer) or () if will_do(found_by.where, place, item)]
    known: Mapping[tuple[str, str], Mapping[str, Any]] = ask(GetNote(BODIES)) or {}
    own = [body for (name, _), body in known.items() if name == resource.name]
    also = (
        plan.choose_bounded_places(places, find_place_member(resource, place), place.id, own) if timed else []
    )  # some bounds only matter after time has passed
    makings = plan.makings(makers, search, places, also)
    early, late = _make_instances(plan, place, makings, why, timed=timed)
    for endpoint, body in [*early, *late] if moved else ():
        for move in resource.moves:
            mover = setting.endpoint(str(move.action.name), endpoint.surface)
            if move.to in move.origin_states and mover is not None:
                ask(Call(mover, move.input, "explore", why, subject=resource, made=body))
    for living, seconds in ((late, SHORT_S), (early, LONG_S - SHORT_S - APART_S)):
        if timed and living and (wait := time_passes(setting, seconds)):
            ask(wait)
        for endpoint, body in reversed(living):
            _end_instance(plan, endpoint, body, why)
    _read_again(plan, [*early, *late], why)


def _make_instances(
    plan: FixturePlan, place: Resource, makings: Sequence[Making], why: str, *, timed: bool
) -> tuple[Living, Living]:
    """Make the instances; return those of the first half and those of the second.

    If `timed`, time passes between the halves.
    """
    early: Living = []
    late: Living = []
    for index, making in enumerate(makings):
        is_late = 2 * index >= len(makings)
        if timed and is_late and early and not late and (wait := time_passes(plan.setting, APART_S)):
            ask(wait)
        maker, bind = making.endpoint, {place.name: making.place}
        template = template_of(plan.setting.model, maker.action)
        made = ask(ordinary(maker, template, "explore", why, bind=bind, input=making.input))
        bodies = list_bodies(plan.resource.made_by, made)
        (late if is_late else early).extend((maker, body) for body in bodies)
    return early, late


def _end_instance(plan: FixturePlan, endpoint: Endpoint, body: Mapping[str, Any], why: str) -> None:
    if plan.move is None:
        return
    name = str(plan.move.action.name)
    mover = plan.setting.endpoint(name, endpoint.surface) or plan.setting.find_lead(name)
    if mover is not None:
        ask(Call(mover, plan.move.input, "explore", why, subject=plan.resource, made=body))


def _read_again(plan: FixturePlan, living: Living, why: str) -> None:
    """Read an ended instance through an MCP tool. On other surfaces `state_transitions` reads it."""
    resource = plan.resource
    body = next((body for endpoint, body in living if endpoint.form is not None), None)
    for read in resource.read_by[:1] if body is not None else ():
        reader = plan.setting.endpoint(str(read.action.name), MCP)
        if reader is not None:
            ask(Call(reader, read.input, "explore", why, subject=resource, made=body, surface=MCP))


CHECK = make_check(
    "law",
    __doc__,
    cases,
    attempts=list_attempts,
    watch=watch,
    turn=7,
    of_any_input=True,
    tools=True,
    rank=Rank.WRONG,
)


# -- places at which instances stand, so that conditional laws apply to some of them


def is_first_of_its_create(setting: Setting, resource: Resource) -> bool:
    """True if no earlier resource is made by the same action."""
    made = resource.made_by
    of_action = [
        r for r in setting.model.resources.values() if r.made_by and made and r.made_by.action is made.action
    ]
    return bool(of_action) and of_action[0] is resource


def find_place(setting: Setting, resource: Resource) -> Resource | None:
    """Return the resource whose id the create of this one needs, and which can only be found, or None.

    What can be made belongs to somebody: a line at an invoice changes its total (a FastAPI app, 2026-12-01).
    """
    for value in resource.made_by.input.values() if resource.made_by else ():
        if isinstance(value, Expression):
            for name in sorted(value.names & setting.model.resources.keys()):
                place = setting.model.resources[name]
                if place.found_by and place.made_by is None:
                    return place
    return None


def find_place_member(resource: Resource, place: Resource) -> str:
    """Return the member of an instance that holds its place's id, which is the argument of its create."""
    given = resource.made_by.input if resource.made_by else {}
    return next(
        (
            name
            for name, value in given.items()
            if isinstance(value, Expression) and place.name in value.names
        ),
        "",
    )


def make_widest_search(setting: Setting, endpoint: Endpoint) -> dict[str, Any]:
    """Return the search's arguments with every number at its greatest, without flags, which would exclude
    places.

    Locations keep their usual values.
    """
    usual = template_of(setting.model, endpoint.action).input
    most = boundary_value(setting, endpoint, "high") or usual
    there = {name: usual[name] for name in places(setting) if name in usual}
    return {
        **{name: value for name, value in most.items() if name in usual or not isinstance(value, bool)},
        **there,
    }
