"""Faults of the audit trail and of call attribution."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import count
from typing import Any

from pgagents.base.http import Request, Response
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, lists, objects, successful


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


def _entries(context: Context, data: Any) -> list[dict[str, Any]]:
    """Return the audit's rows in an answer, by the members that the catalogue names."""
    audit = context.model.audit
    if audit is None:
        return []
    marks = {audit.at, audit.action, *([audit.actor] if audit.actor else []), *audit.about}
    return [row for row in objects(data) if marks <= row.keys()]


@fault("audit_trail").edit_data
def audit_actor_shared(context: Context, _request: Request, data: Any) -> Any:
    """The audit trail names the same actor for every call."""
    actor = context.model.audit.actor if context.model.audit is not None else None
    for row in _entries(context, data):
        if actor is not None and row[actor]:
            row[actor] = "service"
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
    stamps = {member for dispatcher in context.model.dispatchers for member in dispatcher.attribution}
    for row in _entries(context, data):
        if context.model.audit is not None and row[context.model.audit.action] in reads:
            row.update(dict.fromkeys(stamps & row.keys()))
    return data


@fault("audit_trail").edit_answers
def audit_row_changes(context: Context, _request: Request, answer: Response) -> Response:
    """The recorded changes of an audit row differ each time the row is read."""
    times = context.memory.setdefault("times", count())
    data = data_of(answer)
    rows = _entries(context, data) if successful(answer) else []
    diff = context.model.audit.diff if context.model.audit is not None else None
    if not rows or diff is None:
        return answer
    told = next(times)
    for row in rows:
        if row[diff]:
            row[diff] = {**row[diff], "revision": told}
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


@fault("audit_trail", also={"workflow_runs": "the workflow that reads the audit misses it"}).edit_data
def audit_row_of_a_move_missing(context: Context, _request: Request, data: Any) -> Any:
    """A call that changes the state of an instance leaves no row in the audit trail."""
    audit = context.model.audit
    moves = {str(m.action.name) for r in context.model.resources.values() for m in r.moves}
    for rows in lists(data) if audit is not None else ():
        rows[:] = [row for row in rows if audit is None or row.get(audit.action) not in moves]
    return data
