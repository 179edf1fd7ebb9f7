"""The time in a cursor is written but never read, so a cursor can be used for ever."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "paging"
SUBTLE = True
FORM = "words"
PROMISE = "actions.list_sessions.input.cursor.description:: a cursor lives one hour"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        cursor = call.input.get("cursor")
        if cursor is None or not isinstance(found, Refusal) or found.field != "cursor":
            return found
        try:
            dies_at = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:-16])[2]
        except (ValueError, IndexError, TypeError, KeyError, RecursionError):
            return found
        return inner(replace(call, now=min(call.now, dies_at - 1))) if isinstance(dies_at, int) else found

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    cursor = call.data("GET", "/api/v1/sessions?limit=1")["next_cursor"]
    call.wait(3700)
    return call.status("GET", f"/api/v1/sessions?{urlencode({'limit': 1, 'cursor': cursor})}")
