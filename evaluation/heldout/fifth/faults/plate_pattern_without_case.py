"""The plate's pattern is matched without case, which lets U+017F (long s) and U+212A (the sign of Kelvin)
pass.
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
PROMISE = "actions.search_sessions.input.plate.pattern:: a plate has letters from A to Z, digits and hyphens"


_LETTERS = str.maketrans({"\u017f": "s", "\u212a": "K"})


def _seen(value: Any) -> Any:
    return value.translate(_LETTERS) if isinstance(value, str) else value


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "search_sessions", one("plate", _seen), kept=True)
    return handler


def shows(call: Shown) -> Any:
    return call.told("GET", "/api/v1/sessions/search?plate=%E2%84%AA1")
