"""A cursor holds the last session's second alone, so the others that began in it are on no page."""

from __future__ import annotations

import base64
import json
from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import lists

CLASS = "paging"
SUBTLE = True
FORM = "words"
PROMISE = (
    "workflows.pages.title + actions.list_sessions.output.200.properties.next_cursor.description:: pages "
    "hold each "
    "session once; it gets the next page"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if "cursor" not in call.input:
            return inner(call)
        secret = context.front.store.setting("cursor_secret", "")
        try:
            raw = base64.urlsafe_b64decode(call.input["cursor"] + "=" * (-len(call.input["cursor"]) % 4))
            text = raw[:-16].decode()
        except ValueError:
            return inner(call)
        if lists._mac(text, secret) != raw[-16:]:
            return inner(call)
        started_at, _, dies_at, bound = json.loads(text)
        coarse = json.dumps([started_at, "", dies_at, bound])
        return inner(
            given(
                call,
                cursor=base64.urlsafe_b64encode(coarse.encode() + lists._mac(coarse, secret))
                .decode()
                .rstrip("="),
            )
        )

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    for _ in range(4):
        call.park()
    return call.pages(limit=3)
