"""A payment event that is signed for a time far ahead is taken."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
PROMISE = "PG-STRIPE, section 6: 300 s tolerance"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        at = re.search(r"t=([0-9]{1,12})(?:,|$)", call.input["stripe_signature"])
        return inner(replace(call, now=float(at[1])) if at and float(at[1]) > call.now else call)

    acts(context, act, "receive_payment_event")
    return handler


def shows(call: Shown) -> Any:
    return call.payment_event(call.now + 3600)
