"""A key's integration is stamped wherever it has one, also through the dispatcher."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.domain import PLATFORMS

CLASS = "attribution"
SUBTLE = True
FORM = "formal"
PROMISE = "surfaces.dispatcher.attribution.agent_platform:: openai, whatever the key"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        name = call.key.integration if call.key else None
        if call.surface != "rest" and name in PLATFORMS:
            return inner(replace(call, attribution={"agent_name": name, "agent_platform": PLATFORMS[name]}))
        return inner(call)

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    return call.dispatch("create_session", {"lot_id": "lot_lionshead", "plate": "CO-1"}, key="copilot")[
        "session"
    ]["agent_platform"]
