"""A gateway cuts a slash at a path's end off for calls that write, so they are carried out at a path that is none."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_slash"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut it off where an action is behind it."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        path, mark, query = request.target.partition("?")
        bare = replace(request, target=path.removesuffix("/") + mark + query)
        asked = reader.asked(bare)
        return bare if asked is not None and asked.dispatcher is None and asked.action.effect == "write" else request

    return meddle.repairs(handler, repair)
