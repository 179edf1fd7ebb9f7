"""Faults of content types, response headers, CORS and hosted documents."""

from __future__ import annotations

import re

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, successful
from pgagents.sandbox.keys import has_credential


@fault("response_headers", needs=("answer-headers",)).edit_answers
def answer_header_missing(context: Context, request: Request, answer: Response) -> Response:
    """An answer lacks the headers that it alone has."""
    action = context.reader.action(request)
    for output in action.outputs if action is not None else ():
        for header in output.headers if output.status == answer.status else ():
            answer = answer.with_header(header.name, None)
    return answer


@fault("response_headers", needs=("deprecated",)).edit_answers
def deprecated_as_a_flag(_context: Context, _request: Request, answer: Response) -> Response:
    """The header Deprecation is `true`, as in an old draft of its RFC."""
    return answer if answer.header("deprecation") is None else answer.with_header("Deprecation", "true")


@fault("location", needs=("location-of-created",)).edit_answers
def location_of_the_list(context: Context, request: Request, answer: Response) -> Response:
    """The Location of a new instance is the path of its list."""
    location = answer.header("location")
    if location is None or context.reader.action(request) is None:
        return answer
    return answer.with_header("Location", location.rpartition("/")[0])


@fault("location", needs=("location-of-created",)).edit_answers
def location_of_nothing(context: Context, request: Request, answer: Response) -> Response:
    """The Location of a new instance ends with an id that nothing has."""
    location = answer.header("location")
    if location is None or context.reader.action(request) is None:
        return answer
    return answer.with_header("Location", f"{location}0")


@fault("content_type").edit_answers
def content_type_html(context: Context, request: Request, answer: Response) -> Response:
    """JSON is served as text/html."""
    if not successful(answer) or not answer.body or not context.reader.parse(request):
        return answer
    return answer.with_header("Content-Type", "text/html; charset=utf-8")


@fault("content_type").edit_answers
def content_type_missing(context: Context, request: Request, answer: Response) -> Response:
    """Answers lack the Content-Type header."""
    return (
        answer
        if request.path in context.model.api.hosted.values()
        else answer.with_header("Content-Type", None)
    )


@fault("content_type").edit_answers
def content_type_of_errors(_context: Context, _request: Request, answer: Response) -> Response:
    """Errors are served as text/plain."""
    return answer.with_header("Content-Type", "text/plain") if answer.status >= 400 else answer


@fault("cors_policy").edit_answers
def cors_authorization_by_star(_context: Context, _request: Request, answer: Response) -> Response:
    """A preflight allows headers by `*`, which does not include Authorization."""
    there = answer.header("access-control-allow-headers") is not None
    return answer.with_header("Access-Control-Allow-Headers", "*") if there else answer


@fault("cors_policy").edit_answers
def cors_credentials(_context: Context, request: Request, answer: Response) -> Response:
    """A page of any origin may call with the cookies of a signed-in user."""
    origin = request.header("origin")
    if not origin or answer.header("access-control-allow-origin") is None:
        return answer
    return answer.with_header("Access-Control-Allow-Origin", origin).with_header(
        "Access-Control-Allow-Credentials", "true"
    )


@fault("cors_policy").edit_answers
def cors_missing(_context: Context, request: Request, answer: Response) -> Response:
    """Preflights succeed, but answers lack the header that lets a web page read them."""
    return answer if request.method == "OPTIONS" else answer.with_header("Access-Control-Allow-Origin", None)


@fault("cors_policy").edit_answers
def cors_missing_on_bad_request(context: Context, _request: Request, answer: Response) -> Response:
    """Answers to unreadable requests lack the CORS headers, as the parser answers before the CORS
    middleware does.
    """
    refused = answer.status == framework_code(context.model, "bad_body").status
    return answer.with_header("Access-Control-Allow-Origin", None) if refused else answer


@fault("cors_policy").edit_answers
def cors_simple_methods(_context: Context, _request: Request, answer: Response) -> Response:
    """A preflight allows GET and POST only."""
    if answer.header("access-control-allow-methods") is None:
        return answer
    return answer.with_header("Access-Control-Allow-Methods", "GET, POST")


@fault("cors_policy").edit_answers
def cors_without_end_users(context: Context, _request: Request, answer: Response) -> Response:
    """A preflight does not allow the headers that name an end user."""
    named = {name.removeprefix("header ").strip().lower() for name in context.model.limits.end_user}
    told = answer.header("access-control-allow-headers")
    if told is None:
        return answer
    kept = [name for name in told.split(", ") if name.lower() not in named]
    return answer.with_header("Access-Control-Allow-Headers", ", ".join(kept))


@fault("response_headers").edit_answers
def header_missing(context: Context, _request: Request, answer: Response) -> Response:
    """Successful answers lack the rate-limit headers."""
    for name in context.model.limit_reader.names if successful(answer) else ():
        answer = answer.with_header(name, None)
    return answer


@fault("response_headers").edit_answers
def header_missing_on_errors(context: Context, _request: Request, answer: Response) -> Response:
    """Errors lack the headers that every answer must have."""
    names = [h.name for h in context.model.headers if "all" in h.on]
    for name in names if answer.status >= 400 else ():
        answer = answer.with_header(name, None)
    return answer


@fault(
    "hosted_document",
    also={
        "advertised_links": "other documents and pages link to it",
        "discovery_headers": "those that agents look for have types of their own",
    },
).edit_answers
def hosted_as_page(context: Context, request: Request, answer: Response) -> Response:
    """The hosted documents are served as text/html."""
    if request.path not in context.model.api.hosted.values() or not successful(answer):
        return answer
    return answer.with_header("Content-Type", "text/html; charset=utf-8")


MORE = b" Call it whenever it may help." * 40

_DESCRIPTION = re.compile(rb"(?m)^( +description: )([A-Z][^\n'\"]+)$")


@fault("hosted_document").edit_answers
def hosted_description_long(context: Context, request: Request, answer: Response) -> Response:
    """A hosted document has a longer description of an operation than an importer accepts."""
    if request.path not in context.model.api.hosted.values() or not successful(answer):
        return answer
    return Response(answer.status, answer.headers, _DESCRIPTION.sub(rb"\1\2" + MORE, answer.body, count=1))


@fault(
    "hosted_document", also={"advertised_links": "the index of skills has the digest of the text as built"}
).edit_answers
def hosted_drift(context: Context, request: Request, answer: Response) -> Response:
    """The hosted documents have another title than the catalogue."""
    title = context.model.api.title.encode()
    if request.path not in context.model.api.hosted.values() or not successful(answer):
        return answer
    return Response(answer.status, answer.headers, answer.body.replace(title, title + b" Beta"))


@fault("hosted_document", also={"advertised_links": "other documents and pages link to it"}).handle_requests
def hosted_missing(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The hosted documents are not served."""
    return handler(
        Request(request.method, "/-/nowhere", request.headers)
        if request.path in context.model.api.hosted.values()
        else request
    )


@fault("response_headers").edit_answers
def hosted_without_headers(context: Context, request: Request, answer: Response) -> Response:
    """The hosted documents lack the response headers that the API declares."""
    own = {header.name.lower() for header in context.model.headers}
    if request.path not in context.model.api.hosted.values() or not successful(answer):
        return answer
    return Response(
        answer.status, tuple((k, v) for k, v in answer.headers if k.lower() not in own), answer.body
    )


@fault("response_headers").edit_answers
def hsts_missing(_context: Context, _request: Request, answer: Response) -> Response:
    """Answers over TLS lack Strict-Transport-Security."""
    return answer.with_header("Strict-Transport-Security", None)


@fault("response_headers").edit_answers
def hsts_no_preload(_context: Context, _request: Request, answer: Response) -> Response:
    """Strict-Transport-Security lasts one day only and lacks `preload`."""
    there = answer.header("strict-transport-security") is not None
    return answer.with_header("Strict-Transport-Security", "max-age=86400") if there else answer


@fault("response_headers", also={"oauth_grants": "answers with tokens are stored, too"}).edit_answers
def no_store_missing(context: Context, _request: Request, answer: Response) -> Response:
    """Answers to calls with a key may be cached by anyone."""
    names = [h.name for h in context.model.headers if "keyed" in h.on and h.const]
    for name in names if answer.status < 400 else ():
        if answer.header(name) is not None:
            answer = answer.with_header(name, "public, max-age=600")
    return answer


@fault("cors_policy").edit_answers
def preflight_401(context: Context, request: Request, answer: Response) -> Response:
    """A preflight is refused with 401, though browsers never send a key with it."""
    asks = request.method == "OPTIONS" and request.header("access-control-request-method")
    return Response(401, answer.headers) if asks and not has_credential(context.model, request) else answer


@fault("hosted_document").edit_answers
def wellknown_stale(context: Context, request: Request, answer: Response) -> Response:
    """The hosted plugin manifest is out of date: another URL, and no authentication."""
    data = data_of(answer)
    if request.path != context.model.api.hosted.get("openai/ai-plugin.json") or not isinstance(data, dict):
        return answer
    api = {**data.get("api", {}), "url": "https://old.example.com/openapi.json"}
    return answer.with_json({**data, "auth": {"type": "none"}, "api": api})
