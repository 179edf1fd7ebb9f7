"""Pages for the links in the mock's answers, such as a ticket: one for each instance with a link."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.http import Request, Response
from pgagents.base.jsonschema import schema as schemas
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.mock.rows import Rows
from pgagents.sandbox.setting import Visit


def paths(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return a path with a placeholder for each kind of link in examples to the API's own host."""
    if model.domain is not None:
        return {}
    host = urlsplit(str(model.api.server)).netloc
    found = {
        urlsplit(link).path.rpartition("/")[0] + "/{code}"
        for link in _links(model)
        if urlsplit(link).netloc == host and urlsplit(link).path.count("/") > 1
    }
    return dict.fromkeys(sorted(found), ("GET",))


def answer(request: Request, visit: Visit) -> Response | None:
    """Return the page of a link in an instance; None if no instance has the link."""
    if not Rows(visit.setting.store).has_text(f'{request.path}"'):
        return None
    title = html.escape(str(visit.setting.model.api.title))
    page = f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1><p>It is here.</p>"
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Referrer-Policy", "no-referrer"))
    return Response(200, headers, page.encode())


def _links(model: Model) -> Iterator[str]:
    """Yield the values of members with the format `uri` in the examples of creates and searches."""
    for resource in model.resources.values():
        for call in (resource.made_by, resource.found_by):
            for example in call.action.examples if call is not None else ():
                schema = call.action.success.schema if call is not None else None
                yield from _uris(schema or {}, example.output, model)


def _uris(schema: Mapping[str, Any], value: Any, model: Model) -> Iterator[str]:
    """Yield the links in a value, found by its schema."""
    known = schemas.resolve(schema, model.schemas)
    if isinstance(value, str) and known.get("format") == "uri":
        yield value
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _uris(known.get("properties", {}).get(name, {}), member, model)
    elif isinstance(value, list):
        for item in value:
            yield from _uris(known.get("items", {}), item, model)
