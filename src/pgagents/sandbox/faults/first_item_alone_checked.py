"""Of a list of arguments only the first item is held to the schema; whatever is wrong with a later one is as if the first stood there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents import schema as schemas
from pgagents.origin import plain
from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO = {"names_field": "where two arguments are wrong, one is told"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put the first item in place of later ones that are wrong."""
    reader = meddle.Reader(context.model)

    def item_schema(schema: Mapping[str, Any]) -> Any:
        return schemas.validator(plain(schemas.resolve(schema, context.model.schemas).get("items", {})), context.model.schemas)

    def repair(request: Request) -> Request:
        action = reader.action(request)
        values = reader.arguments(request) if action is not None and request.body else {}
        found = dict(values)
        for param in action.params if action is not None else ():
            items = values.get(param.wire)
            if isinstance(items, list) and len(items) > 1 and param.place == "body":
                test = item_schema(param.schema)
                found[param.wire] = [items[0], *(i if test.is_valid(i) else items[0] for i in items[1:])]
        return reader.with_arguments(request, found) if found != values else request

    return meddle.repairs(handler, repair)
