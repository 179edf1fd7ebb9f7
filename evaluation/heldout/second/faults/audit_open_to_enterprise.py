"""The activity feed was opened to the dashboards of enterprise customers, and with it every project's rows
to their keys.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import allowing
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key
from pgagents.sandbox.routes import ParsedRequest

CLASS = "scopes"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "operator.actions.list_audit.errors + errors.framework.no_scope:: called with the operator's key, "
    "else FORBIDDEN"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def of(asked: ParsedRequest, key: Key) -> Key:
        feed = asked.action is not None and asked.action.name == "list_audit" and key.plan == "enterprise"
        return replace(key, operator=True) if feed else key

    allowing(context, of)
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", "/sandbox/v1/audit", key="second")
