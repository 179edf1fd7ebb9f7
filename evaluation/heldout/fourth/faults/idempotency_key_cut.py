"""The column of idempotency keys has 32 characters and cuts what is longer, so two long keys with one
beginning are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.create_session.input.idempotency_key.pattern + "
    "actions.create_session.idempotency:: "
    "two different keys of up to 64 characters are two intended effects"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(
        action: Action, values: dict[str, Any], names: frozenset[str], surface: str
    ) -> Mapping[str, Any]:
        if action.idempotency in values:
            values[action.idempotency] = values[action.idempotency][:32]
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_cascade", "plate": "CO-1"}
    return [
        call.status("POST", "/api/v1/sessions", body, Idempotency_Key="booking-" * 5 + end)
        for end in ("1", "2")
    ]
