"""Lots are looked up by a normalised id (NFKC), so one in full-width letters finds a lot."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import folded, kind, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "look-alikes"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.check_availability.input.lot_id.pattern:: an id has letters from A to Z, digits, hyphens "
    "and underscores"
)


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "check_availability", one("lot_id", folded))
    return handler


def shows(call: Shown) -> Any:
    return call.told("GET", "/api/v1/lots/lot_%EF%BD%83ascade/availability")
