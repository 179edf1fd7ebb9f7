"""The page of the widget from `build`, with its Content-Security-Policy as a header."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.setting import Visit, documents

FILE = "widget/index.html"
_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_made: dict[str, bytes] = {}
"""Rendered pages by the hash of their catalogue."""


def paths(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return the path of the widget in the catalogue; empty if it has none."""
    surface = model.surfaces.get("widget")
    return {surface.page.path: ("GET",)} if surface and surface.page else {}


def answer(_: Request, visit: Visit) -> Response | None:
    """Return the page with headers against framing, referrers and type sniffing.

    None if it cannot be rendered.
    """
    page = _page(visit.setting.model)
    if page is None:
        return None
    policy = _POLICY.search(page)
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]
    if policy:  # a meta element cannot forbid framing
        said = html.unescape(policy.group(1).decode())
        headers.append(("Content-Security-Policy", f"{said}; frame-ancestors 'none'"))
    return Response(200, tuple(headers), page)


def _page(model: Model) -> bytes | None:
    if model.sha256 not in _made:
        found = documents(model, frozenset({FILE}), lambda _: None)
        if FILE not in found:
            return None
        _made[model.sha256] = found[FILE]
    return _made[model.sha256]
