"""Each fault names the checks it breaks, each variation the key of `behaviour` that must allow it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import count
from typing import Any

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.base.jsonschema.schema import resolve
from pgagents.sandbox import answers
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context, Put, fault, variation
from pgagents.sandbox.fault_helpers import data_of, edits, lists, objects, read_by_id, successful

BUSY = 45
"""Number of calls while others use up the limit."""


@fault("response_schema").edit_data
def schema_wrong_type(context: Context, request: Request, data: Any) -> Any:
    """A read by id returns its numbers as strings."""
    if context.reader.action(request) is not read_by_id(context.model):
        return None
    for found in objects(data):
        found.update(
            {k: str(v) for k, v in found.items() if isinstance(v, int | float) and not isinstance(v, bool)}
        )
    return data


@fault(
    "response_schema",
    also={
        "documented_status": "an action may have another success than 200",
        "honours_manifest": "a manifest promises the body of a success",
        "workflow_runs": "a step gets an error in place of its success",
        "mode_isolation": "an instance of the other mode is refused with 200 too",
        "id_comparison": "so is an id in the other case",
        "expires_on_time": "and so is the end of what is over",
    },
).edit_answers
def status_200_error(context: Context, request: Request, answer: Response) -> Response:
    """A missing instance is answered with status 200 and an error in the body."""
    return replace(answer, status=200) if answer.status == 404 and context.reader.parse(request) else answer


@fault("law").edit_data
def search_unsorted(_context: Context, _request: Request, data: Any) -> Any:
    """Lists come in reverse order."""
    for found in lists(data):
        found.reverse()
    return data


@fault("response_headers", needs=("limits",))
def retry_after_missing(handler: Handler, context: Context) -> Handler:
    """A 429 lacks the Retry-After header."""
    names = context.model.limits.headers
    return edits(handler, lambda _, answer: answer.with_header(names.retry, None) if names else answer)


@fault("event_signatures").change_server
def webhook_bad_hmac(context: Context) -> None:
    """Events are signed over a re-encoded body, not over the bytes that are sent."""
    make = context.courier.make_headers
    context.courier.make_headers = lambda secret, body, *more: make(
        secret, json.dumps(json.loads(body)).encode(), *more
    )


@fault("event_delivery").send_events
def webhook_event_twice(_context: Context, put: Put, type: str, data: Any) -> str:
    """Each event is sent twice, as two events with different ids."""
    put(type, data)
    return put(type, data)


def _is_closed(context: Context, request: Request) -> bool:
    """True if a promised answer of the action may have no members but those that are listed, or no body."""
    action = context.reader.action(request)
    if action is None:
        return False
    known = context.model.schemas
    promised = [resolve(output.schema, known) for output in action.outputs if output.schema]
    return not promised or any(schema.get("additionalProperties") is False for schema in promised)


@variation().edit_data
def extra_members(context: Context, request: Request, data: Any) -> Any:
    """Successful answers carry additional members without secrets, where their schema leaves it open."""
    if not isinstance(data, dict) or _is_closed(context, request):
        return None
    return {**data, "api_revision": 7, "links": [{"rel": "docs", "href": "https://example.com/docs"}]}


@variation("time_zone").edit_answers
def time_offset(_context: Context, _request: Request, answer: Response) -> Response:
    """Times end with +00:00 instead of Z."""
    if data_of(answer) is None or not successful(answer):
        return answer
    return Response(
        answer.status,
        answer.headers,
        re.sub(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z"', rb'"\1+00:00"', answer.body),
    )


@variation().replace_actions
def pages_shorter_than_asked(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A page has fewer items than were requested, and the list goes on all the same.

    Pages that are counted by a number, or by items, stay as they are: the caller reckons with their size.
    """
    pages = call.action.pages
    size = pages.size if pages is not None else None
    if pages is None or size is None or "input" in pages.next.names or call.input.get(size, 0) <= 1:
        return inner(call)
    return inner(replace(call, input={**call.input, size: (call.input[size] + 1) // 2}))


@variation().handle_requests
def limited_now_and_then(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """At first one call in seven is refused for a limit that others have used up, with any of the declared
    statuses.
    """
    if context.reader.action(request) is None or context.model.errors.framework.limited is None:
        return handler(request)
    number = next(context.memory.setdefault("calls", count(1)))
    if number % 7 or number > BUSY:
        return handler(request)
    limited, statuses = framework_code(context.model, "limited"), sorted(context.model.limit_reader.statuses)
    status = statuses[number // 7 % len(statuses)]
    code = next((c for c in (limited, *context.model.always()) if c.status == status), limited)
    id = f"req_{number:020}"
    refused = answers.make_refusal(context.model, code, "Others are too many", id)
    more = ((context.model.limit_reader.retry, "1"), (answers.request_id_header(context.model), id))
    return Response(refused.status, (*refused.headers, *more), refused.body)
