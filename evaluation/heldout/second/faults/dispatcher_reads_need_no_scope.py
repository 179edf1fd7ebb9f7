"""The dispatcher asks for its scope only where an action writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import allowing
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key
from pgagents.sandbox.routes import ParsedRequest

CLASS = "scopes"
SUBTLE = True
FORM = "formal"
PROMISE = "surfaces.dispatcher.scope.agent:: every call through the dispatcher needs agent"


def wrap(handler: Handler, context: Context) -> Handler:
    def of(asked: ParsedRequest, key: Key) -> Key:
        reads = asked.dispatcher is not None and asked.action is not None and asked.action.effect == "read"
        return replace(key, scopes=(*key.scopes, "agent")) if reads else key

    allowing(context, of)
    return handler


def shows(call: Shown) -> Any:
    body = {"action": "get_rates", "parameters": {"lot_id": "lot_lionshead"}}
    return call.status("POST", "/api/v1/agents/openai/actions", body, key="starter")
