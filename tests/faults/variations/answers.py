"""Legal ways to write an answer: layout, words, numbers and times."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import count
from typing import Any

from faults.helpers import error_at, list_action
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.call import AcceptedCall, Domain, Other
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import data_of, lists, successful, widest


@variation().handle_requests
def busy_edge(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The edge in front of the API answers one call in 37 with 503 and Retry-After, without the envelope."""
    calls = context.memory.setdefault("calls", count(1))
    if next(calls) % 37 == 0:
        return Response(503, (("Content-Type", "text/plain"), ("Retry-After", "1")), b"busy")
    return handler(request)


def _searches(model: Model) -> list[Action]:
    """Return the first action that finds or lists instances, if there is one."""
    calls = [r.found_by or next(iter(r.listed_by), None) for r in model.resources.values()]
    found = [call.action for call in calls if call is not None]
    return (
        [next((r.found_by.action for r in model.resources.values() if r.found_by), found[0])] if found else []
    )


@variation().edit_answers
def large_but_borne(context: Context, request: Request, answer: Response) -> Response:
    """The widest search answers with 99,999 characters, just below an assistant's limit, but more bytes."""
    data = data_of(answer)
    if (
        not successful(answer)
        or not isinstance(data, dict)
        or not any(widest(context.reader, search, request) for search in _searches(context.model))
    ):
        return answer
    body = answer.with_json({**data, "note": ""}).body.decode()
    missing = 99_999 - len(body)
    filled = body.replace('"note":""', f'"note":"{"é" * missing}"') if missing > 0 else body
    return replace(answer, body=filled.encode())


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _turned(value[k]) for k in reversed(value)}
    return [_turned(v) for v in value] if isinstance(value, list) else value


@variation().edit_answers
def layout(_context: Context, _request: Request, answer: Response) -> Response:
    """JSON is indented, in reverse order of members, and escaped to ASCII."""
    data = data_of(answer)
    if data is None:
        return answer
    return Response(
        answer.status,
        answer.headers,
        json.dumps(_turned(data), indent=3, ensure_ascii=True).replace("/", "\\/").encode(),
    )


@variation().handle_requests
def link_wants_login(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The pages that answers link to redirect to a login page."""
    site = context.front.site
    page = site.page(request.path)
    if page is not None and page.values:
        return Response(303, (("Location", "/login"), ("Content-Length", "0")))
    return handler(request)


@variation("time_fraction").edit_data
def list_times_finer(context: Context, _request: Request, data: Any) -> Any:
    """Lists state the times of creation to the millisecond, all other answers to the second."""
    lasting = {member for resource in context.model.resources.values() for member in resource.fixed}
    if not isinstance(data, dict):
        return None
    for found in (item for items in lists(data) for item in items):
        for name, value in found.items():
            if (
                name in lasting
                and isinstance(value, str)
                and (match := re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z", value))
            ):
                found[name] = f"{match.group(1)}.400Z"
    return data


WORDS = {"de": "Das geht leider nicht – bitte prüfen", "fr": "Ce n'est pas possible", "zh": "无法处理该请求"}


@variation().edit_answers
def messages_in_language(context: Context, request: Request, answer: Response) -> Response:
    """Error messages are in the requested language, which Content-Language names."""
    data = data_of(answer)
    language = (request.header("accept-language") or "en").partition(",")[0].partition("-")[0].strip().lower()
    if answer.status < 400 or data is None or language not in WORDS:
        return answer
    told = answer.with_json(error_at(data, context.model.errors.message_at, WORDS[language]))
    return told.with_header("Content-Language", language)


def _swapped(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _swapped(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_swapped(v) for v in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


@variation().edit_data
def number_form(_context: Context, _request: Request, data: Any) -> Any:
    """Integers are written as 8.0, and numbers such as 8.0 as 8."""
    return _swapped(data)


@variation().edit_errors
def other_words(context: Context, _request: Request, data: Any) -> Any:
    """Error messages are in another language."""
    return error_at(data, context.model.errors.message_at, "Das geht leider nicht – bitte prüfen")


@variation().handle_requests
def slow_in_time(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The widest search takes nine seconds, within the limit of every assistant's host."""
    found = handler(request)
    if (
        isinstance(found, Response)
        and successful(found)
        and widest(context.reader, list_action(context.model), request)
    ):
        context.sleep(9.0)
    return found


@variation("time_fraction").edit_answers
def time_fraction(_context: Context, _request: Request, answer: Response) -> Response:
    """Times carry fractions of a second."""
    if data_of(answer) is None or not successful(answer):
        return answer
    return Response(
        answer.status,
        answer.headers,
        re.sub(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"', rb'"\1.000Z"', answer.body),
    )


@variation().replace_actions
def put_again_made(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT on what is there is answered 201, as one on what is not."""
    result = inner(call)
    made = call.action.success.status == 201 and call.action.method == "PUT"
    return result.data if isinstance(result, Other) and made else result
