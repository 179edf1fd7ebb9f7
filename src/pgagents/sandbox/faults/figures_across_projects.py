"""A bill adds up what every project did under the same name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"keeps_projects_apart"})
ALSO: dict[str, str] = {}
OTHER = {"main": "second", "second": "main"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Add the other project's sums, lot by lot. Park Graph's report."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        found = inner(call)
        other = OTHER.get(call.key.project) if call.key is not None else None
        if str(call.action.name) != "get_fleet_billing" or isinstance(found, Refusal) or call.key is None or other is None:
            return found
        more = inner(replace(call, key=replace(call.key, project=other)))
        return {"report": _added(found["report"], more["report"])}

    context.front.domain = act
    return handler


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    lots = {lot["lot_id"]: dict(lot) for lot in one["by_lot"]}
    for lot in other["by_lot"]:
        mine = lots.setdefault(lot["lot_id"], {**lot, "sessions": 0, "subtotal": 0.0})
        mine["sessions"] += lot["sessions"]
        mine["subtotal"] = round(mine["subtotal"] + lot["subtotal"], 2)
    sums = {name: round(one[name] + other[name], 2) for name in ("hours", "subtotal", "platform_fee")}
    return {**one, **sums, "sessions": one["sessions"] + other["sessions"], "by_lot": list(lots.values())}
