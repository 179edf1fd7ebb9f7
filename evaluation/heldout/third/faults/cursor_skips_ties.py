"""The next page begins with what started earlier than the last session of the page before, so others of
the same second are in no page.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import lists

CLASS = "paging"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "workflows.pages.title + workflows.pages.steps.second_page.expect:: the pages hold each session once"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        cursor = call.input.get("cursor")
        if cursor is None or isinstance(inner(call), Refusal):
            return inner(call)
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:-16])
        text = json.dumps([place[0], "", *place[2:]])
        mac = lists._mac(text, context.front.store.setting("cursor_secret", ""))
        return inner(given(call, cursor=base64.urlsafe_b64encode(text.encode() + mac).decode().rstrip("=")))

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    for _ in range(3):
        call.park()
    return [len(page) for page in call.pages(limit=2)]
