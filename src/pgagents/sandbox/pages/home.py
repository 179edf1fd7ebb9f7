"""The host's front page and its robots.txt, which link to the documents for agents."""

from __future__ import annotations

import html
from collections.abc import Mapping

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.setting import Visit, list_links

HOME, ROBOTS = "/", "/robots.txt"


def paths(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return both paths if there are such documents; otherwise none."""
    return dict.fromkeys((HOME, ROBOTS), ("GET",)) if list_links(model) else {}


def answer(request: Request, visit: Visit) -> Response:
    """Return the page, with its links in its head and in the header Link; or return robots.txt."""
    model = visit.setting.model
    links = list_links(model)
    if request.path == ROBOTS:
        maps = [f"Agentmap: {path}\n" for path, relation, _ in links if relation == "ai-catalog"]
        text = "".join(["User-agent: *\nAllow: /\n", *maps])
        return Response(200, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())
    title = html.escape(str(model.api.title))
    elements = "".join(f'<link rel="{rel}" type="{kind}" href="{path}">' for path, rel, kind in links)
    page = f"<!doctype html><html lang=en><head><title>{title}</title>{elements}</head><h1>{title}</h1>"
    told = ", ".join(f'<{path}>; rel="{rel}"; type="{kind}"' for path, rel, kind in links)
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Link", told))
    return Response(200, headers, page.encode())
