"""Faults that end in status 500 or a closed connection."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from faults.helpers import error_at, list_action
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, successful


def _crash(context: Context, answer: Response) -> Response:
    """Return the answer with the status and code of a server error."""
    crashed = framework_code(context.model, "crashed")
    return replace(answer, status=crashed.status).with_json(
        error_at(data_of(answer), context.model.errors.code_at, crashed.name)
    )


@fault("no_crashes").handle_requests
def connection_dropped(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An argument out of its range makes the server close the connection without an answer."""
    invalid = framework_code(context.model, "invalid").status
    found = handler(request)
    refused = isinstance(found, Response) and found.status == invalid and b"must be at" in found.body
    return (
        Silence("reset", "the connection was closed") if refused and context.reader.parse(request) else found
    )


@fault("no_crashes").replace_actions
def huge_number_crashes(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A number whose hundredths exceed 64 bits crashes the server."""
    if any(isinstance(value, int | float) and abs(value) * 100 >= 2**63 for value in call.input.values()):
        raise OverflowError("bigint out of range")
    return inner(call)


@fault("no_crashes").edit_answers
def large_body_crashes(context: Context, _request: Request, answer: Response) -> Response:
    """A body over the size limit crashes the server."""
    if answer.status != 413:
        return answer
    return _crash(context, answer)


@fault("no_crashes").edit_answers
def long_agent_crashes(context: Context, request: Request, answer: Response) -> Response:
    """A User-Agent of more than 255 characters crashes a server that logs it to a column of that width."""
    if answer.status < 400 or len(request.header("user-agent") or "") <= 255:
        return answer
    return _crash(context, answer)


@fault(
    "no_crashes",
    also={
        "valid_calls": "the crash is not a success",
        "documented_status": "the answer is none of the action's",
    },
).edit_answers
def long_page_crashes(context: Context, request: Request, answer: Response) -> Response:
    """A list with the largest limit and no other optional argument crashes the server."""
    action = list_action(context.model)
    optional = [p for p in action.params if not p.required]
    longest = next(p for p in optional if p.schema.get("type") == "integer" and "maximum" in p.schema)
    status = framework_code(context.model, "crashed").status
    asked = context.reader.parse(request)
    if asked is None or asked.action is not action or not successful(answer):
        return answer
    given = context.reader.arguments(request)
    alone = {p.wire for p in optional} & given.keys() == {longest.wire}
    if not alone or str(given[longest.wire]) != str(longest.schema["maximum"]):
        return answer
    headers = tuple((name, value) for name, value in answer.headers if name.lower() != "content-type")
    return Response(status, (*headers, ("Content-Type", "text/plain")), b"Internal Server Error")


@fault("no_crashes").edit_answers
def malformed_json_crashes(context: Context, _request: Request, answer: Response) -> Response:
    """A body that is not JSON crashes the server."""
    if answer.status < 400 or b"cannot be read" not in answer.body:
        return answer
    return _crash(context, answer)


@fault("no_crashes").replace_actions
def nul_in_text_crashes(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A NUL character in a text crashes the server, because its database accepts none."""
    if "\\u0000" in json.dumps(call.input, default=str):
        raise ValueError("invalid byte sequence for encoding UTF8: 0x00")
    return inner(call)


@fault("no_crashes").edit_answers
def odd_value_crashes(context: Context, request: Request, answer: Response) -> Response:
    """A null argument crashes the server."""
    if answer.status < 400 or None not in context.reader.arguments(request).values():
        return answer
    return _crash(context, answer)


@fault("no_crashes").edit_answers
def path_bytes_crash(context: Context, request: Request, answer: Response) -> Response:
    """A path that is not valid UTF-8 crashes the server."""
    try:
        unquote_to_bytes(request.path).decode()
    except UnicodeDecodeError:
        return _crash(context, answer)
    return answer


@fault("no_crashes").handle_requests
def quote_crashes(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An apostrophe in a text crashes the server, as with SQL made by concatenation."""
    found = handler(request)
    texts = json.dumps(context.reader.arguments(request), ensure_ascii=False)
    if "'" not in texts or not isinstance(found, Response) or found.status >= 400:
        return found
    return Response(
        500,
        found.headers,
        b'{"error":{"code":"INTERNAL","message":"Something went wrong","request_id":"req_0"}}',
    )


@fault("no_crashes").edit_answers
def status_500_on_bad_input(context: Context, request: Request, answer: Response) -> Response:
    """An argument out of its range ends in status 500."""
    invalid = framework_code(context.model, "invalid")
    if (
        answer.status != invalid.status
        or not context.reader.parse(request)
        or b"must be at" not in answer.body
    ):
        return answer
    return _crash(context, answer)
