"""What was made through the dispatcher is in no list."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"reads_back"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Remember what a dispatcher made, and take it out of lists."""
    reader, maker = meddle.Reader(context.model), meddle.make_action(context.model)
    listing = {str(call.action.name) for r in context.model.resources.values() for call in r.listed_by}
    made: set[object] = set()

    def edit(request: Request, answer: Response) -> Response:
        asked, data = reader.asked(request), meddle.data_of(answer)
        if asked is None or not meddle.successful(answer):
            return answer
        if asked.action is maker and asked.dispatcher is not None:
            made.update(found["id"] for found in meddle.objects(data) if "id" in found)
        if str(asked.action.name) not in listing:
            return answer
        for things in meddle.lists(data):
            things[:] = [thing for thing in things if thing.get("id") not in made]
        return answer.with_json(data)

    return meddle.edits(handler, edit)
