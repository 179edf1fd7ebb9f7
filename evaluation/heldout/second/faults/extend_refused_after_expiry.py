"""Extending is refused once expires_at has passed, because "expired" was taken for a state."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import tenant
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.session.moves.extend_session.from.active + workflows.overstay.title:: passing expires_at "
    "changes "
    "nothing; an active session can be extended"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        sql = (
            "SELECT 1 FROM session WHERE id = ? AND tenant = ? AND code = ? AND status = 'active' AND "
            "expires_at <= ?"
        )
        given = call.input
        if context.front.store.row(
            sql, given["session_id"], tenant(call.key), given["session_code"], call.now
        ):
            return Refusal("CONFLICT", "The session has expired")
        return inner(call)

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=0.5)
    call.wait(3600)
    return call.status(
        "POST",
        "/api/v1/sessions/extend",
        {k: session[k] for k in ("session_code",)} | {"session_id": session["id"]},
    )
