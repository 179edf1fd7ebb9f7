"""Of a payment event's signature only the age is bounded; one dated into the future stays good for as long
as it likes.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox import deliver
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.receive_payment_event.signed.tolerance_s:: 300"


def wrap(handler: Handler, context: Context) -> Handler:
    secret = context.front.site.setting.stripe_secret

    def act(inner: Domain, call: AcceptedCall) -> Any:
        header, body = call.input["stripe_signature"], call.request.body
        if not deliver.find_stripe_error(header, body, secret, call.now, 1e13):
            dated = next(part.strip()[2:] for part in header.split(",") if part.strip().startswith("t="))
            if int(dated) > call.now:
                return inner(given(call, stripe_signature=deliver.sign(secret, body, call.now)))
        return inner(call)

    acts(context, act, "receive_payment_event")
    return handler


def shows(call: Shown) -> Any:
    return call.payment_event(call.now + 86_400)
