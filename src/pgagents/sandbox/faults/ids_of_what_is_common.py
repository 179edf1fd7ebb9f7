"""What is made for another thing has an id made of that thing's, so a second one for it has the id of the first."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"tells_ids_apart"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give it to what is never read again, so that nothing else shows it."""
    inner = context.front.domain
    resources = [r for r in context.model.resources.values() if r.made_by and not (r.state or r.undone_by or r.read_by or r.moves)]
    makers = {str(r.made_by.action.name): r for r in resources if r.made_by}

    def act(call: Call) -> Any:
        found, resource = inner(call), makers.get(str(call.action.name))
        of = next((call.input[str(p.name)] for p in call.action.params if p.refers_to), None)
        if resource is not None and of is not None and not isinstance(found, Refusal):
            for body in found.values():
                body[resource.id] = f"of-{of}"[:64]
        return found

    context.front.domain = act
    return handler
