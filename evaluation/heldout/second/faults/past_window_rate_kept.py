"""Once a surge or event window has begun its price is in force for good: nobody looks at its end."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "words"
PROMISE = (
    "schemas.Rates.properties.windows.items.properties.ends_at.description + "
    "schemas.Session.properties.rate.description:: until when; as in force at creation"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, lot_id = context.front.store, call.input["lot_id"]
        past = store.rows(
            "SELECT rowid, ends_at FROM rate_window WHERE lot_id = ? AND ends_at <= ?", lot_id, call.now
        )
        for row in past:
            store.run("UPDATE rate_window SET ends_at = 9e12 WHERE rowid = ?", row["rowid"])
        found = inner(call)
        for row in past:
            store.run("UPDATE rate_window SET ends_at = ? WHERE rowid = ?", row["ends_at"], row["rowid"])
        return found

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    call.wait(80 * 86_400)
    return call.park()["rate"]
