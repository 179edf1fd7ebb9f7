"""Idempotency is done where the header is read, so the dispatcher's parameter idempotency_key has no
effect.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import DISPATCH
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher and REST"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.create_session.idempotency + surfaces.dispatcher.actions.create_session:: "
    "create_session takes an idempotency key on every surface"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(act: Action, values: dict[str, Any], names: frozenset[str], surface: str) -> dict[str, Any]:
        if surface == "dispatcher" and act.idempotency:
            values.pop(str(act.idempotency), None)
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    given_ = {"lot_id": "lot_lionshead", "plate": "CO-7891", "idempotency_key": "one"}
    return [
        call.status("POST", DISPATCH, {"action": "create_session", "parameters": given_}) for _ in range(2)
    ]
