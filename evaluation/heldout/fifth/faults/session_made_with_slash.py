"""The gateway in front of the session service cuts a slash at the end, so POST /sessions/ parks, too."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import slashed
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "slash"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.trailing_slash:: a path with a slash at its end is unknown"


def wrap(handler: Handler, context: Context) -> Handler:
    return slashed(handler, "POST", "/api/v1/sessions", lambda _, bare: handler(bare))


def shows(call: Shown) -> Any:
    return call.told("POST", "/api/v1/sessions/", {"lot_id": "lot_cascade", "plate": "AV-9"})
