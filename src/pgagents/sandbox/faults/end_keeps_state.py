"""What was ended still reads as running."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"reads_back"})
ALSO: dict[str, str] = {
    "moves": "the state after a move is read back",
    "law": "a thing that reads as running has the members of one that is over",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell the first state in every read by id."""
    reader, model = meddle.Reader(context.model), context.model
    by_read = {c.action.name: r for r in model.resources.values() for c in r.read_by if r.state}

    def edit(request: Request, answer: Response) -> Response:
        data, action = meddle.data_of(answer), reader.action(request)
        resource = by_read.get(action.name) if action else None
        if resource is None or resource.state is None or not meddle.successful(answer):
            return answer
        for found in meddle.objects(data):
            if found.get(resource.state) in resource.states:
                found[resource.state] = resource.initial
        return answer.with_json(data)

    return meddle.edits(handler, edit)
