"""A fleet key is only held to its fleet where it asks for one, so listing without fleet_id shows the
project's other sessions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "words"
PROMISE = "actions.list_sessions.input.fleet_id.description:: a fleet key takes its own fleet's sessions only"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.key is None or "fleet_id" in call.input:
            return inner(call)
        return inner(replace(call, key=replace(call.key, group=None)))

    acts(context, act, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    return len(call.data("GET", "/api/v1/sessions", key="fleet")["sessions"])
