"""A key's integration wins over the surface, so a Copilot key's sessions through the dispatcher are
stamped copilot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher and REST"
SUBTLE = True
FORM = "formal"
PROMISE = "surfaces.dispatcher.attribution:: what comes through the dispatcher is stamped chatgpt, openai"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        own_stamp = call.surface != "rest" and call.key is not None and call.key.integration is not None
        return inner(replace(call, attribution={}) if own_stamp else call)

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    session = call.dispatch("create_session", {"lot_id": "lot_lionshead", "plate": "CO-1"}, key="copilot")[
        "session"
    ]
    return session["agent_name"], session["agent_platform"]
