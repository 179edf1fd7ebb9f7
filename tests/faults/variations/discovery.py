"""Legal ways to serve the documents by which agents find an API, and the pages that link to them."""

from __future__ import annotations

from urllib.parse import urlsplit

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import MOVED, successful


def _of_agents(context: Context) -> set[str]:
    hosted = context.model.api.hosted.items()
    return {path for file, path in hosted if file.startswith(("web/", "mcp/server-card"))}


@variation().handle_requests
def documents_redirected(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The documents that agents look for are redirected to another place of the same host."""
    place = request.path.removeprefix(MOVED)
    if place not in _of_agents(context):
        return handler(request)
    if request.path.startswith(MOVED):
        return handler(Request(request.method, place, request.headers, request.body))
    found = handler(request)
    if isinstance(found, Silence) or not 200 <= found.status < 400:
        return found
    kept = tuple((name, value) for name, value in found.headers if name.lower() not in ("etag", "link"))
    return Response(308, (*kept, ("Location", MOVED + place)))


@variation().edit_answers
def documents_readable_by_origin(context: Context, request: Request, answer: Response) -> Response:
    """The documents that agents look for name the page's own origin, in place of `*`."""
    origin = request.header("origin")
    if not origin or request.path not in _of_agents(context) or not successful(answer):
        return answer
    return answer.with_header("Access-Control-Allow-Origin", origin).with_header("Vary", "Origin")


@variation().edit_answers
def front_page_says_it_once(_context: Context, request: Request, answer: Response) -> Response:
    """The front page has several Link headers, with relations that are not for agents, and no elements."""
    said = answer.header("link") if request.path == "/" else None
    if said is None:
        return answer
    further = ("Link", '</style.css>; rel="preload"; as="style", <//cdn.example/a.js>; rel=preload')
    plain = Response(answer.status, answer.headers, b"<!doctype html><title>Home</title>")
    return Response(plain.status, (*plain.headers, further), plain.body)


@variation().edit_answers
def robots_names_another_host(_context: Context, request: Request, answer: Response) -> Response:
    """The file robots.txt names an AI catalogue of another host too, which nobody here may call."""
    if request.path != "/robots.txt" or not successful(answer):
        return answer
    line = b"# agents\nagentmap:   https://catalogue.example/.well-known/ai-catalog.json\n"
    return Response(answer.status, answer.headers, line + answer.body)


@variation().edit_answers
def links_with_query(_context: Context, request: Request, answer: Response) -> Response:
    """The links of the front page carry a query and a fragment."""
    said = answer.header("link") if request.path == "/" else None
    if said is None:
        return answer
    path = urlsplit(said.partition("<")[2].partition(">")[0]).path
    return answer.with_header("Link", said.replace(f"<{path}>", f"<{path}?v=3#top>"))
