"""Faults of what identifies an error: its media type, its code's value and place, and its sign in a 200."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from faults.helpers import error_at
from pgagents.base.http import Request, Response, json_bytes
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of


@fault("content_type", needs=("problem-json",)).edit_answers
def problem_as_plain_json(_context: Context, _request: Request, answer: Response) -> Response:
    """A problem document is sent as `application/json`."""
    problem = (answer.header("content-type") or "").startswith("application/problem+json")
    return answer.with_header("Content-Type", "application/json") if problem else answer


@fault("error_envelope", needs=("problem-json",)).edit_answers
def problem_status_differs(_context: Context, _request: Request, answer: Response) -> Response:
    """The status in a problem document is always 400."""
    data = data_of(answer)
    if answer.status <= 400 or not isinstance(data, dict) or "status" not in data:
        return answer
    return replace(answer, body=json_bytes({**data, "status": 400}))


@fault("error_codes", needs=("code-on-the-wire",)).edit_errors
def code_by_its_name(context: Context, _request: Request, data: Any) -> Any:
    """An error has the name of a constant of the server's code instead of the code's value."""
    named = {str(code.wire): code for code in context.model.codes.values() if isinstance(code.wire, str)}
    for text, code in named.items():
        if json.dumps(text) in json.dumps(data):
            return error_at(data, code.code_at, code.name.upper())
    return None


@fault("error_codes", needs=("code-on-the-wire",)).edit_errors
def code_number_as_text(context: Context, _request: Request, data: Any) -> Any:
    """A code that is a number is sent as a text."""
    for code in context.model.codes.values():
        told = context.model.error_reader.read(code.status, data)
        if isinstance(code.wire, int) and told.code is code:
            return error_at(data, code.code_at, str(code.wire))
    return None


@fault("error_envelope", "error_codes", needs=("code-at-differs",)).edit_errors
def code_at_common_place(context: Context, _request: Request, data: Any) -> Any:
    """An error with a body of its own has its code where all other errors have theirs."""
    place = context.model.errors.code_at
    for code in context.model.codes.values():
        if (
            code.code_at not in (None, place)
            and context.model.error_reader.read(code.status, data).code is code
        ):
            return error_at({}, place, code.value)
    return None


@fault("invalid_input", "absent_id", needs=("error-in-200",)).edit_answers
def error_without_sign(context: Context, _request: Request, answer: Response) -> Response:
    """An error with status 200 looks like a success: the member that tells them apart says so."""
    sign, data = context.model.error_reader.sign, data_of(answer)
    if sign is None or answer.status >= 300 or not sign.holds(data):
        return answer
    return replace(answer, body=json_bytes(error_at(data, ".".join(sign.path), not sign.value)))


@fault("absent_id", needs=("status-is-the-code",)).edit_answers
def absent_as_invalid(context: Context, request: Request, answer: Response) -> Response:
    """A missing instance is answered with the status of an invalid argument."""
    invalid = context.model.codes[context.model.errors.framework.invalid]
    asked = context.reader.parse(request)
    if asked is None or asked.action is None or invalid.shown:
        return answer
    missing = (resource.missing_in(asked.action) for resource in context.model.resources.values())
    by_status = any(code is not None and code.status == answer.status for code in missing)
    return replace(answer, status=invalid.status) if by_status else answer
