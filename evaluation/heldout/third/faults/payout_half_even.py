"""The owner's share is rounded half to even, as Python's round and Decimal do by default, so some owners
lose a cent.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import billed
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.end_session.laws.payout:: the owner gets 90 % of the subtotal, half a cent rounded up"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        cents = round(found["session"]["subtotal"] * 100)
        whole, rest = divmod(cents * 9, 10)
        if rest == 5 and whole % 2 == 0:
            billed(context, found["session"], cents, whole)

    results(context, edit, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade", "AV-7")
    call.wait(1080)
    ended = call.end(session)["session"]
    return ended["subtotal"], ended["owner_payout"]
