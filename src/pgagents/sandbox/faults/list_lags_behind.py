"""A search tells the counts of an index that is made once."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"told_alike"})
ALSO: dict[str, str] = {"runs_workflows": "a step chooses among places by their counts"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell of each place found the count that it was first found with."""
    inner = context.front.domain
    counters = {str(r.takes.counter) for r in context.model.resources.values() if r.takes}
    finding = {str(r.found_by.action.name) for r in context.model.resources.values() if r.found_by}
    index: dict[tuple[str, str], Any] = {}

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) not in finding or isinstance(found, Refusal):
            return found
        for item in (i for members in found.values() if isinstance(members, list) for i in members):
            for counter in counters & item.keys():
                item[counter] = index.setdefault((str(item.get("id")), counter), item[counter])
        return found

    context.front.domain = act
    return handler
