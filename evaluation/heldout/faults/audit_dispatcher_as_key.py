"""The dispatcher stamps sessions with what the key says instead of its own agent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = True
PROMISE = "Attribution: the dispatcher stamps chatgpt/openai whatever the key"


def wrap(handler: Handler, context: Context) -> Handler:
    acts(context, lambda inner, call: inner(replace(call, attribution={})), "create_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.dispatch("create_session", {"lot_id": "lot_lionshead", "plate": "CO-1"})["session"]
    return session["agent_name"], session["agent_platform"]
