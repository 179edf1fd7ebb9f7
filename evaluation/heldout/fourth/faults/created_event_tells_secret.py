"""The event of a new session is the answer of its creation, so the payment's client_secret goes to every
webhook.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import members
from pgagents.base.http import Handler, json_bytes
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "secrets"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "schemas.CreatedSession.allOf.1.properties.client_secret.secret + "
    "webhooks.events.session.created.data:: "
    "client_secret is told by the session's creation alone"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        store, session = context.front.store, data["session"]
        for row in store.rows(
            "SELECT n, body FROM event WHERE subject = ? AND type = 'session.created'", session["id"]
        ):
            store.run(
                "UPDATE event SET body = ? WHERE n = ?",
                json_bytes({**members(bytes(row["body"])), "data": session}),
                row["n"],
            )

    results(context, edit, "create_session")
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.created")
    call.park()
    return ["client_secret" in event["data"] for event in call.events()]
