"""The notes in which watchers remember earlier exchanges, such as the last known body of an instance."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from pgagents.model.resource import id_text
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange

MAX_REQUEST_IDS = 15_000
MAX_BODIES = 3_000
"""The most bodies that are remembered. Beyond it the oldest are forgotten, so a long run needs no more
memory.
"""


class Memory:
    """Notes about the exchanges so far. Their number is bounded."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.model = setting.model
        self.bodies: dict[tuple[str, str], Any] = {}
        """The last known body of each instance, by resource and id; of very many, the oldest are forgotten.

        An exchange's own body is added after all watchers have judged it.
        """
        self.request_ids: set[str] = set()
        self._ids_in_order: deque[str] = deque()
        self.notes: dict[Any, Any] = {}
        """Notes of watchers, under keys that begin with the watcher's name."""
        self.reached: set[str] = set()
        """Places (`action@surface`) that answered a 2xx."""
        self.uncertain: set[tuple[str, str, str]] = set()
        """Instances whose removal got no answer, by resource, place and id. A server may reuse their ids."""
        self.unscoped: dict[str, str] = {}
        """Places where a valid call got the code for a missing scope."""
        self.keys: Mapping[str, str] = {}
        self.tokens: set[str] = set()

    def learn(self, key: tuple[str, str], body: Mapping[str, Any]) -> None:
        """Add an instance's members from a body to those known from earlier bodies."""
        self.bodies[key] = {**self.bodies.get(key, {}), **body}
        if len(self.bodies) > MAX_BODIES:
            del self.bodies[next(iter(self.bodies))]

    def forget_instances(self) -> None:
        """Forget all that was learned of instances, and what watchers have noted about earlier answers."""
        self.bodies.clear()
        self.uncertain.clear()
        self.notes.clear()

    def subject(self, exchange: Exchange) -> Any:
        """Return the last known body of the instance that a call names, from before the call; None if it is
        unknown.
        """
        endpoint = exchange.call.endpoint
        if endpoint is None:
            return None
        named = {p.refers_to: p for p in reversed(endpoint.params) if p.refers_to}
        for name in [n for n in reversed(named) if not self._contains_one(n, named)]:
            id: Any = exchange.input.get(str(named[name].name))
            if id is None:
                continue
            resource = self.model.resources[name]
            if len(resource.ids) > 1:
                id = id_text(resource.id_named(endpoint.params, exchange.input))
            body = self.bodies.get((name, f"{resource.place_in(endpoint.params, exchange.input)}{id}"))
            if body is not None:
                return body
        return None

    def _contains_one(self, name: str, others: Iterable[str]) -> bool:
        """True if a resource contains one of the others. A call that names both is about the inner one."""
        for other in others:
            above, met = self.model.resources[other].within, {other}
            while above is not None and above not in met:
                if above == name:
                    return True
                met.add(above)
                above = self.model.resources[above].within
        return False

    def note_request_id(self, value: str) -> bool:
        """Return True if the id is new. If there are very many, the oldest ids are forgotten."""
        if value in self.request_ids:
            return False
        self.request_ids.add(value)
        self._ids_in_order.append(value)
        if len(self.request_ids) > MAX_REQUEST_IDS:
            self.request_ids.remove(self._ids_in_order.popleft())
        return True
