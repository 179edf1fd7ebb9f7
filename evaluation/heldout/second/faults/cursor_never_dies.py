"""A cursor carries the time until which it is good, which nobody reads."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import lists

CLASS = "paging"
SUBTLE = True
FORM = "words"
PROMISE = "actions.list_sessions.input.cursor.description:: lives one hour"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if "cursor" in call.input:
            secret = context.front.store.setting("cursor_secret", "")
            try:
                raw = base64.urlsafe_b64decode(call.input["cursor"] + "=" * (-len(call.input["cursor"]) % 4))
                text = raw[:-16].decode()
                if lists._mac(text, secret) == raw[-16:]:
                    return inner(replace(call, now=min(call.now, json.loads(text)[2] - 1)))
            except ValueError:
                pass
        return inner(call)

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    cursor = call.data("GET", "/api/v1/sessions?limit=1")["next_cursor"]
    call.wait(7200)
    return call.status("GET", f"/api/v1/sessions?limit=1&cursor={cursor}")
