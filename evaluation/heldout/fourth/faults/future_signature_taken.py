"""A payment event's age is now minus its time and only held to an upper bound, so one signed for tomorrow is
taken, and again then."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import asked
from pgagents.base.http import Handler, Request
from pgagents.sandbox import deliver
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.receive_payment_event.signed.tolerance_s:: a signature is taken within 300 seconds of now"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front

    def edit(request: Request) -> Request:
        header = request.header("stripe-signature") or ""
        at = dict(part.strip().partition("=")[::2] for part in header.split(",")).get("t", "")
        secret, now = front.site.setting.stripe_secret, front.clock.now()
        if (
            not at.isdecimal()
            or len(at) > 12
            or int(at) <= now
            or deliver.find_stripe_error(header, request.body, secret, float(at))
        ):
            return request
        return request.with_header("Stripe-Signature", deliver.sign(secret, request.body, now))

    return asked(handler, edit)


def shows(call: Shown) -> Any:
    return call.payment_event(call.now + 3600)
