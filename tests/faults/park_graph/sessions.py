"""Faults of Park Graph's sessions, holds and spaces."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Bucket
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.keys import Key
from pgagents.sandbox.limits import Limits
from pgagents.sandbox.park_graph.money import charge, payout


@fault("capacity").replace_actions
def capacity_not_returned(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The end of a session does not free its space."""
    result = inner(call)
    if str(call.action.name) == "end_session" and not isinstance(result, Refusal):
        context.store.run(
            "UPDATE lot SET available = available - 1 WHERE id = ? AND available > 5",
            result["session"]["lot_id"],
        )
    return result


@fault("workflow_runs").replace_actions
def conflict_gives_back(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Ending a session a second time is refused, but frees a space once more."""
    found = inner(call)
    if str(call.action.name) == "end_session" and isinstance(found, Refusal) and found.code == "CONFLICT":
        context.store.run(
            (
                "UPDATE lot SET available = available + 1 WHERE available < total AND id = (SELECT lot_id "
                "FROM session WHERE id = ?)"
            ),
            call.input["session_id"],
        )
    return found


@fault("idempotency_key_not_consumed").replace_actions
def conflict_uses_key_up(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A call that is refused with a conflict uses up its idempotency key."""
    used: set[tuple[str, str]] = context.memory.setdefault("used", set())
    value = call.input.get(str(call.action.idempotency)) if call.action.idempotency else None
    key = (call.key.id if call.key else "", str(value))
    if value and key in used:
        return Refusal("CONFLICT", "This idempotency key was used")
    found = inner(call)
    if value and isinstance(found, Refusal) and found.code == "CONFLICT":
        used.add(key)
    return found


@fault("expires_on_time").replace_actions
def expired_hold_taken(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An expired hold can be used for a session, though it can no longer be released."""
    found = inner(call)
    held = call.input.get("hold_id")
    if (
        str(call.action.name) != "create_session"
        or held is None
        or not isinstance(found, Refusal)
        or found.code != "NOT_FOUND"
    ):
        return found
    row = context.store.row(
        "SELECT * FROM hold WHERE id = ? AND tenant = ?", held, call.key.tenant if call.key else ""
    )
    if row is None or row["status"] not in ("active", "expired"):
        return found
    call.input.pop("hold_id")  # type: ignore[attr-defined]  # a dictionary that is not shared
    return inner(call)


@fault(
    "expires_on_time", also={"workflow_runs": "a workflow counts the spaces of holds that are over"}
).replace_actions
def hold_outlives_its_time(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A hold lasts an hour longer than stated, and keeps its space until then."""
    result = inner(call)
    if str(call.action.name) == "dispatch_av_fleet" and not isinstance(result, Refusal):
        for allocation in result["allocations"]:
            context.store.run(
                "UPDATE hold SET expires_at = expires_at + 3600 WHERE id = ?", allocation["hold_id"]
            )
    return result


@fault(
    "workflow_runs",
    also={
        "consistent_representations": "each look at the lot frees one more space, so that two looks differ",
        "expires_on_time": "a look at the lot frees the space of another hold that ended at the same time",
    },
).replace_actions
def holds_end_one_by_one(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Each call ends only one of several holds that expire at the same time."""
    if context.model.domain != "parking":
        return inner(call)
    over = "status = 'active' AND expires_at <= ?"
    first = f"SELECT id FROM hold WHERE {over} ORDER BY expires_at, id LIMIT 1"
    context.store.run(
        f"UPDATE hold SET status = 'waiting' WHERE {over} AND id <> ({first})", call.now, call.now
    )
    found = inner(call)
    context.store.run("UPDATE hold SET status = 'active' WHERE status = 'waiting'")
    return found


@fault("rate_limit_headers", needs=("limits",)).replace_limits
class limit_of_other_bucket(Limits):
    """An action draws from another rate-limit bucket than the published one."""

    def _decide(self, bucket: Bucket, action: Action | None, key: Key, agent: bool) -> bool:
        if bucket.when is None and action is not None and action.name == "extend_session":
            return bucket.name == "read"
        return super()._decide(bucket, action, key, agent)


@fault(
    "workflow_runs", also={"failure_atomicity": "one that was made long before is extended after a failure"}
).replace_actions
def overdue_not_extended(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An active session past its expiry time cannot be extended."""
    if str(call.action.name) == "extend_session":
        row = context.store.row(
            "SELECT code, status, expires_at FROM session WHERE id = ?", call.input["session_id"]
        )
        known = row is not None and row["code"] == call.input["session_code"] and row["status"] == "active"
        if known and row is not None and row["expires_at"] < call.now:
            return Refusal("CONFLICT", "The session's time is over")
    return inner(call)


@fault(
    "consistent_representations",
    also={"state_transitions": "where the end is tried in a state that refuses it"},
).replace_actions
def refused_end_bills_again(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Ending a session a second time is refused, but changes its end and its charge."""
    found = inner(call)
    if str(call.action.name) == "end_session" and isinstance(found, Refusal) and found.code == "CONFLICT":
        row = context.store.row("SELECT * FROM session WHERE id = ?", call.input["session_id"])
        assert row is not None
        cents = charge(
            row["rate_cents"], row["unit"], row["max_daily_cents"], int(call.now) - row["started_at"]
        )
        context.store.run(
            "UPDATE session SET ended_at = ?, subtotal_cents = ?, payout_cents = ? WHERE id = ?",
            int(call.now),
            cents,
            payout(cents),
            row["id"],
        )
    return found


@fault("state_transitions").replace_actions
def refused_move_changes(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Extending a completed session is refused, but moves its expiry time."""
    found = inner(call)
    if str(call.action.name) == "extend_session" and isinstance(found, Refusal) and found.code == "CONFLICT":
        context.store.run(
            "UPDATE session SET expires_at = expires_at + 3600 WHERE id = ?", call.input["session_id"]
        )
    return found


@fault("conversion").replace_actions
def used_hold_released(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A hold that a session has used can still be released, which frees the session's space."""
    if str(call.action.name) == "release_hold" and call.key is not None:
        context.store.run(
            "UPDATE hold SET status = 'active' WHERE id = ? AND tenant = ? AND status = 'committed'",
            call.input["hold_id"],
            call.key.tenant,
        )
    return inner(call)
