"""The budget of agents' calls counts those through the dispatcher, and none that a header says an agent makes."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"limits_agents"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell the limits of no agent on a path that is no dispatcher's."""
    paths = {str(d.path) for d in context.model.dispatchers}
    at: list[str] = [""]

    class _ByDoor(Limits):
        """Counts as an agent's only what came through a dispatcher."""

        def draw(self, *given: Any, agent: bool, **named: Any) -> Drawn | None:
            return super().draw(*given, agent=agent and at[0] in paths, **named)

    context.front.limits = _ByDoor(context.model)

    def answer(request: Request) -> Response | Silence:
        at[0] = request.path
        return handler(request)

    return answer
