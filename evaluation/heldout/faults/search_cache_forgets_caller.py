"""Search answers are cached by their arguments alone, so a fleet key gets what somebody else was told."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
PROMISE = "PG-SEARCH: a fleet key's search defaults autonomous_entry to true, another key's does not"


def wrap(handler: Handler, context: Context) -> Handler:
    kept: dict[tuple[Any, ...], Any] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        version = context.front.store.row(
            "SELECT sum(available) AS a, sum(rate_cents) AS r, sum(agents) AS g FROM lot"
        )
        asked = (*sorted(call.input.items()), *version)
        if asked not in kept:
            kept[asked] = inner(call)
        return kept[asked]

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    call.lots()
    return [lot["id"] for lot in call.lots(key="fleet")]
