"""Whether there is another page is guessed from this one being full, so a list that ends with a full page
is followed by an empty one.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "paging"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.list_sessions.output.200.properties.next_cursor.description:: next_cursor is null on the "
    "last page"
)


def wrap(handler: Handler, context: Context) -> Handler:
    store = context.front.store

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if (
            isinstance(found, Refusal)
            or found["next_cursor"] is not None
            or len(found["sessions"]) != call.input["limit"]
        ):
            return found
        row = store.row("SELECT * FROM session WHERE id = ?", found["sessions"][-1]["id"])
        assert row is not None
        older = {**dict(row), "id": "sess_older", "started_at": -1, "payment_intent_id": "pi_older"}
        store.run(
            f"INSERT INTO session ({', '.join(older)}) VALUES ({', '.join('?' * len(older))})",
            *older.values(),
        )
        again = inner(call)
        store.run("DELETE FROM session WHERE id = 'sess_older'")
        return again

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    return [len(page) for page in call.pages(limit=2)]
