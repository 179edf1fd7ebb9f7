"""Faults of Park Graph's audit trail, project separation and reports."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from pgagents.base.http import Request, Response
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal, rfc3339
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, objects, successful
from pgagents.sandbox.park_graph import audit


@fault("audit_trail").edit_results("list_audit")
def audit_at_creation(context: Context, _call: AcceptedCall, found: Any) -> Any:
    """All audit rows of a session have the time of its creation."""
    for row in found["rows"]:
        session = context.store.row("SELECT started_at FROM session WHERE id = ?", row["session_id"])
        if session is not None:
            row["at"] = rfc3339(session["started_at"])
    return found


@fault("audit_trail").edit_data
def audit_holds_plate(context: Context, _request: Request, data: Any) -> Any:
    """Audit rows contain a vehicle's plate outside their diff, where retention does not blank it."""
    for row in objects(data):
        if "actor_type" in row and row.get("session_id"):
            found = context.store.row("SELECT plate FROM session WHERE id = ?", row["session_id"])
            row["note"] = f"plate {found['plate']}" if found else None
    return data


_ZONE = timezone(timedelta(hours=-6))


@fault("workflow_runs").edit_results("list_audit")
def audit_in_local_time(_context: Context, _call: AcceptedCall, found: Any) -> Any:
    """The audit trail has times in the server's zone, while all other answers have UTC."""
    return {
        "rows": [
            {**row, "at": datetime.fromisoformat(row["at"]).astimezone(_ZONE).isoformat()}
            for row in found["rows"]
        ]
    }


@fault(
    "workflow_runs", also={"audit_trail": "where the rows are listed before retention blanks them"}
).replace_actions
def audit_notes_arguments(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The audit row of a search through the dispatcher records its coordinates."""
    found = inner(call)
    if (
        str(call.action.name) == "search_parking"
        and call.surface != "rest"
        and not isinstance(found, Refusal)
    ):
        noted = json.dumps({"searched": [call.input["lat"], call.input["lng"]]})
        context.store.run(
            "UPDATE audit_detail SET diff = ? WHERE audit_n = (SELECT max(n) FROM audit)", noted
        )
    return found


@fault("workflow_runs").edit_answers
def conversion_of_everywhere(context: Context, _request: Request, answer: Response) -> Response:
    """The conversion rate of an area is computed from the searches of all areas."""
    data = data_of(answer)
    lines = [line for line in objects(data) if "conversion" in line] if successful(answer) else []
    if not lines:
        return answer
    with context.store.lock:
        row = context.store.row("SELECT round(avg(booked), 4) AS part FROM search_log")
    for line in lines:
        line["conversion"] = row["part"] if row is not None else 0
    return answer.with_json(data)


@fault("workflow_runs").replace_actions
def dispatch_in_part(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A fleet dispatch that is refused for lack of spaces holds a space for its first vehicle all the
    same.
    """
    found = inner(call)
    if (
        str(call.action.name) == "dispatch_av_fleet"
        and isinstance(found, Refusal)
        and found.code == "CONFLICT"
    ):
        inner(replace(call, input={**call.input, "vehicles": call.input["vehicles"][:1]}))
    return found


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    lots = {lot["lot_id"]: dict(lot) for lot in one["by_lot"]}
    for lot in other["by_lot"]:
        mine = lots.setdefault(lot["lot_id"], {**lot, "sessions": 0, "subtotal": 0.0})
        mine["sessions"] += lot["sessions"]
        mine["subtotal"] = round(mine["subtotal"] + lot["subtotal"], 2)
    sums = {name: round(one[name] + other[name], 2) for name in ("hours", "subtotal", "platform_fee")}
    return {**one, **sums, "sessions": one["sessions"] + other["sessions"], "by_lot": list(lots.values())}


@fault("project_isolation").replace_actions
def figures_across_projects(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A fleet's bill adds up the sessions of every project that uses the same fleet id."""
    found = inner(call)
    other = {"main": "second", "second": "main"}.get(call.key.project) if call.key is not None else None
    if (
        str(call.action.name) != "get_fleet_billing"
        or isinstance(found, Refusal)
        or call.key is None
        or other is None
    ):
        return found
    more = inner(replace(call, key=replace(call.key, project=other)))
    return {"report": _added(found["report"], more["report"])}


@fault("workflow_runs").replace_actions
def opt_in_asks_keys_only(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Only the key decides whether an agent makes a session, so the header of an MCP server is ignored."""
    key = call.key
    by_key = key is not None and bool(key.integration or key.group or key.granted)
    if str(call.action.name) == "create_session" and call.surface == "rest" and not by_key:
        return inner(replace(call, agent=False))
    return inner(call)


@fault("workflow_runs").replace_actions
def opt_out_ends_sessions(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Once a lot's owner opts out, agents can no longer extend or end its running sessions."""
    moves = str(call.action.name) in ("end_session", "extend_session")
    row = (
        context.store.row(
            "SELECT agents FROM lot JOIN session ON lot.id = lot_id WHERE session.id = ?",
            call.input["session_id"],
        )
        if moves
        else None
    )
    if call.agent and row is not None and not row["agents"]:
        return Refusal("FORBIDDEN", "This lot does not take agents")
    return inner(call)


@fault("hint_read_only", also={"audit_trail": "it is the row of a call that nobody made"}).edit_results(
    "get_session"
)
def read_recorded_as_extension(context: Context, call: AcceptedCall, found: Any) -> Any:
    """Reading a session leaves the audit row of an extension."""
    audit.append(
        context.store,
        call.now,
        "key",
        call.key.id if call.key else None,
        "extend_session",
        tenant=call.key.tenant if call.key else "",
        session_id=found["session"]["id"],
        diff={"hours": [1, 2]},
    )
    return found
