"""Faults of error bodies, statuses and request ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faults.helpers import error_at, make_action
from pgagents.base.http import Request, Response
from pgagents.sandbox import answers
from pgagents.sandbox.answers import framework_code, request_id_header
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, objects, read_by_id, successful
from pgagents.sandbox.keys import word


@fault("documented_status").edit_answers
def create_with_200(context: Context, request: Request, answer: Response) -> Response:
    """Creating an instance is answered with 200 instead of 201, or the reverse."""
    other = {200: 201, 201: 200}
    asked = context.reader.parse(request)
    if (
        asked is None
        or asked.dispatcher is not None
        or asked.action is not make_action(context.model)
        or answer.status not in other
    ):
        return answer
    return replace(answer, status=other[answer.status])


@fault("error_envelope").edit_errors
def empty_message(context: Context, _request: Request, data: Any) -> Any:
    """The message of every error is empty."""
    at = context.model.errors.message_at
    return error_at(data, at, "")


@fault("error_envelope").edit_answers
def envelope_of_framework(context: Context, request: Request, answer: Response) -> Response:
    """Unknown paths, wrong methods and unreadable bodies are answered in the web framework's shape, not in
    the envelope.
    """
    outside = answer.status in (405, 413) or (answer.status == 404 and context.reader.parse(request) is None)
    unread = answer.status >= 400 and (b"the body" in answer.body)
    return answer.with_json({"detail": "Not Found"}) if outside or unread else answer


@fault(
    "error_envelope",
    also={
        "oauth_grants": "refused codes and tokens are reported in that envelope too",
        "oauth_metadata": "so is an empty call of the token endpoint",
    },
).edit_answers
def envelope_of_refusals(context: Context, _request: Request, answer: Response) -> Response:
    """A refused argument is answered in another envelope than every other error."""
    invalid = framework_code(context.model, "invalid").status
    data = data_of(answer)
    return answer.with_json({"errors": [data]}) if answer.status == invalid and data is not None else answer


@fault("content_type", "error_envelope").edit_answers
def errors_as_asked(_context: Context, request: Request, answer: Response) -> Response:
    """An error is an HTML page where the Accept header contains `*/*`."""
    if answer.status < 400 or "*/*" not in (request.header("accept") or ""):
        return answer
    page = b"<!doctype html><title>Error</title><h1>Something is wrong with this call</h1>"
    return replace(answer, body=page).with_header("Content-Type", "text/html")


@fault("error_names_field").edit_errors
def field_missing(context: Context, _request: Request, data: Any) -> Any:
    """A refusal does not name the wrong argument."""
    at = (context.model.errors.field_at or "").split(".")
    for found in objects(data):
        found.pop(at[-1], None)
    return data


@fault("error_names_field").edit_errors
def field_of_another(context: Context, request: Request, data: Any) -> Any:
    """A refusal names the first argument of the action instead of the wrong one."""
    action = context.reader.action(request)
    at = context.model.errors.field_at
    if at is None or action is None or not action.params:
        return None
    if not any(at.split(".")[-1] in found for found in objects(data)):
        return None
    return error_at(data, at, action.params[0].wire)


@fault("error_envelope").edit_errors
def language_without_words(context: Context, request: Request, data: Any) -> Any:
    """Error messages are looked up by the requested language; they are empty for every language but
    English.
    """
    at = context.model.errors.message_at
    language = (request.header("accept-language") or "en").lower()
    if language.startswith(("en", "*")):
        return None
    return error_at(data, at, "")


@fault("error_envelope").edit_answers
def mount_has_own_errors(context: Context, request: Request, answer: Response) -> Response:
    """One version of the API is an application of its own, which answers unknown paths in its framework's
    shape.
    """
    first = "/".join(context.model.actions[0].path.split("/")[:3])
    mounts = {"/".join(a.path.split("/")[:3]) for a in context.model.actions} - {first}
    texts = {404: "Not Found", 405: "Method Not Allowed"}
    below = any(request.path.startswith(f"{mount}/") for mount in mounts)
    if not below or answer.status not in texts or context.reader.parse(request) is not None:
        return answer
    return answer.with_json({"detail": texts[answer.status]})


@fault("request_id").edit_errors
def request_id_differs(context: Context, _request: Request, data: Any) -> Any:
    """An error's body contains another request id than its header."""
    if context.model.errors.request_id_at is None:
        return None
    return error_at(data, context.model.errors.request_id_at, "req_" + word(context.rng, 20))


@fault("response_headers", "request_id").edit_answers
def request_id_of_client(context: Context, request: Request, answer: Response) -> Response:
    """A successful answer repeats the request id that the client sent."""
    name = request_id_header(context.model)
    sent = request.header(name)
    return answer.with_header(name, sent) if sent is not None and successful(answer) else answer


@fault("request_id").edit_answers
def request_id_reused(context: Context, _request: Request, answer: Response) -> Response:
    """All errors have the same request id."""
    name = answers.request_id_header(context.model)
    data = data_of(answer)
    if answer.status < 400 or data is None or context.model.errors.request_id_at is None:
        return answer
    return answer.with_json(error_at(data, context.model.errors.request_id_at, "req_1")).with_header(
        name, "req_1"
    )


@fault("documented_status").edit_answers
def status_undocumented(context: Context, request: Request, answer: Response) -> Response:
    """A read by id succeeds with 206, which is not documented."""
    changed = successful(answer) and context.reader.action(request) is read_by_id(context.model)
    return replace(answer, status=206) if changed else answer


@fault("content_type", "error_envelope").edit_answers
def unknown_path_html(context: Context, request: Request, answer: Response) -> Response:
    """An unknown path is answered with an HTML page."""
    if answer.status != 404 or context.reader.parse(request) is not None:
        return answer
    return replace(answer, body=b"<!doctype html><title>404</title><h1>Not Found</h1>").with_header(
        "Content-Type", "text/html"
    )


@fault("error_codes").edit_answers
def wrong_code(context: Context, _request: Request, answer: Response) -> Response:
    """A missing instance is answered with a code that is not in the catalogue."""
    data = data_of(answer)
    if answer.status != 404 or data is None:
        return answer
    return answer.with_json(error_at(data, context.model.errors.code_at, "RESOURCE_MISSING"))


@fault("error_codes").edit_answers
def wrong_status_of_code(context: Context, _request: Request, answer: Response) -> Response:
    """A conflict is answered with the status of an invalid argument."""
    status = context.model.codes[context.model.errors.framework.invalid].status
    return replace(answer, status=status) if answer.status == 409 else answer
