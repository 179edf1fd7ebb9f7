"""One effect for one idempotency key: remembered for a day after a 2xx."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.http import Response, json_bytes
from pgagents.model.action import Action
from pgagents.sandbox.store import Store

LIVES_S = 24 * 3600.0
"""How long a key holds where the catalogue does not say."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A call that succeeded with this idempotency key: whether its arguments were the same, what it made, what it answered."""

    same: bool
    resource: str
    answer: Response


def fingerprint(action: Action, values: Mapping[str, Any]) -> bytes:
    """What makes two calls the same: the action and its arguments, the idempotency key apart."""
    kept = {k: values[k] for k in sorted(values) if k != action.idempotency}
    return hashlib.sha256(json_bytes([str(action.name), _canonical(kept)])).digest()


def earlier(store: Store, owner: str, value: str, hash: bytes, now: float) -> Earlier | None:
    """The call that took this idempotency key, if there was one."""
    store.run("DELETE FROM idempotency WHERE dies_at <= ?", now)
    row = store.row("SELECT hash, resource, status, answer FROM idempotency WHERE key_id = ? AND value = ?", owner, value)
    if row is None:
        return None
    answer = Response(row["status"], (("Content-Type", "application/json"),), row["answer"])
    return Earlier(bytes(row["hash"]) == hash, row["resource"], answer)


def remember(store: Store, owner: str, value: str, hash: bytes, answer: Response, resource: str, dies_at: float) -> None:
    """Take the idempotency key. An answer may hold secrets: hand one without a body where it is never told again."""
    store.run("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)", owner, value, hash, resource, answer.status, answer.body, dies_at)


def resource_of(result: Any) -> str:
    """The id of what a call made or changed: the first `id` in its answer, else the first member that ends in `_id`."""
    stack = [result]
    while stack:
        value = stack.pop(0)
        if isinstance(value, Mapping):
            if isinstance(value.get("id"), str):
                return str(value["id"])
            stack += value.values()
        elif isinstance(value, list):
            stack += value[:1]
    return "an earlier call's result"


def _canonical(value: Any) -> Any:
    """Members in one order; 8 and 8.0 are one number."""
    if isinstance(value, Mapping):
        return {k: _canonical(value[k]) for k in sorted(value)}
    if isinstance(value, list):
        return [_canonical(v) for v in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
