"""Where generated documents are found, and members that a catalogue lays into one as they are."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pgagents.model.model import Model, Surface
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer


def hosted_url(model: Model, document: str) -> Text:
    """The URL of a generated document by its path in the output folder; anything else is a URL already."""
    path = model.api.hosted.get(str(document))
    origin = document.origin if isinstance(document, Text) else ("api", "hosted")
    return Text(model.api.server + path, origin) if path else Text(document, origin)


def reverse_domain(model: Model) -> str:
    """The server's host from the end, as registries name what belongs to it: `com.example` of `https://example.com`."""
    return ".".join(reversed((urlsplit(model.api.server).hostname or "localhost").split(".")))


def with_extra(document: Node, surface: Surface) -> Node:
    """The document with the surface's `extra` members; `a.b` reaches into `a`, which is made where it is missing.

    Members that the document did not have itself are under `more` too, for a template that names the others one by one.
    """
    at, own = (*surface.origin, "extra"), set(document)
    for dotted, value in surface.extra.items():
        *inside, last = dotted.split(".")
        place: dict[str, Any] = document
        for key in inside:
            place = place.setdefault(key, Node(origin=at))
        place[Text(last, (*at, dotted))] = _remembered(value, (*at, dotted))
    document["more"] = Node({key: value for key, value in document.items() if key not in own}, origin=at)
    return document


def _remembered(value: Any, origin: Pointer) -> Any:
    if isinstance(value, str):
        return Text(value, origin)
    return Node(value, origin=origin) if isinstance(value, dict) else value
