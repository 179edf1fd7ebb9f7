"""The webhooks' paths ask a token for any scope at all, so one that was granted reading alone has the
user's sessions sent elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import seeing
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.needs.sessions:write.create_webhook:: making a webhook needs the scope sessions:write"


def wrap(handler: Handler, context: Context) -> Handler:
    answer, at = seeing(handler)
    grants = context.front.grants
    assert grants is not None
    key = grants.key

    def widened(text: str, now: float) -> Key | None:
        found = key(text, now)
        if found is None or not found.granted or not at or not at[0].path.startswith("/api/v1/webhooks"):
            return found
        return replace(found, granted=("read", "sessions:write"))

    grants.key = widened  # type: ignore[method-assign]
    return answer


def shows(call: Shown) -> Any:
    call.tokens["oauth"] = call.grant("read")["access_token"]
    body = {"url": "https://hooks.example.com/x", "events": ["session.created"]}
    return call.status("POST", "/api/v1/webhooks", body, key="oauth")
