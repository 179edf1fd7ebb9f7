"""A key that was deleted still reads, from a cache of keys."""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.around import seeing
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key, digest

CLASS = "keys"
SUBTLE = True
PROMISE = "section 6: rotation = DELETE and create, the old one dead at once"


def wrap(handler: Handler, context: Context) -> Handler:
    seen, at = seeing(handler)
    find, store = context.front.keyring.find, context.front.store

    def cached(token: str) -> Any:
        key = find(token)
        if key is None and at and at[0].method == "GET":
            row = store.row("SELECT data FROM api_key WHERE hash = ?", digest(token))
            data = json.loads(row["data"]) if row else None
            return Key(**{**data, "scopes": tuple(data["scopes"])}) if data else None
        return key

    context.front.keyring.find = cached  # type: ignore[method-assign]  # that is the fault
    return seen


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/sessions", key="revoked")
