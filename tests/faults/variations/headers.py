"""Legal headers of answers, and legal answers to HEAD."""

from __future__ import annotations

from dataclasses import replace

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import is_hosted, successful


@variation().edit_answers
def charset(_context: Context, _request: Request, answer: Response) -> Response:
    """JSON is served as `application/json; charset=utf-8`, and other JSON types likewise."""
    media = answer.header("content-type") or ""
    is_json = media == "application/json" or media.endswith("+json")
    return answer.with_header("Content-Type", f"{media}; charset=utf-8") if is_json else answer


@variation().edit_answers
def no_content_with_media_type(_context: Context, _request: Request, answer: Response) -> Response:
    """A 204 names a media type, though no body follows."""
    return answer.with_header("Content-Type", "application/json") if answer.status == 204 else answer


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


@variation().edit_answers
def slower_remaining(context: Context, _request: Request, answer: Response) -> Response:
    """The header of remaining calls holds back a tenth of the limit for other clients."""
    names = context.model.limits.headers
    told = answer.header(names.remaining) if names and names.remaining else None
    limit = answer.header(names.limit) if names and names.limit else None
    if not names or not told or not limit:
        return answer
    return answer.with_header(names.remaining, str(max(0, int(told) - int(limit) // 10)))


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
