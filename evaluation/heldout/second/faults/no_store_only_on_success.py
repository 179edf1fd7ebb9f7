"""Cache-Control is set where an answer is made, and refusals are made elsewhere: those to a call with a
key lack it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "headers"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "headers.Cache-Control.on.keyed + headers.Cache-Control.const:: no-store on every answer to a call "
    "with a key"
)


def wrap(handler: Handler, context: Context) -> Handler:
    return edits(
        handler,
        lambda request, answer: answer.with_header("Cache-Control", None) if answer.status >= 400 else answer,
    )


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/lots/lot_nowhere/rates").header("Cache-Control")
