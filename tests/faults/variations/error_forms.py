"""Legal ways to write an error that no envelope forbids."""

from __future__ import annotations

from dataclasses import replace

from faults.helpers import error_at
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.answers import value_at
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import data_of


@variation().edit_answers
def problem_says_more(_context: Context, _request: Request, answer: Response) -> Response:
    """A problem document has members of its own beside those of RFC 9457, which the RFC allows (3.2)."""
    problem = (answer.header("content-type") or "").startswith("application/problem+json")
    data = data_of(answer) if problem else None
    if not isinstance(data, dict):
        return answer
    told = {**data, "instance": "/problems/7", "balance": 30, "trace": {"id": "a1", "spans": [1, 2]}}
    return replace(answer, body=json_bytes(told))


@variation().edit_answers
def open_errors_as_text(context: Context, _request: Request, answer: Response) -> Response:
    """An error whose body the catalogue leaves open is one line of text."""
    read = context.model.error_reader.read(answer.status, data_of(answer))
    if answer.status < 400 or read.code is None or read.code.content_type:
        return answer
    return replace(answer, body=b"no such luck\n").with_header("Content-Type", "text/plain")


@variation().edit_answers
def list_named_as_sent(context: Context, request: Request, answer: Response) -> Response:
    """A wrong list that is sent with brackets is named by its field, `tags[]`."""
    at, action = context.model.errors.field_at, context.reader.action(request)
    if answer.status < 400 or at is None or action is None:
        return answer
    data = data_of(answer)
    named = value_at(data, at)
    sent = [p.wire for p in action.params if p.style == "deepObject"]
    lists = {wire for wire in sent if f"{wire}%5B%5D=".encode() in request.body}
    return replace(answer, body=json_bytes(error_at(data, at, f"{named}[]"))) if named in lists else answer
