"""The dispatcher ignores an argument that only another of its actions takes.

It holds a call to the union of all arguments that its document shows, not to those of the action.
"""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"keeps_offer"})
ALSO = {"refuses_invalid": "of most actions it is such an argument that is tried as an undeclared one"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take such arguments out before the call is looked at."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or asked.dispatcher is None:
            return request
        own = {str(p.name) for p in asked.action.params}
        others = {str(p.name) for a in asked.dispatcher.actions for p in a.params} - own
        given = reader.arguments(request)
        return reader.with_arguments(request, {k: v for k, v in given.items() if k not in others}) if others & given.keys() else request

    return meddle.repairs(handler, repair)
