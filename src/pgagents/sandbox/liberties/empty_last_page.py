"""Only a page that is not full ends a list: one that is, is followed by a page without anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = "last_page"
_END = "end-of-list"


def wrap(handler: Handler, _context: Context) -> Handler:
    """Tell of a next page behind every full one, and answer it without anything."""

    def answer(request: Request) -> Response | Silence:
        last = any(value == _END for _, value in request.query)
        kept = [(name, value) for name, value in request.query if value != _END]
        found = handler(replace(request, target=f"{request.path}?{urlencode(kept, quote_via=quote)}") if last else request)
        data: Any = meddle.data_of(found) if isinstance(found, Response) and meddle.successful(found) else None
        if not isinstance(found, Response) or not isinstance(data, dict):
            return found
        told = next((name for name, value in data.items() if name.startswith("next") and value is None), None)
        things = next((value for value in data.values() if isinstance(value, list)), None)
        if last and things is not None:
            things.clear()
            data.update({name: None for name in data if name.startswith("next")})
            return found.with_json(data)
        if told is not None and things and str(len(things)) == dict(request.query).get("limit"):
            data[told] = _END
            return found.with_json(data)
        return found

    return answer
