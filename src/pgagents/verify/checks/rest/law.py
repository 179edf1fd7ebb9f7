"""The catalogue's laws hold between every valid call and its answer.

Each success whose body is valid is judged, whichever check made the call. Instances are made at places of
every kind, so that each conditional law applies to some. With the operator's clock, time passes before they
end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Rank, surface_of
from pgagents.verify.cases import law_fixtures
from pgagents.verify.cases.argument_values import places
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.fixtures.instance import find_items, list_bodies, will_do
from pgagents.verify.fixtures.request_template import list_further_reads, ordinary, template_of, time_passes
from pgagents.verify.laws import evaluate_law, list_laws, reading_of, values_of, witness
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, GetNote, InstanceRef
from pgagents.verify.wire.endpoint import MCP, OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "law"
BODIES = "law bodies"
LATE = 8
"""The stage after which the run makes no further instances."""
UNFIT = "not judged: the answer does not satisfy its schema"
TRUSTED = ("valid", "explore", "clean")
"""Intents of calls whose input is valid. If an invalid call is accepted, another check reports that."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each law of each endpoint."""
    for endpoint in setting.every_endpoint:
        for law in list_laws(endpoint):
            cite = law.cite or endpoint.action.cite
            yield promise(
                NAME,
                law.name,
                endpoint,
                f"{law.name} of {endpoint.action.name}: {law.that.wording}",
                law.origin,
                cite,
            )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every success whose body fits its schema, with one scope for all laws of the exchange."""
    endpoint = exchange.call.endpoint
    if (
        endpoint is None
        or not exchange.success
        or not endpoint.action.laws
        or exchange.call.intent not in TRUSTED
    ):
        return
    if not exchange.fits:
        for law in list_laws(endpoint):
            yield judge_untested(f"{NAME}/{law.name}/{exchange.place}", UNFIT)
        return
    memory.notes[BODIES] = memory.bodies
    values = values_of(memory.model, exchange)
    scope: Scope | None = None
    for law in list_laws(endpoint):
        contract = f"{NAME}/{law.name}/{exchange.place}"
        if scope is None:
            try:
                scope = Scope(
                    values,
                    memory.setting.compute_once(
                        (NAME, "reading", endpoint.action.name), lambda: reading_of(endpoint.action.laws)
                    ),
                )
            except ExpressionError as error:
                yield judge_untested(contract, str(error), sticky=True)
                continue
        held = evaluate_law(law, scope)
        if held.outcome == "held":
            yield judge_kept(contract)
        elif held.outcome == "broken":
            yield judge_broken(contract, law.that.wording, f"{law.name} does not hold: {witness(law, scope)}")
        elif held.outcome == "error" and not ("before" in law.names and values["before"] is None):
            yield judge_untested(
                contract, f"the law cannot be evaluated on this answer: {held.why}", sticky=True
            )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes that make an instance below each kind of parent, so that every `when` is true for some.

    The parent, here called its place, is the found instance whose id the create needs. Places are of
    different kinds if they differ in an enumerated member or in a flag. With the operator's clock, time
    passes before an instance ends, so that values that grow with time are above zero.
    """
    yield from list_tool_probes(setting, NAME)
    yield from _list_late_reads(setting)
    for resource in setting.model.resources.values():
        if is_first_of_its_create(setting, resource):
            yield from _probe_kinds(
                setting, resource, timed=setting.model.clock is not None and OPERATOR in roles
            )


def _probe_kinds(setting: Setting, resource: Resource, *, timed: bool) -> Iterator[Probe]:
    """Yield the probe that makes instances at each kind of place, and an optional one for each endpoint.

    The optional one runs if the endpoint's instances were at too few kinds of places for its laws.
    """
    made, place = resource.made_by, find_place(setting, resource)
    if made is None or place is None or place.found_by is None:
        return
    makers = [d for d in setting.usable if d.action is made.action and d.action.laws]
    if not makers:
        return
    covers = _list_covered(setting, resource, makers)
    run = partial(_run, setting, resource, place, makers, timed)
    yield Probe(
        f"{NAME}/kinds of {place.name}/{makers[0].place}",
        4,
        covers,
        law_fixtures.MOST_KINDS,
        run,
        tuple(makers),
        "main",
        True,
    )
    for endpoint in makers if len(makers) > 1 else ():
        own = tuple(id for id in covers if surface_of(id) == endpoint.surface)
        run = partial(_run, setting, resource, place, [endpoint], timed, moved=True)
        yield Probe(
            f"{NAME}/all kinds of {place.name}/{endpoint.place}",
            6,
            own,
            law_fixtures.MOST_KINDS,
            run,
            (endpoint,),
            "main",
            True,
            optional=True,
        )


def _list_covered(setting: Setting, resource: Resource, makers: list[Endpoint]) -> tuple[str, ...]:
    """Return the contracts about making and moving instances of a resource on the makers' surfaces."""
    actions = {str(d.action.name) for d in makers} | {str(m.action.name) for m in resource.moves}
    surfaces = {d.surface for d in makers}
    return tuple(
        f"{NAME}/{law.name}/{d.place}"
        for d in setting.usable
        if d.surface in surfaces and str(d.action.name) in actions
        for law in list_laws(d)
    )


def _list_late_reads(setting: Setting) -> Iterator[Probe]:
    """Yield a further read of each report about a period, for laws that no answer has tested.

    The period is from yesterday to soon. A report counts the instances that other probes have made so far. In
    a shard, or in another order, these probes may come after the report's first read.
    """
    for endpoint in setting.usable:
        given = boundary_value(setting, endpoint, "around_now")
        if endpoint.action.effect == "write" or given is None or not endpoint.action.laws:
            continue
        covers = tuple(f"{NAME}/{law.name}/{endpoint.place}" for law in list_laws(endpoint))
        read = ordinary(
            endpoint,
            template_of(setting.model, endpoint.action),
            "explore",
            "the same period, once more",
            input=given,
        )
        run, at = read_once(read), f"once more/{endpoint.place}"
        yield Probe(f"{NAME}/{at}", LATE, covers, 1, run, (endpoint,), "main", optional=True)


def _run(
    setting: Setting,
    resource: Resource,
    place: Resource,
    makers: list[Endpoint],
    timed: bool,
    *,
    moved: bool = False,
) -> Conversation:
    """Make an instance at each kind of place, through the endpoints in turn.

    Then end each through its endpoint. If `moved`, also make transitions that keep an instance in its state.
    If `timed`, time passes in between: the first instances live longest and end last.
    """
    found = place.found_by
    search = setting.find_lead(str(found.action.name)) if found else None
    if found is None or search is None:
        return
    exchange: Exchange = yield Call(
        search,
        make_widest_search(setting, search),
        "explore",
        f"to find every kind of {place.name}",
        reuse="ever",
    )
    why = f"a {resource.name} at another kind of {place.name}"
    plan = law_fixtures.FixturePlan(setting, resource)
    places = [item for item in find_items(found, exchange) or () if will_do(found.where, place, item)]
    known: Mapping[tuple[str, str], Mapping[str, Any]] = (yield GetNote(BODIES)) or {}
    own = [body for (name, _), body in known.items() if name == resource.name]
    also = (
        plan.choose_bounded_places(places, find_place_member(resource, place), place.id, own) if timed else []
    )  # some bounds only matter after time has passed
    living = yield from _make_instances(
        setting, resource, place, plan.makings(makers, search, places, also), why, timed=timed
    )
    for endpoint, body in [*living[0], *living[1]] if moved else ():
        yield from _lives_on(setting, resource, endpoint, body, why)
    times = plan.lives(*([body for _, body in some] for some in living)) if timed else (0, 0)
    for some, seconds in zip(reversed(living), times, strict=True):
        if timed and some and (wait := time_passes(setting, seconds)):
            yield wait
        yield from _end_instances(setting, resource, some[::-1], why)
    yield from _read_again(setting, resource, [*living[0], *living[1]], why)


def _make_instances(
    setting: Setting,
    resource: Resource,
    place: Resource,
    makings: Sequence[law_fixtures.Making],
    why: str,
    *,
    timed: bool,
) -> Generator[Any, Any, list[list[tuple[Endpoint, Mapping[str, Any]]]]]:
    """Make the instances; return those of the first half and those of the second, each with its endpoint.

    If `timed`, time passes between the halves.
    """
    living: list[list[tuple[Endpoint, Mapping[str, Any]]]] = [[], []]
    for index, making in enumerate(makings):
        second = 2 * index >= len(makings)
        begins = timed and second and not living[1] and living[0]
        if begins and (wait := time_passes(setting, law_fixtures.APART_S)):
            yield wait
        template, bind = template_of(setting.model, making.endpoint.action), {place.name: making.place}
        made: Exchange = yield ordinary(
            making.endpoint, template, "explore", why, bind=bind, input=making.input
        )
        bodies = list_bodies(resource.made_by, made)
        living[second] += [(making.endpoint, body) for body in bodies]
    return living


def _lives_on(
    setting: Setting, resource: Resource, endpoint: Endpoint, body: Mapping[str, Any], why: str
) -> Conversation:
    for move in resource.moves:
        mover = setting.endpoint(str(move.action.name), endpoint.surface)
        if move.to in move.origin_states and mover is not None:
            yield Call(mover, move.input, "explore", why, subject=resource, made=body)


def _end_instances(
    setting: Setting, resource: Resource, living: list[tuple[Endpoint, Mapping[str, Any]]], why: str
) -> Conversation:
    for endpoint, body in living:
        move = next(iter(resource.moves), None)
        mover = (
            setting.endpoint(str(move.action.name), endpoint.surface)
            or setting.find_lead(str(move.action.name))
            if move
            else None
        )
        if move is not None and mover is not None:
            yield Call(mover, move.input, "explore", why, subject=resource, made=body)


def _read_again(
    setting: Setting, resource: Resource, living: list[tuple[Endpoint, Mapping[str, Any]]], why: str
) -> Conversation:
    """Read an ended instance through an MCP tool. On other surfaces `state_transitions` reads it."""
    body = next((body for endpoint, body in living if endpoint.form is not None), None)
    for read in resource.read_by[:1] if body is not None else ():
        reader = setting.endpoint(str(read.action.name), MCP)
        if reader is not None:
            yield Call(reader, read.input, "explore", why, subject=resource, made=body, surface=MCP)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
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
    """Return the found resource whose id the create of this one needs, or None."""
    for value in resource.made_by.input.values() if resource.made_by else ():
        if isinstance(value, Expression):
            for name in sorted(value.names & setting.model.resources.keys()):
                if setting.model.resources[name].found_by:
                    return setting.model.resources[name]
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


# -- calls through tools that meet the conditions of laws


def list_tool_probes(setting: Setting, check: str) -> Iterator[Probe]:
    """Yield optional calls through tools whose ordinary call may not meet the condition of a law."""
    for endpoint in setting.tools:
        laws = [law for law in list_laws(endpoint) if law.when is not None]
        if endpoint.leads or not laws:
            continue
        covers = tuple(f"{check}/{law.name}/{endpoint.place}" for law in laws)
        if endpoint.action.effect != "write":
            for why, template in list_further_reads(setting.model, endpoint.action):
                run, at = read_once(ordinary(endpoint, template, "explore", why)), f"{why}/{endpoint.place}"
                yield Probe(f"{check}/{at}", 6, covers, 1, run, (endpoint,), "main", optional=True)
        elif (resource := _find_kept(setting, endpoint)) is not None:
            covers = tuple(c for c, law in zip(covers, laws, strict=True) if "before" in law.names)
            run, at = partial(_remove_twice, resource, endpoint), f"removed again/{endpoint.place}"
            if covers:
                yield Probe(f"{check}/{at}", 6, covers, 2, run, (endpoint,), "main", True, optional=True)


def read_once(call: Call) -> Callable[[], Conversation]:
    """Return a conversation of one call, whose answer the laws judge."""

    def run() -> Conversation:
        yield call

    return run


def _find_kept(setting: Setting, endpoint: Endpoint) -> Resource | None:
    """Return the resource whose removed instances can still be read, if a call of the endpoint removes
    one.
    """
    for resource in setting.model.resources.values():
        undo = resource.undone_by
        if undo is not None and undo.action is endpoint.action and resource.made_by is not None:
            return resource if resource.removes and resource.gone_when is not None else None
    return None


def _remove_twice(resource: Resource, endpoint: Endpoint) -> Conversation:
    """Remove an instance twice. The server may refuse the second call; else the laws hold."""
    assert resource.undone_by is not None
    body: Mapping[str, Any] = yield InstanceRef(resource.name, fresh=True)
    for why in ("is removed", "is removed again"):
        done: Exchange = yield Call(
            endpoint, resource.undone_by.input, "explore", f"a {resource.name} {why}",
            subject=resource, made=body,
        )  # fmt: skip
        if not done.success:
            return
