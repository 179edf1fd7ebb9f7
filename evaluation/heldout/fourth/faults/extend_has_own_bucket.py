"""Extending was moved to a service of its own, whose bucket is not the one of all the key's other writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key
from pgagents.sandbox.limits import Drawn
from sandboxes import named

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.extend_session.bucket + limits.buckets.create.description:: all writes of a key share one bucket"
)


def wrap(handler: Handler, context: Context) -> Handler:
    limits = context.front.limits
    draw = limits.draw

    def apart(action: Action | None, key: Key | None, **rest: Any) -> Drawn | None:
        if action is not None and key is not None and action.name == "extend_session":
            key = replace(key, id=f"{key.id}:extend")
        return draw(action, key, **rest)

    limits.draw = apart  # type: ignore[method-assign,assignment]  # the same with a mistake
    return handler


def shows(call: Shown) -> Any:
    session = call.park(key="test")
    return call("POST", "/api/v1/sessions/extend", named(session), key="test").header("x-ratelimit-remaining")
