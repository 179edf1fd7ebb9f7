"""Payment events are told apart by their signature, which is new when the processor sends one again: it
then takes effect again.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, json_bytes
from pgagents.sandbox import deliver
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.receive_payment_event.description + actions.receive_payment_event.input.id.description:: "
    "the same event twice has one effect"
)


def wrap(handler: Handler, context: Context) -> Handler:
    secret = context.front.site.setting.stripe_secret
    seen: set[str] = set()

    def act(inner: Domain, call: AcceptedCall) -> Any:
        header = call.input["stripe_signature"]
        if header not in seen and not deliver.find_stripe_error(header, call.request.body, secret, call.now):
            context.front.store.run("DELETE FROM payment_event WHERE id = ?", call.input["id"])
            seen.add(header)
        return inner(call)

    acts(context, act, "receive_payment_event")
    return handler


def shows(call: Shown) -> Any:
    call.hook("payment.completed", "payment.failed")
    intent = call.park()["payment_intent_id"]
    list(call.events())
    for n, (id, type) in enumerate(
        (("evt_1", "succeeded"), ("evt_2", "payment_failed"), ("evt_1", "succeeded"))
    ):
        body = json_bytes({"id": id, "type": f"payment_intent.{type}", "data": {"object": {"id": intent}}})
        signed = deliver.sign(call.sandbox.stripe_secret, body, call.now + n)
        assert call("POST", "/api/v1/webhooks/stripe", body, key=None, Stripe_Signature=signed).status == 200
    return [event["type"] for event in call.events()]
