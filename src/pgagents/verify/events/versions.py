"""Webhooks that are registered for one version of the envelope, and the deliveries to them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from pgagents.http import json_bytes
from pgagents.model.resource import Id, Resource
from pgagents.verify.check.check import Judgement, judge_broken, judge_kept, judge_untested
from pgagents.verify.check.setting import Setting
from pgagents.verify.events.deliveries import Event, misfit, same
from pgagents.verify.events.steps import ExpectedEvent
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.receiver import Inbox


def usual_version(setting: Setting) -> dict[str, Any]:
    """Return the argument that selects the usual envelope for a webhook; empty if there is no such
    argument.
    """
    return next(
        (
            {name: value}
            for name, value in _values(setting)
            if str(value) not in setting.model.webhooks.versions
        ),
        {},
    )


def box_of(version: str) -> str:
    """Return the name of the receiver's box for a version."""
    return f"events-version-{version}"


def _contract_of(version: str) -> str:
    return f"event_delivery/version/{version}@rest"


def register_versions(
    setting: Setting, receiver: Inbox, endpoint: Endpoint, type: str
) -> Generator[Any, Any, dict[str, str]]:
    """Register a webhook for each version of the envelope; return their secrets by version."""
    hooks, found = setting.model.webhooks, dict[str, str]()
    for version in hooks.versions:
        given = {hooks.url: receiver.open(box_of(version)), hooks.types: [type]}
        given |= next({name: value} for name, value in _values(setting) if str(value) == version)
        why = f"a webhook of version {version} for {type}"
        made: Exchange = yield Call(endpoint, given, "valid", why, fresh=True)
        if made.success:
            found[version] = str(got(made.body, hooks.secret_at or "") or "")
        else:
            reason = f"no webhook could be registered: {made.outcome}"
            yield judge_untested(_contract_of(version), reason, sticky=True)
    return found


def _values(setting: Setting) -> Iterator[tuple[str, Any]]:
    """Yield the argument that selects a version, with each of its values."""
    hooks = setting.model.webhooks
    action = setting.model.action(str(hooks.registered_by)) if hooks.version else None
    param = action.param(str(hooks.version)) if action is not None else None
    for value in setting.resolve_schema(param.schema).get("enum", ()) if param is not None else ():
        yield str(hooks.version), value


def judge_version(
    setting: Setting,
    version: str,
    told: Sequence[ExpectedEvent],
    usual: Sequence[Event],
    came: Sequence[Event],
) -> Iterator[Judgement]:
    """Judge the events for a webhook of a version by the actions' answers.

    `usual` are the events for a webhook with the usual envelope and the same type. Only events that arrived
    there must arrive here, too.
    """
    form, contract = setting.model.webhooks.versions[version], _contract_of(version)
    expected = f"a webhook of version {version} hears each event as {form.envelope}"
    if wrong := next((w for event in came if (w := misfit(setting, event))), ""):
        yield judge_broken(contract, expected, wrong)
        return
    for one in told:
        if not any(is_about(event, one) for event in usual):
            continue  # other contracts judge a missing event
        mine = [event for event in came if is_about(event, one)]
        if not mine:
            heard = ", ".join(sorted({event.type or "no event" for event in came})) or "nothing"
            yield judge_broken(contract, f"{expected}: {one.type} about {one.id}", f"{heard} came")
            return
        compared = mine if count_alike(told, one) > 1 else mine[:1]
        different = [_find_difference(one.body, event.data) for event in compared]
        if all(different):
            yield judge_broken(contract, f"{expected}, with the same data", different[-1])
            return
        yield judge_kept(contract)


def is_about(event: Event, told: ExpectedEvent) -> bool:
    """True if an event has the type of the expected one, and shows its instance."""
    return (
        event.type == told.type
        and isinstance(event.data, Mapping)
        and told.resource.id_of(event.data) == told.id
    )


def shows(setting: Setting, event: Event, resource: Resource, id: Id) -> bool:
    """True if an event shows an instance.

    An id that is a text may stand anywhere in the event. A number means it in the data of such events alone.
    """
    if isinstance(id, str):
        return json_bytes(id) in event.delivery.body
    known = setting.model.webhooks.events.get(event.type or "")
    about = known is not None and known.about == resource.name
    return about and isinstance(event.data, Mapping) and resource.id_of(event.data) == id


def count_alike(told: Sequence[ExpectedEvent], one: ExpectedEvent) -> int:
    """Return how many of the expected events have the type of one of them, and are about its instance."""
    return sum((o.type, o.resource.name, o.id) == (one.type, one.resource.name, one.id) for o in told)


def list_taken(events: Sequence[Event], one: ExpectedEvent) -> set[str | bytes]:
    """Return the ids of the events about an expected one that our receiver took; without ids, their bodies.

    An event that was delivered twice counts once.
    """
    return {e.id or e.delivery.body for e in events if is_about(e, one) and not e.refused}


def _find_difference(body: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    name = next((m for m, v in body.items() if m in data and not same(v, data[m])), None)
    return f"{name} is {data[name]}, the action answered {body[name]}" if name is not None else ""
