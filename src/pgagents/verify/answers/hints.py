"""Choose the calls that test a hint of a writing action, on instances that the run made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.reason import Reason
from pgagents.verify.answers.observation import (
    GONE,
    Body,
    Observation,
    Source,
    TraceSource,
    list_compared,
    list_sources,
    name_instance,
    shows_instances,
)
from pgagents.verify.cases.argument_values import choose_other
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.fixtures.target import is_made_by, list_involved
from pgagents.verify.promise import Attempt
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, UniqueValue
from pgagents.verify.wire.endpoint import MCP, Endpoint
from pgagents.verify.wire.exchange import Exchange

STAGE = 7
"""The stage of the probes that test hints."""
CLAIMED = "not shown: claimed, and nothing came to the receiver"
RECEIVER = "--receiver auto", "--receiver URL"
NEEDS_RECEIVER = Reason(
    "needs an address where calls would arrive: add --receiver auto, or --receiver URL", RECEIVER
)


@dataclass(frozen=True, slots=True)
class HintedCall:
    """A writing action, and the resource whose instances show its effect.

    `makes` is true if the call makes the instance instead of naming one.
    """

    endpoint: Endpoint
    resource: Resource
    sources: tuple[Source, ...]
    makes: bool

    @property
    def states(self) -> tuple[str, ...]:
        """The states in which the action accepts an instance; empty if it accepts every state."""
        action = self.endpoint.action
        moves = (move.origin_states for move in self.resource.moves if move.action is action)
        return next(moves, None) or next((n.states for n in self.resource.needs if n.action is action), ())


def find_hinted_call(setting: Setting, endpoint: Endpoint, *, widely: bool = False) -> HintedCall | str:
    """Return the call that tests a hint of the action; or, as a text, why there is none.

    With `widely`, what the call makes and a list shows comes before what it names. A job will do then, and so
    will instances of an inferred resource: what these show can only be odd.
    """
    action = endpoint.action
    if action.signed is not None:
        return "only its sender can sign a call"
    if action.job is not None and not widely:
        return "its work goes on after its answer"
    named = [p.refers_to for p in action.params if p.refers_to and p.required]
    involved = list_involved(setting.model, action)
    made = [r for r in involved if is_made_by(r, action)]
    of = [r for name in reversed(named) if (r := setting.model.resources.get(name)) and r.made_by is not None]
    moved = [r for r in involved if any(m.action is action for m in r.moves)]
    undone = next(iter(_list_undone(setting, action)), None)
    if undone is not None:  # its id is in no answer about another instance that is named, as its parent
        of = [undone] if undone in of else []
    guess = None
    listed = [r for r in made if widely and any(one.lists for one in list_sources(setting, r))]
    for resource in [*listed, *(r for r in moved if r in of), *of, *made]:
        sources = tuple(list_sources(setting, resource))
        maker = resource.made_by.action if resource.made_by is not None else None
        if maker is None or not shows_instances(sources) or setting.find_usable_lead(str(maker.name)) is None:
            continue
        if widely or not resource.is_seen_by_guess:
            return HintedCall(endpoint, resource, sources, maker is action)
        guess = guess or resource
    return say_inferred(guess) if guess is not None else "no action reads what it writes"


def _list_undone(setting: Setting, action: Action) -> list[Resource]:
    every = setting.model.resources.values()
    return [r for r in every if r.undone_by is not None and r.undone_by.action is action]


def say_inferred(resource: Resource) -> str:
    """Return the reason for not testing a hint on instances of an inferred resource."""
    return (
        f"the resource {resource.name} is only inferred; without `inferred: true` in a catalogue it is tried"
    )


def make_first(
    setting: Setting, hinted: HintedCall, body: Body | None, why: str, *, other: bool = False
) -> Call:
    """Return the call on an instance. With `other`, its free arguments get other values than usual."""
    resource, endpoint = hinted.resource, hinted.endpoint
    arguments: dict[str, Any] = dict(template_of(setting.model, endpoint.action).input)
    key = endpoint.action.idempotency
    if key is not None and any(param.name == key for param in endpoint.params):
        arguments.setdefault(str(key), UniqueValue())  # two equal calls must be two different requests
    if hinted.makes and resource.made_by is not None:
        arguments.update(resource.made_by.input)
        return Call(endpoint, arguments, "explore", why, fresh=True)
    move = next((m for m in resource.moves if m.action is endpoint.action), None)
    undo = resource.undone_by
    kinds = setting.model.resources.values()
    part = next((each for each in kinds if is_made_by(each, endpoint.action)), None)
    if move is not None and move.input:
        arguments.update(move.input)
    elif undo is not None and undo.action is endpoint.action:
        arguments.update(undo.input)
    elif part is not None and part.made_by is not None:
        arguments.update(part.made_by.input)
    if body is not None:
        arguments = name_instance(resource, endpoint, body, arguments)
    if other:
        free = [p for p in endpoint.params if str(p.name) in arguments and _is_free(hinted, p)]
        others = {str(p.name): choose_other(setting, endpoint, p, arguments[str(p.name)]) for p in free}
        arguments.update({name: value for name, value in others.items() if value is not None})
    taken = part is not None and bool(part.unique)  # by an earlier call with the same other instances
    return Call(endpoint, arguments, "explore", why, subject=resource, made=body, fresh=taken)


def _is_free(hinted: HintedCall, param: Param) -> bool:
    used = (hinted.endpoint.action.idempotency, hinted.endpoint.action.if_match)
    return param.in_body and param.refers_to is None and str(param.name) not in used and param.file is None


def find_made(hinted: HintedCall, exchange: Exchange) -> Body | None:
    """Return the instance that a call made, as its answer shows it."""
    body = at_path(hinted.resource.made_by, exchange) if exchange.success else None
    return body if isinstance(body, Mapping) and hinted.resource.id_of(body) is not None else None


def list_fillers(setting: Setting, resource: Resource) -> list[HintedCall]:
    """Return the calls that add parts to an instance, so that a destructive action has something to
    destroy.
    """
    fillers = []
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        moves = any(move.action is action for move in resource.moves)
        mild = not action.hints.destructive.value or action.method in ("PUT", "PATCH")
        mild = mild and not action.hints.read_only.value and not action.costs
        if endpoint is None or moves or not mild or action.signed is not None or action.job is not None:
            continue
        if setting.model.is_removal(action) or _undoes(resource, action):
            continue
        if any(p.refers_to == resource.name and p.required for p in endpoint.params):
            fillers.append(HintedCall(endpoint, resource, (), makes=False))
    return fillers


def _undoes(resource: Resource, action: Action) -> bool:
    return resource.undone_by is not None and resource.undone_by.action is action


def make_attempt(
    resource: Resource,
    sources: Iterable[Source],
    fillers: Iterable[HintedCall],
    *,
    alone: bool = False,
    **fields: Any,
) -> Attempt:
    """Return the attempt that tries a hint. It makes an instance, adds to it, and compares reads before and
    after the call.

    `alone` is true if it reads events or the audit, which also show what other probes do meanwhile. `fields`
    are the attempt's other fields.
    """
    makers = (resource.made_by.action,) if resource.made_by is not None else ()
    added = (filler.endpoint.action for filler in fillers)
    return Attempt(
        writes=True,
        overlap="none" if alone else "readers",
        compares=list_compared(sources),
        calls=(*makers, *added, *(move.action for move in resource.moves)),
        **fields,
    )


def fill(
    setting: Setting, fillers: Iterable[HintedCall], body: Body, traces: TraceSource | None = None
) -> None:
    """Make the calls that add parts to an instance, and note them in `traces`."""
    for filler in fillers:
        if traces is not None:
            traces.note(filler.endpoint.action)
        ask(make_first(setting, filler, body, "so that there is something to lose"))


# -- calls that are repeated


def takes_key(setting: Setting, endpoint: Endpoint) -> bool:
    """True if a call to the endpoint can have an idempotency key."""
    action = endpoint.action
    if endpoint.surface == MCP:
        return setting.model.surfaces[MCP].key_param(action) is not None
    return action.idempotency is not None and any(p.name == action.idempotency for p in endpoint.params)


def add_key(setting: Setting, call: Call) -> Call:
    """Return the first call with a new idempotency key, if it can have one."""
    assert call.endpoint is not None
    if not takes_key(setting, call.endpoint):
        return call
    name = str(call.endpoint.action.idempotency)
    return replace(call, input={**call.input, name: UniqueValue(once=True)}, keyed=True)


def list_sent(action: Action, first: Exchange) -> dict[str, Any]:
    """Return the arguments of a call as they were sent, without the defaults that its exchange fills in."""
    left_out = {
        str(param.name)
        for param in action.params
        if "default" in param.schema and str(param.name) not in first.call.input
    }
    return {name: value for name, value in first.input.items() if name not in left_out}


def counts_made(hinted: HintedCall, once: Observation) -> bool:
    """True if a list or a count shows the instance that was made, so that it would show a second one too."""
    lists = [source for source in hinted.sources if source.lists]
    return any(one.counter or once.get((one.label, 0, ""), GONE) != GONE for one in lists)
