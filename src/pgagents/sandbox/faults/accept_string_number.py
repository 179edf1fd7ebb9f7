"""A number may be sent as a string in a JSON body."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Turn "5" into 5 where a number is wanted."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or (asked.dispatcher is None and request.method == "GET"):
            return request
        given = reader.arguments(request)
        numeric = {str(p.name) for p in asked.action.params if p.schema.get("type") in ("number", "integer")}
        turned = {
            k: (float(v) if "." in v else int(v))
            if k in numeric and isinstance(v, str) and re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", v)
            else v
            for k, v in given.items()
        }
        return reader.with_arguments(request, turned) if turned != given else request

    return meddle.repairs(handler, repair)
