"""The rule that unknown members are refused was laid over all bodies, the payment processor's events too,
whose senders add members at will.
"""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, json_bytes
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.deliver import sign
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.receive_payment_event.unknown:: members of a payment event that nobody knows are ignored"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        unknown = [name for name in json.loads(call.request.body) if name not in ("id", "type", "data")]
        return (
            Refusal("BAD_REQUEST", f"{unknown[0]} is no member of this body", unknown[0])
            if unknown
            else inner(call)
        )

    acts(context, act, "receive_payment_event")
    return handler


def shows(call: Shown) -> Any:
    event = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "data": {"object": {"id": "pi_1"}},
        "livemode": False,
    }
    body = json_bytes(event)
    signed = sign(call.sandbox.stripe_secret, body, call.now)
    return call.status("POST", "/api/v1/webhooks/stripe", body, key=None, Stripe_Signature=signed)
