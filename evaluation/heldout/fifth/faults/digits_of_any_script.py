"""A lot's id is matched with \\d, which means the digits of every script, so an Arabic one is looked for
and not refused.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import kind, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "look-alikes"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.get_rates.input.lot_id.pattern:: an id has letters from A to Z, digits, hyphens and underscores"
)


def _digits(value: Any) -> Any:
    return "".join("0" if c.isdecimal() else c for c in value) if isinstance(value, str) else value


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "get_rates", one("lot_id", _digits), kept=True)
    return handler


def shows(call: Shown) -> Any:
    return call.told("GET", "/api/v1/lots/lot_%D9%A3/rates")
