"""The last state of a resource's lifecycle is spelt another way (`cancelled`, `canceled`)."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"body_fits"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Misspell the state wherever it is told."""
    resource = next((r for r in context.model.resources.values() if r.state and r.states), None)

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if resource is None or resource.state is None or not meddle.successful(answer):
            return answer
        for found in meddle.objects(data):
            if found.get(resource.state) == resource.states[-1]:
                found[resource.state] = resource.states[-1] + "_"
        return answer.with_json(data) if data is not None else answer

    return meddle.edits(handler, edit)
