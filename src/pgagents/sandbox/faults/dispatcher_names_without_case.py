"""A dispatcher takes an action's name in any case."""

from __future__ import annotations

from dataclasses import replace

from pgagents.formerly import selected
from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, json_bytes, read_json

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Write the name in small letters where an action has it so; whatever is then wrong is refused as that."""
    model = context.model
    by_path = {str(d.path): d for d in model.dispatchers}

    def repair(request: Request) -> Request:
        dispatcher, body = by_path.get(request.path), read_json(request.body).value
        if dispatcher is None or not isinstance(body, dict) or not isinstance(name := body.get(dispatcher.selector), str):
            return request
        if name in (known := selected(dispatcher)) or name.lower() not in known:
            return request
        return replace(request, body=json_bytes({**body, dispatcher.selector: name.lower()}))

    return meddle.repairs(handler, repair)
