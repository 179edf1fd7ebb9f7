"""Faults of calls that a host repeats because their answer was lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faults import of_mcp as mcp
from faults.helpers import holds_instances, run_sql
from faults.of_mcp import mcp_fault
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import id_text
from pgagents.sandbox import answers
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import successful

NEEDS = "lost-answers"
"""The need of a fault that only a run with `--lost-answers` shows."""
_FORGET = "DELETE FROM idempotency WHERE value = ?"


def _find_key(context: Context, request: Request) -> str:
    """Return the idempotency key of a request; empty without one."""
    asked = context.reader.parse(request)
    if asked is None or asked.action.idempotency is None:
        return ""
    param = asked.action.param(asked.action.idempotency)
    if param is not None and param.place == "header" and asked.dispatcher is None:
        return request.header(param.wire) or ""
    value = context.reader.arguments(request).get(asked.action.idempotency)
    return value if isinstance(value, str) else ""


@fault(
    "repeated_calls",
    also={
        "idempotency": "its calls use a key more than twice",
        "idempotency_key_lifetime": "a key that was used twice is free before its time is over",
    },
    needs=(NEEDS,),
).handle_requests
def key_forgotten_after_a_repeat(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An idempotency key is forgotten once a call was repeated with it, so a second repeat acts again."""
    uses: dict[str, int] = context.memory.setdefault("uses", {})
    answer, key = handler(request), _find_key(context, request)
    if key:
        uses[key] = uses.get(key, 0) + 1
        if uses[key] == 2:
            run_sql(context, _FORGET, key)
    return answer


def _note_read(context: Context, request: Request, answer: Response | Silence) -> None:
    """Note the idempotency keys of calls that made what a request has just read by its id."""
    read: set[str] = context.memory.setdefault("read", set())
    asked = context.reader.parse(request)
    if asked is None or not asked.action.only_reads:
        return
    for id in asked.path.values() if isinstance(answer, Response) and successful(answer) else ():
        row = context.store.row("SELECT value FROM idempotency WHERE resource = ?", id)
        if row is not None:
            read.add(str(row["value"]))


def _is_free(context: Context, request: Request) -> bool:
    """Forget the idempotency key of a request if what it made was read; return True if it was."""
    key = _find_key(context, request)
    if not key or key not in context.memory.setdefault("read", set()):
        return False
    context.memory["read"].discard(key)
    run_sql(context, _FORGET, key)
    return True


@fault("repeated_calls", needs=(NEEDS,)).handle_requests
def key_freed_by_a_read(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An idempotency key may be used again once somebody has read the instance that it made."""
    _is_free(context, request)
    answer = handler(request)
    _note_read(context, request, answer)
    return answer


def _act_and_deny(context: Context, handler: Handler, request: Request, code: Code) -> Response | Silence:
    """Carry out a call with a key whose instance was read, and answer it with this error."""
    free, answer = _is_free(context, request), handler(request)
    _note_read(context, request, answer)
    if not free or not isinstance(answer, Response):
        return answer
    id = answer.header(answers.request_id_header(context.model)) or ""
    denial = answers.make_refusal(context.model, code, "Nothing was done", id)
    denied = replace(answer, status=denial.status, body=denial.body).with_header("Location", None)
    return denied.with_header("Content-Type", denial.header("Content-Type")).with_header("ETag", None)


@fault(
    "repeated_calls",
    also={
        "no_effect_of_refusals": "a list shows what the refused call made",
        "consistent_representations": "an answer of before is compared with one after the refused change",
    },
    needs=(NEEDS,),
).handle_requests
def repeat_denied_after_work(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Once an instance was read, a repeat of the call that made it acts again, and is answered with 404."""
    action = context.reader.action(request)
    missing = (code for code in (action.errors if action is not None else ()) if code.status == 404)
    code = next(missing, context.model.codes[context.model.errors.framework.unknown_path])
    return _act_and_deny(context, handler, request, code)


@fault(
    "repeated_calls",
    also={"no_crashes": "the answer says that the server failed"},
    needs=(NEEDS,),
).handle_requests
def repeat_fails_after_work(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Once an instance was read, a repeat of the call that made it acts again, and is answered with 500."""
    code = context.model.codes[context.model.errors.framework.crashed]
    return _act_and_deny(context, handler, request, code)


@fault(
    "repeated_calls",
    also={"hint_idempotent": "a DELETE promises the same of three equal calls"},
    needs=(NEEDS, "gone-after-removal"),
).handle_requests
def repeated_removal_restores(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A repeated removal is refused, and brings back what the first one removed."""
    answer, asked = handler(request), context.reader.parse(request)
    if asked is None or asked.action.method != "DELETE" or not isinstance(answer, Response):
        return answer
    refused = not successful(answer) and holds_instances(context)
    for resource in context.model.resources.values() if refused else ():
        id = resource.id_named(asked.action.params, asked.path)
        if id is not None and resource.undone_by is not None and resource.undone_by.action is asked.action:
            run_sql(
                context, "UPDATE instance SET gone = 0 WHERE kind = ? AND id = ?", resource.name, id_text(id)
            )
    return answer


@mcp_fault("repeated_calls", needs=(NEEDS,)).handle_requests
def key_held_by_a_session(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An MCP server with sessions remembers idempotency keys for one session, so a host that connects anew
    repeats a call with effect.
    """
    question = mcp.parse_request(request)
    if question.get("method") == "server/discover":
        return Response(400, (("Content-Type", "text/plain"),), b"Bad Request: Missing session ID")
    sessions: dict[str, int] = context.memory.setdefault("sessions", {})
    number = sessions.setdefault(request.header("Mcp-Session-Id") or "", len(sessions))
    surface = context.model.surfaces["mcp"]
    params = {str(a.name): surface.key_param(a) for a in context.model.actions if a.idempotency}

    def mark(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        param = params.get(tool)
        key = arguments.get(str(param.name)) if param is not None else None
        if param is None or not isinstance(key, str) or not key:
            return arguments
        turned = max(0, number - 1) % len(key)  # the first message of a server with sessions has none
        return {**arguments, str(param.name): key[turned:] + key[:turned]}

    return mcp.calls(handler, mark)(request)
