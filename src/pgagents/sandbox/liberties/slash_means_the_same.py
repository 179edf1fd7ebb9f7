"""A path with a slash at its end is the same path, for reads and for writes."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

POINT = "trailing_slash"


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut it off where there is something behind it."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        path, mark, query = request.target.partition("?")
        bare = replace(request, target=path.removesuffix("/") + mark + query)
        return bare if path != "/" and reader.knows(bare) else request

    return meddle.repairs(handler, repair)
