"""URLs of generated documents, and additional members that a catalogue adds to a document."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pgagents.model.model import Model
from pgagents.model.surface import Surface
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer


def find_hosted_url(model: Model, document: str) -> Text:
    """Return the URL of a generated document, from its path in the output folder. Return any other text
    unchanged.
    """
    path = model.api.hosted.get(str(document))
    origin = document.origin if isinstance(document, Text) else ("api", "hosted")
    return Text(model.api.server + path, origin) if path else Text(document, origin)


def reverse_domain(model: Model) -> str:
    """Return the server's host in reverse order, as registries use it: `com.example` for
    `https://example.com`.
    """
    return ".".join(reversed((urlsplit(model.api.server).hostname or "localhost").split(".")))


def with_extra(document: Node, surface: Surface) -> Node:
    """Add the surface's `extra` members to the document.

    `a.b` is the member `b` of `a`, which is created if missing. New members are also under `more`, for
    templates that name each known member.
    """
    at, own = (*surface.origin, "extra"), set(document)
    for dotted, value in surface.extra.items():
        *inside, last = dotted.split(".")
        place: dict[str, Any] = document
        for key in inside:
            place = place.setdefault(key, Node(origin=at))
        place[Text(last, (*at, dotted))] = _attach_origin(value, (*at, dotted))
    document["more"] = Node({key: value for key, value in document.items() if key not in own}, origin=at)
    return document


def _attach_origin(value: Any, origin: Pointer) -> Any:
    if isinstance(value, str):
        return Text(value, origin)
    return Node(value, origin=origin) if isinstance(value, dict) else value
