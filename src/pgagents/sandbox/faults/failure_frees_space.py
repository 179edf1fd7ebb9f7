"""Ending fails at the payment, when the space has been given back already."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.meddle import objects
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"fails_cleanly"})
ALSO: dict[str, str] = {"told_alike": "a space that is freed so leaves the moment of its lot's count as it was"}
FAILED, ENDS = "BAD_GATEWAY", "end_session"


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell of one space more at its lot, until it ends at last. Park Graph's names."""
    front = context.front
    inner, early = front.domain, dict[str, str]()

    def act(call: Call) -> Any:
        found = inner(call)
        id = str(call.input.get("session_id"))
        if isinstance(found, Refusal):
            if found.code == FAILED and call.action.name == ENDS:
                row = front.store.row("SELECT lot_id FROM session WHERE id = ?", id)
                early.update({id: row["lot_id"]} if row is not None else {})
            return found
        if call.action.name == ENDS:
            early.pop(id, None)
        for one in objects(found):
            more = list(early.values()).count(str(one.get("lot_id") or one.get("id")))
            if more and {"available", "total"} <= one.keys():
                one["available"] = min(one["total"], one["available"] + more)
                if "occupancy_pct" in one:
                    one["occupancy_pct"] = round(100 * (one["total"] - one["available"]) / one["total"], 2)
        return found

    front.domain = act
    return handler
