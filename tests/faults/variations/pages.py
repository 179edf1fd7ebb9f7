"""Legal ways to give out a list in pages."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from pgagents.base.http import Request, Response
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import data_of
from pgagents.sandbox.mock import places


@variation().edit_answers
def link_header_with_more(_context: Context, _request: Request, answer: Response) -> Response:
    """The Link header has further relations and parameters, and comes twice."""
    link = answer.header("link")
    if link is None:
        return answer
    target = link.partition(">")[0].removeprefix("<")
    told = f'</first>; rel=first; title="a, b; rel=next", <{target}>; title="c"; rel="item next"'
    headers = [(k, v) for k, v in answer.headers if k.lower() != "link"]
    return replace(answer, headers=(*headers, ("Link", told), ("Link", "</last>;rel=last")))


@variation().edit_answers
def next_url_relative(context: Context, request: Request, answer: Response) -> Response:
    """The URL of the next page is relative to the request's."""
    link = answer.header("link")
    server = str(context.model.api.server)
    if link is not None:
        return answer.with_header("Link", link.replace(f"<{server}", "<"))
    action = context.reader.action(request)
    if action is None or action.pages is None or not action.pages.is_url:
        return answer
    place, data = places.place_steps(action.pages.next)[1:], data_of(answer)
    told = places.get(data, place)
    if not isinstance(told, str):
        return answer
    return answer.with_json(places.put(data, place, f"?{urlsplit(told).query}"))
