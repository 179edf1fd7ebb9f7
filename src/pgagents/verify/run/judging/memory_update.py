"""Update the memory of watchers with an answer, after the last watcher has judged it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.model.resource import Resource, id_text
from pgagents.verify.answers.removed import list_removed
from pgagents.verify.check.memory import Memory
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.target import changes_unseen, is_made_by
from pgagents.verify.wire.exchange import Exchange

MISTAKE, CRASHED = 400, 500


def learn(
    memory: Memory, exchange: Exchange, told: Sequence[tuple[Resource, Mapping[str, Any]]], *, beside: bool
) -> None:
    """Update the memory with an exchange's answer.

    If several writes ran at the same time, their order is unknown. Then the memory forgets the bodies
    that they answered.
    """
    if exchange.call.plain:
        return
    if exchange.sent_on or (exchange.success and exchange.output is not None):
        memory.reached.add(exchange.place)
    if exchange.error or exchange.status >= CRASHED:
        _note_uncertain(memory, exchange)
    for resource, body in told if exchange.fits else ():
        assert exchange.call.endpoint is not None
        place = resource.place_in(exchange.call.endpoint.params, exchange.input)
        key = (resource.name, f"{place}{id_text(resource.id_of(body))}")
        writes = exchange.call.endpoint.action.effect == "write"
        if writes and (beside or is_made_by(resource, exchange.call.endpoint.action)):
            memory.bodies.pop(key, None)  # a new instance may have the id of a removed one
        if not (writes and beside):
            memory.learn(key, body)
    if not MISTAKE <= exchange.status < CRASHED:
        _learn_change(memory, exchange, beside=beside)


def _learn_change(memory: Memory, exchange: Exchange, *, beside: bool) -> None:
    """Forget the body of an instance that a write has changed, or replace it by the one in the answer.

    It is replaced if the answer shows the same instance and no other call may have changed it since.
    """
    endpoint = exchange.call.endpoint
    if endpoint is None or endpoint.action.effect != "write":
        return
    for resource in memory.model.resources.values():
        if not changes_unseen(memory.setting, resource, endpoint.action):
            continue
        place = resource.place_in(endpoint.params, exchange.input)
        body = (
            at_path(resource.made_by, exchange) if exchange.fits and exchange.success and not beside else None
        )
        for param in endpoint.params:
            id = exchange.input.get(str(param.name))
            if param.refers_to != resource.name or id is None:
                continue
            memory.bodies.pop((resource.name, f"{place}{id}"), None)
            if isinstance(body, Mapping) and resource.id_of(body) == id:
                memory.learn((resource.name, f"{place}{id}"), body)


def _note_uncertain(memory: Memory, exchange: Exchange) -> None:
    """Note instances that a call may have removed although its answer does not confirm it."""
    for resource, place, id in list_removed(memory.setting, exchange):
        memory.uncertain.add((resource.name, place, id))
