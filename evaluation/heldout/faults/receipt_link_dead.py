"""The receipt's address is made of the short code, which the page does not know."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results, sessions
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "sessions"
SUBTLE = True
PROMISE = "Session.receipt_url: a page with the receipt and its QR code"


def wrap(handler: Handler, context: Context) -> Handler:
    def short(_: AcceptedCall, found: Any) -> None:
        for session in sessions(found):
            session["receipt_url"] = session["receipt_url"].rpartition("/")[0] + "/" + session["short_code"]

    results(context, short)
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", "/r/" + call.park()["receipt_url"].rpartition("/")[2], key=None)
