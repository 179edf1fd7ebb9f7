"""Legal ways for Park Graph to charge and to audit."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.park_graph import audit
from pgagents.sandbox.park_graph.money import dollars, payout


@variation().replace_actions
def dispatcher_audits_refused(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The audit trail has a row for every call through the dispatcher, including refused ones."""
    found = inner(call)
    if isinstance(found, Refusal) and call.surface != "rest" and "session_id" in call.input:
        dispatcher = context.model.dispatchers[0]
        platform = dispatcher.attribution.get("agent_platform")
        audit.write(
            context.store,
            call,
            session_id=call.input["session_id"],
            platform=platform,
            diff={"refused": [None, found.code]},
        )
    return found


_NOON_S = 43_200

_DAY_S = 86_400


@variation().replace_actions
def nights_from_noon(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """At a lot with a nightly rate a new night begins at each noon, so a short stay across noon is two
    nights.
    """
    found = inner(call)
    name = str(call.action.name)
    if name not in ("create_session", "extend_session", "end_session") or isinstance(found, Refusal):
        return found
    row = context.store.row("SELECT * FROM session WHERE id = ?", found["session"]["id"])
    if row is None or row["unit"] != "night":
        return found
    until = row["ended_at"] or row["expires_at"]
    cents = row["rate_cents"] * (1 + (until - _NOON_S) // _DAY_S - (row["started_at"] - _NOON_S) // _DAY_S)
    if row["ended_at"] is None:
        context.store.run("UPDATE session SET estimated_cents = ? WHERE id = ?", cents, row["id"])
        return {"session": {**found["session"], "estimated_amount": dollars(cents)}}
    paid = payout(cents)
    context.store.run(
        "UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?", cents, paid, row["id"]
    )
    bill = {"subtotal": dollars(cents), "owner_payout": dollars(paid), "platform_fee": dollars(cents - paid)}
    return {"session": {**found["session"], **bill}}


@variation().edit_results("get_session")
def read_delivers_again(context: Context, _call: AcceptedCall, found: Any) -> Any:
    """After a session is read, its last event is delivered once more, with the same id."""
    context.store.run(
        "INSERT INTO delivery (event_n, webhook_id, due_at) SELECT event_n, webhook_id, 0 FROM delivery "
        "JOIN event ON event.n = event_n WHERE subject = ? ORDER BY event_n DESC LIMIT 1",
        found["session"]["id"],
    )
    context.courier.outbox.notice()
    return found


@variation().edit_results("get_session")
def read_recorded_as_read(context: Context, call: AcceptedCall, found: Any) -> Any:
    """The audit trail has a row for every session that is read, by REST too."""
    if call.surface == "rest":
        audit.write(context.store, call, session_id=found["session"]["id"])
    return found
