"""Plates are compared without their hyphens, so a search for CO7891 finds the sessions of CO-7891."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import tenant
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "filters"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.search_sessions.laws.plate-only:: session.plate == upper(input.plate)"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, asked = context.front.store, call.input["plate"].upper()
        found = inner(call)
        if isinstance(found, Refusal) or "cursor" in call.input:
            return found
        sql = (
            "SELECT DISTINCT plate FROM session WHERE tenant = ? AND replace(plate, '-', '') = "
            "replace(?, '-', '') AND plate <> ?"
        )
        for row in store.rows(sql, tenant(call.key), asked, asked):
            found["sessions"] += inner(given(call, plate=row["plate"]))["sessions"]
        found["sessions"].sort(key=lambda session: (session["started_at"], session["id"]), reverse=True)
        del found["sessions"][call.input["limit"] :]
        return found

    acts(context, act, "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    return len(call.data("GET", "/api/v1/sessions/search?plate=CO7891")["sessions"])
