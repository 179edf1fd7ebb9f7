"""Plates are normalised (NFKC) before they are judged, so full-width letters of a Japanese keyboard are
taken.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import folded, kind, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "look-alikes"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.input.plate.pattern:: a plate has letters from A to Z, digits and hyphens"


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "create_session", one("plate", folded))
    return handler


def shows(call: Shown) -> Any:
    return call.told("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "ＡＶ９"})
