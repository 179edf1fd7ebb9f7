"""A plate of digits alone may come as a JSON number; the model makes a text of it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import kind, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "wrong type"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.input.plate.type:: a plate is a text"


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "create_session", one("plate", _text))
    return handler


def shows(call: Shown) -> Any:
    return call.told("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": 4711})
