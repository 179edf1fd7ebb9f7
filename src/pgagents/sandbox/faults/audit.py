"""Faults of the audit trail and of call attribution."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import count
from typing import Any

from pgagents.http import Request, Response
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.injection.fault_helpers import data_of, lists, objects, successful
from pgagents.sandbox.injection.fault_registry import Context, fault


@fault(
    "call_attribution", also={"audit_trail": "the row of what it does has no platform either"}
).replace_actions
def attribution_of_key_lost(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A session made with an integration's key has no platform."""
    return inner(replace(call, key=replace(call.key, integration=None)) if call.key else call)


@fault("call_attribution", also={"audit_trail": "the audit's rows name that platform too"}).replace_actions
def attribution_wrong(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A session made through the dispatcher has the platform of another surface."""
    others = (
        s.attribution
        for s in context.model.surfaces.values()
        if s.attribution and s.attribution != call.attribution
    )
    return inner(replace(call, attribution=next(others, {})) if call.attribution else call)


@fault("audit_trail").edit_data
def audit_actor_shared(_context: Context, _request: Request, data: Any) -> Any:
    """The audit trail names the same actor for every call."""
    for row in objects(data):
        if row.get("actor_type") and row.get("actor_id"):
            row["actor_id"] = "service"
    return data


@fault("workflow_runs").edit_data
def audit_diff_of_operator(_context: Context, _request: Request, data: Any) -> Any:
    """The audit trail records that the operator changed something, but not what."""
    for row in objects(data):
        if row.get("actor_type") == "operator" and row.get("diff"):
            row["diff"] = {}
    return data


@fault("audit_trail").edit_data
def audit_platform_wrong(context: Context, _request: Request, data: Any) -> Any:
    """The audit trail names no platform for reads through the dispatcher."""
    reads = {str(a.name) for a in context.model.actions if a.effect == "read"}
    for row in objects(data):
        if "actor_type" in row and row.get("action") in reads:
            row["agent_platform"] = None
    return data


@fault("audit_trail").edit_answers
def audit_row_changes(context: Context, _request: Request, answer: Response) -> Response:
    """The recorded changes of an audit row differ each time the row is read."""
    times = context.memory.setdefault("times", count())
    data = data_of(answer)
    rows = [row for row in objects(data) if "actor_type" in row] if successful(answer) else []
    if not rows:
        return answer
    told = next(times)
    for row in rows:
        if row["diff"]:
            row["diff"] = {**row["diff"], "revision": told}
    return answer.with_json(data)


def _extension(row: Any) -> bool:
    return isinstance(row, dict) and "actor_type" in row and row.get("action") == "extend_session"


@fault("audit_trail", also={"workflow_runs": "the workflow that reads the audit misses it"}).edit_data
def audit_row_missing(_context: Context, _request: Request, data: Any) -> Any:
    """Extending a session leaves no row in the audit trail."""
    for rows in lists(data):
        rows[:] = [row for row in rows if not _extension(row)]
    return data


@fault("audit_trail", also={"workflow_runs": "the workflow that reads the audit misses it"}).edit_data
def audit_wrong_action(_context: Context, _request: Request, data: Any) -> Any:
    """The audit trail records the end of a session as create_session."""
    for row in objects(data):
        if "actor_type" in row and row.get("action") == "end_session":
            row["action"] = "create_session"
    return data


@fault("workflow_runs").edit_answers
def cells_begin_with_apostrophe(_context: Context, _request: Request, answer: Response) -> Response:
    """Every cell of an exported table begins with an apostrophe, not only those that a spreadsheet would
    take for a formula.
    """
    if not (answer.header("content-type") or "").startswith("text/csv"):
        return answer
    head, *rows = csv.reader(io.StringIO(answer.body.decode()))
    text = io.StringIO()
    csv.writer(text).writerows([head, *([f"'{cell}" for cell in row] for row in rows)])
    return Response(answer.status, answer.headers, text.getvalue().encode())
