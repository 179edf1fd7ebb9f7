"""The audit feed asks only for a valid key, not for the operator's, so every customer reads what all
others do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import seeing
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key

CLASS = "authorisation"
SUBTLE = False
FORM = "words"
PROMISE = "operator.actions.list_audit.errors:: the operator's endpoints are called with the operator's key"


def wrap(handler: Handler, context: Context) -> Handler:
    answer, at = seeing(handler)
    find = context.front.keyring.find

    def found(token: str) -> Key | None:
        key = find(token)
        return (
            replace(key, operator=True)
            if key is not None and at and at[0].path == "/sandbox/v1/audit"
            else key
        )

    context.front.keyring.find = found  # type: ignore[method-assign]
    return answer


def shows(call: Shown) -> Any:
    return call.status("GET", "/sandbox/v1/audit", key="second")
