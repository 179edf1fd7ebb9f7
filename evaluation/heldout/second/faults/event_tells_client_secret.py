"""The event of a new session carries the answer of its creation as it is, client_secret and all."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import told
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "schemas.CreatedSession.allOf + webhooks.events.session.created.data.Session:: client_secret is "
    "secret and told"
    " by the creation alone; the event's data are a Session"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        session = found["session"]
        secrets = {name: session[name] for name in ("payment_intent_id", "client_secret")}
        told(context.courier.outbox, "session.created", session["id"], secrets)

    results(context, edit, "create_session")
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.created")
    call.park()
    return [sorted(event["data"]) for event in call.events()]
