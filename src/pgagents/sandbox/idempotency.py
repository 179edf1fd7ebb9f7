"""Idempotency keys: calls with the same key and arguments have one effect.

A key is stored after a success.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.http import Response, json_bytes
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import answers
from pgagents.sandbox.call import Other
from pgagents.sandbox.keys import Key
from pgagents.sandbox.store import Store

LIVES_S = 24 * 3600.0
"""The lifetime of an idempotency key in seconds, if the catalogue has none."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier successful call with the same idempotency key.

    `same` is True if its arguments were the same. `resource` is the id of the instance that it made.
    """

    same: bool
    resource: str
    answer: Response


def fingerprint(action: Action, values: Mapping[str, Any]) -> bytes:
    """Return a hash of an action and its arguments, without the idempotency key; equal calls have equal
    hashes.
    """
    kept = {k: values[k] for k in sorted(values) if k != action.idempotency}
    return hashlib.sha256(json_bytes([str(action.name), _canonical(kept)])).digest()


def earlier(store: Store, owner: str, value: str, hash: bytes, now: float) -> Earlier | None:
    """Return the earlier call with this idempotency key, or None. Expired keys are deleted first."""
    store.run("DELETE FROM idempotency WHERE dies_at <= ?", now)
    row = store.row(
        "SELECT hash, resource, status, headers, answer FROM idempotency WHERE key_id = ? AND value = ?",
        owner,
        value,
    )
    if row is None:
        return None
    headers = tuple((str(name), str(value)) for name, value in json.loads(row["headers"]))
    answer = Response(row["status"], headers, row["answer"])
    return Earlier(bytes(row["hash"]) == hash, row["resource"], answer)


def remember(
    store: Store, owner: str, value: str, hash: bytes, answer: Response, resource: str, dies_at: float
) -> None:
    """Store an idempotency key with its answer.

    Pass an answer without a body if the body must not be repeated.
    """
    store.run(
        "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        owner,
        value,
        hash,
        resource,
        answer.status,
        json.dumps(answer.headers),
        answer.body,
        dies_at,
    )


def find_owner(model: Model, action: Action, key: Key | None) -> str:
    """Return the id under which the idempotency keys of a call are stored; empty for a call without a key."""
    if key is None:
        return ""
    owner = key.tenant if model.idempotency.of == "project" else key.id
    return f"{owner} {action.name}" if model.idempotency.per_action else owner


def refuse_reuse(model: Model, action: Action, found: Earlier, request_id: str) -> Response:
    """Return the refusal of a call whose idempotency key was used before."""
    code = next((c for c in action.errors if c.status == 409), model.codes[model.errors.framework.invalid])
    if not found.same and model.idempotency.otherwise is not None:
        code = model.codes[model.idempotency.otherwise]
    told = "was used for another call" if not found.same else "was used"
    message = f"This idempotency key {told}; it made {found.resource}"
    return answers.make_refusal(model, code, message, request_id)


def resource_of(result: Any) -> str:
    """Return the first `id` in a call's result, in breadth-first order; without one, a phrase for
    messages.
    """
    stack = [result.data if isinstance(result, Other) else result]
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
    """Return a value with sorted members, and integers in place of equal doubles, so that 8 equals 8.0."""
    if isinstance(value, Mapping):
        return {k: _canonical(value[k]) for k in sorted(value)}
    if isinstance(value, list):
        return [_canonical(v) for v in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
