"""Steps that make and move instances, so that the server sends every event about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.text import is_masked
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.resource import Id, Move, Resource
from pgagents.verify.cases.argument_values import add_optional
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import template_of, time_passes
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import Endpoint

Step = tuple[str, Resource, Action, Move | None]
"""A type of event, the resource and action that cause it, and the action's transition.

The transition is None if the action makes the instance, or changes it by an argument with its id. It is also
None if the action starts a job whose end causes the event.
"""
MOST_WAIT_S = 60.0
SHORTEST = 4
"""The fewest characters of a secret: a shorter text stands in others by chance."""


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """An event that a successful action must send: its type, and the instance in the action's answer."""

    type: str
    resource: Resource
    id: Id | None
    body: Mapping[str, Any]


def is_caused(setting: Setting, type: str) -> bool:
    """True if an action, or the end of a job, causes events of this type about an instance."""
    event = setting.model.webhooks.events.get(type)
    return event is not None and bool(event.about and (event.by or _find_job(setting, event.about)))


def _find_job(setting: Setting, resource: str) -> Action | None:
    """Return the action that starts the job which a resource represents."""
    actions = (a for a in setting.model.actions if a.job is not None and a.job.resource == resource)
    return next(actions, None)


def steps_of(setting: Setting) -> tuple[Step, ...]:
    """Return the steps that cause every event.

    For each resource, an instance is first made or changed without a transition. Then come transitions that
    keep its state, then all others.
    """
    hooks = setting.model.webhooks
    found: list[Step] = []
    for type, event in hooks.events.items() if hooks else ():
        resource = setting.model.resources.get(event.about or "")
        if resource is None or resource.made_by is None:
            continue
        job = _find_job(setting, resource.name) if not event.by else None
        if job is not None and setting.find_lead(str(job.name)) is not None:
            found.append((type, resource, job, None))
        for name in event.by:
            move = next((m for m in resource.moves if m.action.name == name), None)
            lead = setting.find_lead(name)
            action = resource.made_by.action if resource.made_by.action.name == name else None
            action = action or (move.action if move is not None else None)
            if action is None and lead is not None and _id_argument(resource, lead.action) is not None:
                action = lead.action
            if action is not None and lead is not None:
                found.append((type, resource, action, move))
    return tuple(
        sorted(
            found,
            key=lambda s: (
                s[1].name,
                s[3] is not None,
                s[3] is not None and s[3].to not in s[3].origin_states,
            ),
        )
    )


def _id_argument(resource: Resource, action: Action) -> str | None:
    """Return the argument with the instance's id; None if there is none, or if no read shows the change."""
    named = (str(p.name) for p in action.params if p.refers_to == resource.name)
    return next(named, None) if resource.read_by else None


def types_of(steps: tuple[Step, ...]) -> list[str]:
    """Return the event types of these steps, each once."""
    return list(dict.fromkeys(type for type, *_ in steps))


def act(
    setting: Setting, steps: tuple[Step, ...], told: list[ExpectedEvent], secrets: set[str], *, timed: bool
) -> None:
    """Make one instance of each resource and move it; finally make a call that must be refused.

    Expected events are added to `told`, and secrets in answers to `secrets`. `timed` is true if the
    operator's clock may be moved.
    """
    current: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        type, resource, action, move = step
        made_by = resource.made_by
        assert made_by is not None
        if move is None and not setting.model.webhooks.events[type].by:
            body = _end_job(setting, step, timed=timed)
        elif move is None and action is not made_by.action:
            body = _change(setting, step)
        else:
            last = step == steps[-1]
            body = _make_or_move(setting, step, current, told, last=last)
            texts = (v for k, v in body.items() if k in setting.model.secrets and isinstance(v, str))
            # one that is shown once is empty or masked later
            secrets |= {text for text in texts if len(text) >= SHORTEST and not is_masked(text)}
            continue
        if body:
            told.append(ExpectedEvent(type, resource, resource.id_of(body), body))


def _make_or_move(
    setting: Setting,
    step: Step,
    current: dict[str, Mapping[str, Any]],
    told: list[ExpectedEvent],
    *,
    last: bool,
) -> Mapping[str, Any]:
    """Make or move an instance; return it as the action answered it, empty if the answer does not hold it."""
    type, resource, action, move = step
    endpoint = _endpoint(setting, action, last=last)
    action_call = resource.made_by
    assert action_call is not None
    why = f"so that {type} is sent"
    plain = Call(endpoint, action_call.input, "valid", why, fresh=True)
    if move is not None and resource.name in current:
        made = current[resource.name]
        plain = replace(plain, input=move.input, subject=resource, made=made, fresh=False)
    elif move is not None:
        plain = replace(plain, input=move.input, subject=resource, states=move.origin_states)
    rich = plain if move is not None else replace(plain, input=add_optional(setting, endpoint, plain.input))
    exchange = ask(rich)
    if not exchange.success and rich.input != plain.input:
        exchange = ask(plain)
    body = at_path(action_call, exchange) if action_call.at is not None and exchange.success else None
    if not isinstance(body, Mapping) or resource.id_of(body) is None:
        return {}
    current[resource.name] = {**current.get(resource.name, {}), **body}
    told.append(
        ExpectedEvent(type, resource, resource.id_of(body), {} if exchange.tainted else body)
    )  # a faulty answer cannot be compared with an event
    if move is not None and move.to not in move.origin_states:
        again = f"{action.name} once more, which must be refused and send nothing"
        plainly = setting.get_lead(str(action.name))
        ask(Call(plainly, move.input, "illegal", again, subject=resource, made=current[resource.name]))
    return body


def _change(setting: Setting, step: Step) -> Mapping[str, Any]:
    """Call an action that takes the id of an instance; return the instance as a read shows it afterwards."""
    type, resource, action, _ = step
    endpoint, template = setting.get_lead(str(action.name)), template_of(setting.model, action)
    why = f"so that {type} is sent"
    exchange = ask(Call(endpoint, template.input, "valid", why, fresh=True, standard=True))
    id = exchange.input.get(str(_id_argument(resource, action))) if exchange.success else None
    return _read(setting, resource, id) if id is not None else {}


def _end_job(setting: Setting, step: Step, *, timed: bool) -> Mapping[str, Any]:
    """Start a job and let it end; return the instance as a read shows it then.

    If the operator's clock may be moved, it is moved to the end of the job.
    """
    type, resource, action, _ = step
    made_by = resource.made_by
    assert made_by is not None
    assert action.job is not None
    endpoint, why = setting.get_lead(str(action.name)), f"so that {type} is sent when it ends"
    input = made_by.input if made_by.action is action else template_of(setting.model, action).input
    exchange = ask(Call(endpoint, input, "valid", why, fresh=True))
    body = at_path(made_by, exchange) if made_by.at is not None and exchange.success else None
    id = resource.id_of(body) if isinstance(body, Mapping) else None
    wait_s = min(action.job.within_s, MOST_WAIT_S)
    passed = time_passes(setting, action.job.within_s) if timed else None
    ask(passed if passed is not None else Sleep(wait_s, quiet=True))
    ended = _read(setting, resource, id) if id is not None else {}
    return ended if ended.get(action.job.state) in action.job.ends else {}


def _read(setting: Setting, resource: Resource, id: Id) -> Mapping[str, Any]:
    """Return an instance as its reading action shows it; empty if it does not show it."""
    read = resource.read_by[0] if resource.read_by else None
    if read is None:
        return {}
    endpoint = setting.get_lead(str(read.action.name))
    made = dict(zip(resource.ids, id if isinstance(id, tuple) else (id,), strict=True))
    exchange = ask(
        Call(
            endpoint,
            read.input,
            "valid",
            f"the {resource.name} that an event shows",
            subject=resource,
            made=made,
        )
    )
    body = at_path(read, exchange) if read.at is not None and exchange.success else None
    return body if isinstance(body, Mapping) and not exchange.tainted else {}


def _endpoint(setting: Setting, action: Action, *, last: bool) -> Endpoint:
    """Return the action's first endpoint; for the last step, prefer a dispatcher's.

    A dispatcher's call must cause the same events as a call over REST.
    """
    endpoints = (
        (setting.endpoint(str(action.name), d.surface) for d in setting.model.dispatchers) if last else ()
    )
    return next((d for d in endpoints if d is not None), setting.get_lead(str(action.name)))
