"""Agents' demand asks for any paid plan's scope instead of `intelligence`, so a pro key reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import NEAR, Shown
from evaluation.heldout.second.around import allowing
from evaluation.heldout.second.calls import minted
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key
from pgagents.sandbox.routes import ParsedRequest

CLASS = "scopes"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_agent_demand.scope + auth.plans.pro:: intelligence, which pro has not"


def wrap(handler: Handler, context: Context) -> Handler:
    def of(asked: ParsedRequest, key: Key) -> Key:
        wanted = (
            asked.action is not None and asked.action.name == "get_agent_demand" and "agent" in key.scopes
        )
        return replace(key, scopes=(*key.scopes, "intelligence")) if wanted else key

    allowing(context, of)
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", f"/api/v2/intelligence/agent-demand?{NEAR}", key=minted(call, plan="pro"))
