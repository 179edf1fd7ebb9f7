"""Legal ways to write an answer: layout, headers, words, numbers and times."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import count
from typing import Any

from pgagents.http import Handler, Request, Response, Silence
from pgagents.jsonschema.schema import resolve
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.sandbox.call import AcceptedCall, Domain, Other
from pgagents.sandbox.events.outbox import Delivery
from pgagents.sandbox.injection.fault_declaration import Context, variation
from pgagents.sandbox.injection.fault_helpers import (
    data_of,
    error_at,
    is_hosted,
    list_action,
    lists,
    successful,
    widest,
)


@variation().handle_requests
def busy_edge(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The edge in front of the API answers one call in 37 with 503 and Retry-After, without the envelope."""
    calls = context.memory.setdefault("calls", count(1))
    if next(calls) % 37 == 0:
        return Response(503, (("Content-Type", "text/plain"), ("Retry-After", "1")), b"busy")
    return handler(request)


@variation().edit_answers
def charset(_context: Context, _request: Request, answer: Response) -> Response:
    """JSON is served as `application/json; charset=utf-8`, and other JSON types likewise."""
    media = answer.header("content-type") or ""
    is_json = media == "application/json" or media.endswith("+json")
    return answer.with_header("Content-Type", f"{media}; charset=utf-8") if is_json else answer


@variation().edit_answers
def extra_headers(_context: Context, _request: Request, answer: Response) -> Response:
    """Answers carry additional headers, some of them twice."""
    further = (
        ("Via", "1.1 edge-a"),
        ("Via", "1.1 edge-b"),
        ("X-Served-By", "pod-7"),
        ("Vary", "Accept-Encoding"),
        ("Server-Timing", "app;dur=3"),
    )
    return Response(answer.status, (*answer.headers, *further), answer.body)


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


@variation().handle_requests
def head_supported(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """HEAD is answered wherever GET is."""
    if request.method == "HEAD":
        found = handler(replace(request, method="GET"))
        return Response(found.status, found.headers) if isinstance(found, Response) else found
    found = handler(request)
    if request.method == "OPTIONS" and isinstance(found, Response) and found.status == 405:
        kept = tuple(h for h in found.headers if h[0].lower() != "content-type")
        return Response(204, kept)
    return found


@variation().edit_answers
def head_without_content_headers(context: Context, request: Request, answer: Response) -> Response:
    """HEAD of an action tells nothing of the content that GET would have."""
    if request.method != "HEAD" or is_hosted(context.model, request):
        return answer
    content = ("content-type", "content-length", "etag", "last-modified")
    return Response(answer.status, tuple(h for h in answer.headers if h[0].lower() not in content))


@variation().edit_answers
def header_case(_context: Context, _request: Request, answer: Response) -> Response:
    """Header names are in capitals."""
    return Response(answer.status, tuple((k.upper(), v) for k, v in answer.headers), answer.body)


@variation().edit_answers
def header_lower_case(_context: Context, _request: Request, answer: Response) -> Response:
    """Header names are in lower case, as HTTP/2 sends all of them."""
    return Response(answer.status, tuple((k.lower(), v) for k, v in answer.headers), answer.body)


@variation().edit_answers
def hosted_as_text(context: Context, request: Request, answer: Response) -> Response:
    """The hosted YAML is served as plain text."""
    kinds = {
        path: "application/json; charset=utf-8" if file.endswith(".json") else "text/plain; charset=utf-8"
        for file, path in context.model.api.hosted.items()
        if not file.startswith("web/") and file != "mcp/server-card.json"  # these have types of their own
    }
    kind = kinds.get(request.path)
    return answer.with_header("Content-Type", kind) if kind and successful(answer) else answer


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


@variation().edit_answers
def origin_echoed(_context: Context, request: Request, answer: Response) -> Response:
    """CORS headers repeat the page's origin instead of `*`, and Vary names Origin."""
    origin, methods = request.header("origin"), answer.header("access-control-allow-methods")
    if not origin or answer.header("access-control-allow-origin") is None:
        return answer
    answer = answer.with_header("Access-Control-Allow-Origin", origin).with_header("Vary", "Origin")
    if methods is not None:
        headers = answer.header("access-control-allow-headers") or ""
        answer = answer.with_header("Access-Control-Allow-Methods", f"{methods}, HEAD")
        answer = answer.with_header("Access-Control-Allow-Headers", headers.lower())
    return answer


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


@variation().edit_answers
def slower_remaining(context: Context, _request: Request, answer: Response) -> Response:
    """The header of remaining calls holds back a tenth of the limit for other clients."""
    names = context.model.limits.headers
    told = answer.header(names.remaining) if names and names.remaining else None
    limit = answer.header(names.limit) if names and names.limit else None
    if not names or not told or not limit:
        return answer
    return answer.with_header(names.remaining, str(max(0, int(told) - int(limit) // 10)))


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


@variation().change_server
def webhook_header_case(context: Context) -> None:
    """The headers that sign an event are in capital letters."""
    make = context.courier.make_headers
    context.courier.make_headers = lambda *given: {
        name.upper(): value for name, value in make(*given).items()
    }


@variation().change_server
def webhook_signed_unasked(context: Context) -> None:
    """Events have a header with a signature, which the catalogue says nothing of."""
    make = context.courier.make_headers
    context.courier.make_headers = lambda *given: {
        "X-Delivery-Signature": "sha256=" + "0" * 64,
        **make(*given),
    }


@variation().change_server
def webhook_secret_rotates(context: Context) -> None:
    """Events have two signatures, of an old and of the present secret, where the format has room for it."""
    make, scheme = context.courier.make_headers, context.courier.scheme

    def twice(secret: str, body: bytes, now: float, id: str) -> dict[str, str]:
        right, old = (make(one, body, now, id) for one in (secret, secret[:-4] + "0000"))
        if scheme is None or not scheme.between:
            return right
        name = context.courier.header
        return {
            **right,
            name: old[name] + scheme.between + right[name][len(scheme.first.format(time=int(now))) :],
        }

    context.courier.make_headers = twice


@variation().change_server
def webhook_two_signatures(context: Context) -> None:
    """Events have two signatures, as during a change of secrets, an additional member, and JSON with
    blanks.
    """
    sign, compose = context.courier.sign, context.courier.compose

    def twice(secret: str, body: bytes, now: float) -> str:
        right = sign(secret, body, now)
        return right.replace(",v1=", f",v1={'0' * 64},v1=", 1)

    def spaced(delivery: Delivery) -> bytes:
        return json.dumps({"api_version": "2026-04", **json.loads(compose(delivery))}, indent=1).encode()

    context.courier.sign, context.courier.compose = twice, spaced


@variation().edit_answers
def rpc_notification_without_content(_context: Context, _request: Request, answer: Response) -> Response:
    """A notification of JSON-RPC is answered with 204, not with 202."""
    return replace(answer, status=204) if answer.status == 202 and not answer.body else answer


@variation().edit_answers
def location_relative(context: Context, _request: Request, answer: Response) -> Response:
    """The Location of an answer is relative to the server (RFC 9110, 10.2.2)."""
    location = answer.header("location")
    server = str(context.model.api.server).rstrip("/")
    if location is None or not 200 <= answer.status < 300:
        return answer
    return answer.with_header("Location", location.removeprefix(server))


@variation().edit_answers
def weak_tags(_context: Context, _request: Request, answer: Response) -> Response:
    """Tags of versions are weak (RFC 9110, 8.8.3)."""
    tag = answer.header("etag")
    return answer if tag is None or tag.startswith("W/") else answer.with_header("ETag", f"W/{tag}")


@variation().edit_answers
def deprecated_at_noon(_context: Context, _request: Request, answer: Response) -> Response:
    """A day of deprecation is said as its noon."""
    text = answer.header("deprecation")
    if text is None:
        return answer
    return answer.with_header("Deprecation", f"@{int(text.removeprefix('@')) + 43_200}")


@variation().edit_answers
def cookie_of_the_server(_context: Context, _request: Request, answer: Response) -> Response:
    """Every answer sets a cookie of the server's own, such as a load balancer's."""
    return replace(answer, headers=(*answer.headers, ("Set-Cookie", "lb=node-1; Path=/; HttpOnly")))


@variation().replace_actions
def put_again_made(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT on what is there is answered 201, as one on what is not."""
    result = inner(call)
    made = call.action.success.status == 201 and call.action.method == "PUT"
    return result.data if isinstance(result, Other) and made else result
