"""Asked for a lot and a session, the audit lists the rows of either."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import audit
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = True
FORM = "formal"
PROMISE = "operator.actions.list_audit.laws.as-asked:: both filters hold of every row"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if not {"lot_id", "session_id"} <= set(call.input):
            return inner(call)
        rows = []
        for name in ("lot_id", "session_id"):
            one = replace(call, input={k: v for k, v in call.input.items() if k in (name, "limit")})
            rows += [row for row in inner(one)["rows"] if row not in rows]
        rows.sort(key=lambda row: row["at"], reverse=True)
        return {"rows": rows[: call.input["limit"]]}

    acts(context, act, "list_audit")
    return handler


def shows(call: Shown) -> Any:
    first, _ = call.park(), call.park()
    return len(audit(call, lot_id="lot_lionshead", session_id=first["id"]))
