"""Faults of what a host advertises to agents: documents by which they find the API, and links to these."""

from __future__ import annotations

from collections.abc import Mapping

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, successful

API_CATALOG, CARD = "web/api-catalog.json", "mcp/server-card.json"
AGENTS = ("web/", CARD)
NOWHERE = "/-/moved.json"
_DIFFERS = {"hosted_document": "a document with another link differs from the one that was built"}
_TOLD = {"advertised_links": "the documents and pages that link to it promise another media type"}


def _of_agents(context: Context) -> Mapping[str, str]:
    """Return the hosted documents that agents look for, by path."""
    return {path: file for file, path in context.model.api.hosted.items() if file.startswith(AGENTS)}


@fault("discovery_headers", also=_TOLD).edit_answers
def api_catalog_as_json(context: Context, request: Request, answer: Response) -> Response:
    """The API catalogue is served as application/json, which says nothing of links."""
    wrong = _of_agents(context).get(request.path) == API_CATALOG and successful(answer)
    return answer.with_header("Content-Type", "application/json") if wrong else answer


@fault("discovery_headers").handle_requests
def documents_without_head(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The documents that agents look for are answered to GET alone; HEAD is refused."""
    found = handler(request)
    if request.method != "HEAD" or request.path not in _of_agents(context) or isinstance(found, Silence):
        return found
    return Response(405, (*found.headers, ("Allow", "GET")))


@fault("discovery_headers").edit_answers
def api_catalog_without_link(_context: Context, request: Request, answer: Response) -> Response:
    """HEAD of the API catalogue says nothing of the relation api-catalog."""
    return answer.with_header("Link", None) if request.method == "HEAD" else answer


@fault("discovery_headers").handle_requests
def not_modified_ever(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Whoever sends an ETag hears that nothing changed, whatever it is: nobody sees a new version."""
    found = handler(request)
    asked = request.header("if-none-match") and request.path in _of_agents(context)
    if not asked or isinstance(found, Silence) or not successful(found):
        return found
    kept = tuple((name, value) for name, value in found.headers if name.lower() != "content-type")
    return Response(304, kept)


@fault("advertised_links").edit_answers
def front_page_links_moved(_context: Context, request: Request, answer: Response) -> Response:
    """The front page's Link header and link elements name places where the documents no longer are."""
    if request.path != "/" or answer.header("link") is None:
        return answer
    moved = (answer.header("link") or "").replace("/.well-known/", "/.well-known/old/")
    body = answer.body.replace(b"/.well-known/", b"/.well-known/old/")
    return Response(answer.status, answer.headers, body).with_header("Link", moved)


@fault("advertised_links").edit_answers
def front_page_link_by_element_alone(_context: Context, request: Request, answer: Response) -> Response:
    """One link element of the front page names a description of the API that is not there."""
    if request.path != "/" or not answer.body:
        return answer
    element = f'<link rel="service-desc" href="{NOWHERE}"></head>'.encode()
    return Response(answer.status, answer.headers, answer.body.replace(b"</head>", element))


@fault("advertised_links", also=_DIFFERS).edit_answers
def api_catalog_links_moved(context: Context, request: Request, answer: Response) -> Response:
    """The API catalogue links to a description that is not there."""
    data = data_of(answer)
    known = isinstance(data, dict) and "linkset" in data
    if _of_agents(context).get(request.path) != API_CATALOG or not known:
        return answer
    first, *others = data["linkset"]
    moved = {**first, "service-desc": [{"href": NOWHERE, "type": "application/json"}]}
    return answer.with_json({**data, "linkset": [moved, *others]})


@fault("advertised_links").edit_answers
def skill_with_other_line_ends(context: Context, request: Request, answer: Response) -> Response:
    """A skill is served with other ends of lines than those whose digest the index names."""
    hosted = {path for file, path in context.model.api.hosted.items() if file.endswith("/SKILL.md")}
    if request.path not in hosted or not successful(answer):
        return answer
    return Response(answer.status, answer.headers, answer.body.replace(b"\n", b"\r\n"))


@fault("advertised_links", needs=("found-by-agents",)).edit_answers
def agentmap_moved(_context: Context, request: Request, answer: Response) -> Response:
    """The file robots.txt names an AI catalogue that is not there."""
    if request.path != "/robots.txt":
        return answer
    body = answer.body.replace(b"/.well-known/", b"/agents/")
    return Response(answer.status, answer.headers, body)


@fault(
    "advertised_links",
    also={"hosted_document": "it is not JSON", "discovery_headers": "a page has another type"},
    needs=("found-by-agents",),
).edit_answers
def card_is_a_page(context: Context, request: Request, answer: Response) -> Response:
    """The server card's place answers every caller with the site's page."""
    if _of_agents(context).get(request.path) != CARD or not successful(answer):
        return answer
    return Response(200, (("Content-Type", "text/html; charset=utf-8"),), b"<!doctype html><h1>Welcome</h1>")


@fault("discovery_headers", needs=("found-by-agents",)).edit_answers
def card_closed_to_pages(context: Context, request: Request, answer: Response) -> Response:
    """The server card lacks the header by which a web page may read it."""
    if _of_agents(context).get(request.path) != CARD:
        return answer
    return answer.with_header("Access-Control-Allow-Origin", None)


@fault(
    "hosted_document",
    also={"advertised_links": "what the AI catalogue links to is not there for everyone"},
    needs=("found-by-agents",),
).handle_requests
def card_needs_key(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The server card is shown only to callers with a key."""
    found = handler(request)
    wanted = _of_agents(context).get(request.path) == CARD and not request.header("authorization")
    return Response(401, found.headers) if wanted and isinstance(found, Response) else found


@fault("hosted_document", needs=("found-by-agents",)).edit_answers
def card_of_older_version(context: Context, request: Request, answer: Response) -> Response:
    """The server card names an earlier version of the server."""
    data = data_of(answer)
    if _of_agents(context).get(request.path) != CARD or not isinstance(data, dict):
        return answer
    return answer.with_json({**data, "version": "0.0.1"})
