"""Faults in how Park Graph finds sessions and lots, and compares codes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.base.http import Request, Response
from pgagents.sandbox import answers
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault


@fault("exact_codes").replace_actions
def code_by_its_beginning(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A session code is compared by its own length, so anything may follow it."""
    given = call.input.get("session_code")
    row = (
        context.store.row("SELECT code FROM session WHERE id = ?", call.input.get("session_id"))
        if isinstance(given, str)
        else None
    )
    if row is not None and isinstance(given, str) and given.startswith(row["code"]):
        call = replace(call, input={**call.input, "session_code": row["code"]})
    return inner(call)


@fault(
    "exact_codes",
    also={"workflow_runs": "the workflow of refused calls tries the code in other letters, too"},
).replace_actions
def code_minds_no_case(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Session codes are compared without regard to case, as many databases compare texts."""
    given = call.input.get("session_code")
    row = (
        context.store.row("SELECT code FROM session WHERE id = ?", call.input.get("session_id"))
        if isinstance(given, str)
        else None
    )
    if row is not None and isinstance(given, str) and row["code"].lower() == given.lower():
        call = replace(call, input={**call.input, "session_code": row["code"]})
    return inner(call)


def _read_like(context: Context, inner: Domain, call: AcceptedCall, name: str, sql: str) -> Any:
    """Answer a read of an id that does not exist as that of the first id which `sql` finds for it."""
    found = inner(call)
    id = call.input.get(name)
    if isinstance(found, Refusal) and isinstance(id, str) and call.action.effect == "read":
        for row in context.store.rows(sql, id):
            return inner(replace(call, input={**call.input, name: row["id"]}))
    return found


@fault("id_comparison").replace_actions
def ids_without_case(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Ids are compared without regard to case, as many databases compare texts."""
    return _read_like(context, inner, call, "session_id", "SELECT id FROM session WHERE lower(id) = lower(?)")


@fault("exact_filters", "law").replace_actions
def list_by_wildcard(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A list filter is a SQL LIKE, in which an underscore matches any character."""
    found = inner(call)
    if (
        call.action.name != "list_sessions"
        or isinstance(found, Refusal)
        or found["sessions"]
        or "fleet_id" not in call.input
    ):
        return found
    row = context.store.row(
        "SELECT fleet_id FROM session WHERE fleet_id LIKE ? AND length(fleet_id) > 1", call.input["fleet_id"]
    )
    return (
        inner(replace(call, input={**call.input, "fleet_id": row["fleet_id"]})) if row is not None else found
    )


@fault("law").edit_results("list_sessions")
def list_sorted_by_end(_context: Context, call: AcceptedCall, found: Any) -> Any:
    """A list of completed sessions is sorted by their end, though it is declared as sorted by their start."""
    if call.input.get("status") == "completed":
        found["sessions"].sort(key=lambda session: str(session["ended_at"]), reverse=True)
    return found


@fault("exact_filters", "law").replace_actions
def lookup_drops_separators(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A search by plate ignores hyphens."""
    found = inner(call)
    if call.action.name != "search_sessions" or isinstance(found, Refusal) or found["sessions"]:
        return found
    row = context.store.row(
        "SELECT plate FROM session WHERE replace(plate, '-', '') = replace(?, '-', '')",
        call.input["plate"].upper(),
    )
    return inner(replace(call, input={**call.input, "plate": row["plate"]})) if row is not None else found


@fault("key_authentication").edit_answers
def instance_before_key(context: Context, request: Request, answer: Response) -> Response:
    """A session is looked up before the key is checked, so without a key an unknown id gets 404 instead of
    401.
    """
    asked = context.reader.parse(request) if answer.status == 401 else None
    id = asked.path.get("session_id") if asked is not None else None
    if id is None or context.store.row("SELECT 1 FROM session WHERE id = ?", id) is not None:
        return answer
    told = answers.make_refusal(
        context.model,
        context.model.codes["NOT_FOUND"],
        "There is no such session",
        answer.header("x-request-id") or "",
    )
    return replace(answer, status=told.status, body=told.body).with_header("WWW-Authenticate", None)


@fault("exact_codes", "workflow_runs").replace_actions
def wrong_code_accepted(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A session can be ended with any session code: the code is not compared."""
    given = "session_code" in call.input
    row = (
        context.store.row("SELECT code FROM session WHERE id = ?", call.input.get("session_id"))
        if given
        else None
    )
    if row is not None:
        call = replace(call, input={**call.input, "session_code": row["code"]})
    return inner(call)
