"""Searches by plate are cached by plate, limit and cursor, not by project, until that plate parks again: the
second project gets the first one's page.
"""

from __future__ import annotations

import copy
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.tenant:: another project's sessions are never seen"


def wrap(handler: Handler, context: Context) -> Handler:
    pages: dict[tuple[str, int, str | None], tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.action.name != "search_sessions":
            if call.action.effect == "write":
                pages.clear()
            return inner(call)
        asked = (call.input["plate"].upper(), call.input["limit"], call.input.get("cursor"))
        until, page = pages.get(asked, (0.0, None))
        if call.now < until:
            return copy.deepcopy(page)
        page = inner(call)
        if not isinstance(page, Refusal):
            pages[asked] = (call.now + 30, copy.deepcopy(page))
        return page

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    path = "/api/v1/sessions/search?plate=CO-7891"
    return [len(call.data("GET", path, key=key)["sessions"]) for key in ("unlimited", "second")]
