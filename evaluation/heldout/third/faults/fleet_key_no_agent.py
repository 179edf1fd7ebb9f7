"""Only keys with an integration count as agents', so a fleet key parks at lots whose owners have not opted
in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key

CLASS = "opt-in"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "workflows.opt-in.steps.refused.status:: a fleet key is always an agent's, and refused at a lot that "
    "has not opted in"
)


def wrap(handler: Handler, context: Context) -> Handler:
    is_agent = context.front._is_agent

    def asked(request: Request, what: Any, key: Key | None) -> bool:
        return is_agent(request, what, replace(key, group=None) if key is not None else None)

    context.front._is_agent = asked  # type: ignore[method-assign]
    return handler


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_sandstone", "plate": "AV-7"}, key="fleet")
