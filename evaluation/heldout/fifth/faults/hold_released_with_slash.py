"""The route that releases a hold was written with an optional slash at its end."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import slashed
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "slash"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.trailing_slash:: a path with a slash at its end is unknown"


def wrap(handler: Handler, context: Context) -> Handler:
    return slashed(handler, "DELETE", "/api/v1/av-fleet/holds/", lambda _, bare: handler(bare))


def shows(call: Shown) -> Any:
    return call.told("DELETE", f"/api/v1/av-fleet/holds/{call.hold()['hold_id']}/", key="fleet")
