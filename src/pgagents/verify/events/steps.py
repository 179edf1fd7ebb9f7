"""Steps that make and move instances so that every event about them is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.model.action import Action
from pgagents.model.model import Id, Move, Resource
from pgagents.verify.check.check import Conversation
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

Step = tuple[str, Resource, Action, Move | None]
"""A type of event, and the resource and action that send it; the transition is None if the action makes
the instance.
"""


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """An event that a successful action must send: its type, and the instance as the action answered it."""

    type: str
    resource: Resource
    id: Id | None
    body: Mapping[str, Any]


def steps_of(setting: Setting) -> tuple[Step, ...]:
    """Return the steps that cause every event: first make an instance, then keep it in its state, then
    move it on.
    """
    hooks = setting.model.webhooks
    found: list[Step] = []
    for type, event in hooks.events.items() if hooks else ():
        resource = setting.model.resources.get(event.about or "")
        for name in event.by if resource is not None and resource.made_by is not None else ():
            assert resource is not None
            assert resource.made_by is not None
            move = next((m for m in resource.moves if m.action.name == name), None)
            action = (
                resource.made_by.action
                if resource.made_by.action.name == name
                else move.action
                if move
                else None
            )
            if action is not None and setting.find_lead(name) is not None:
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


def types_of(steps: tuple[Step, ...]) -> list[str]:
    """Return the event types of these steps, each once."""
    return list(dict.fromkeys(type for type, *_ in steps))


def act(
    setting: Setting, steps: tuple[Step, ...], told: list[ExpectedEvent], secrets: set[str]
) -> Conversation:
    """Make one instance of each resource and move it, and at last try an action that must be refused.

    Expected events are added to `told`, secrets that answers held to `secrets`.
    """
    current: dict[str, Mapping[str, Any]] = {}
    for type, resource, action, move in steps:
        endpoint = _endpoint(setting, action, last=(type, resource, action, move) == steps[-1])
        action_call = resource.made_by
        assert action_call is not None
        why = f"so that {type} is sent"
        if move is None:
            exchange: Exchange = yield Call(
                endpoint, action_call.input, "valid", why, fresh=True, surface=endpoint.surface
            )
        elif resource.name in current:
            exchange = yield Call(
                endpoint,
                move.input,
                "valid",
                why,
                subject=resource,
                made=current[resource.name],
                surface=endpoint.surface,
            )
        else:
            exchange = yield Call(
                endpoint,
                move.input,
                "valid",
                why,
                subject=resource,
                states=move.origin_states,
                fresh=True,
                surface=endpoint.surface,
            )
        body = at_path(action_call, exchange) if action_call.at is not None and exchange.success else None
        if isinstance(body, Mapping) and resource.id_of(body) is not None:
            current[resource.name] = {**current.get(resource.name, {}), **body}
            told.append(
                ExpectedEvent(type, resource, resource.id_of(body), {} if exchange.tainted else body)
            )  # a faulty answer cannot be compared with
            secrets |= {v for k, v in body.items() if k in setting.model.secrets and isinstance(v, str)}
            if move is not None and move.to not in move.origin_states:
                again = f"{action.name} once more, which must be refused and send nothing"
                plainly = setting.get_lead(str(action.name))
                yield Call(
                    plainly, move.input, "illegal", again, subject=resource, made=current[resource.name]
                )


def _endpoint(setting: Setting, action: Action, *, last: bool) -> Endpoint:
    """Return the action's first endpoint, but for the last step a dispatcher's: an event does not depend on
    the surface.
    """
    endpoints = (
        (setting.endpoint(str(action.name), d.surface) for d in setting.model.dispatchers) if last else ()
    )
    return next((d for d in endpoints if d is not None), setting.get_lead(str(action.name)))
