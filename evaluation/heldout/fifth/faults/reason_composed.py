"""Texts are brought to Unicode's composed form on their way in, so a reason with a combining accent is
kept as another text.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import kind, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "look-alikes"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.refund_session.laws.reason-kept:: the reason that is told is the one that was given"


def _composed(value: Any) -> Any:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "refund_session", one("reason", _composed))
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "Cafe\u0301 closed", "amount": 1}
    return call.data("POST", "/api/v1/refunds", body, status=201)["refund"]["reason"]
