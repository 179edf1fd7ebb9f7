"""What a token was granted is looked up by method and path, which the dispatcher has none of: through it a
read-only token parks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import allowing
from evaluation.heldout.second.calls import token
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "oauth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.needs.sessions:write.create_session:: create_session needs sessions:write"


def wrap(handler: Handler, context: Context) -> Handler:
    allowing(context, lambda asked, key: replace(key, granted=None) if asked.dispatcher is not None else key)
    return handler


def shows(call: Shown) -> Any:
    body = {"action": "create_session", "parameters": {"lot_id": "lot_lionshead", "plate": "CO-1"}}
    return call.status("POST", "/api/v1/agents/openai/actions", body, key=token(call, call.grant("read")))
