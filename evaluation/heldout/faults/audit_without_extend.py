"""Extending a session leaves no row in the audit log."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = True
PROMISE = "Audit: every write (extend) appends one row"


def wrap(handler: Handler, context: Context) -> Handler:
    store = context.front.store

    def silent(_call: AcceptedCall, _found: Any) -> None:
        trigger = store.row("SELECT sql FROM sqlite_master WHERE name = 'audit_no_delete'")
        store.run("DROP TRIGGER audit_no_delete")
        store.run("DELETE FROM audit_detail WHERE audit_n = (SELECT max(n) FROM audit)")
        store.run("DELETE FROM audit WHERE n = (SELECT max(n) FROM audit)")
        store.run(trigger["sql"])

    results(context, silent, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    call.extend(call.park(), 1)
    return [row["action"] for row in call.data("GET", "/sandbox/v1/audit?limit=3", key="operator")["rows"]]
