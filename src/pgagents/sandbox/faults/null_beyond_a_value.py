"""What another service tells of each item comes for twenty at once, so of further ones it is null; the widest search does without it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"body_fits"})
ALSO = {"keeps_offer": "vendors' documents promise a number, too", "law": "laws read that member"}
AT_ONCE = 20


def wrap(handler: Handler, context: Context) -> Handler:
    """Null the last member that is a number, of items after the twentieth, unless every number asked for is at its greatest."""
    reader, action = meddle.Reader(context.model), meddle.list_action(context.model)
    most = {p.wire: p.schema["maximum"] for p in action.params if not p.required and "maximum" in p.schema}

    def edit(request: Request, answer: Response) -> Response:
        asked = reader.asked(request)
        if asked is None or asked.action is not action or not meddle.successful(answer):
            return answer
        given, data = reader.arguments(request), meddle.data_of(answer)
        if all(str(given.get(wire)) == str(value) for wire, value in most.items()):
            return answer
        for items in meddle.lists(data):
            for item in items[AT_ONCE:]:
                numbers = [name for name, value in item.items() if isinstance(value, int | float) and not isinstance(value, bool)]
                item[numbers[-1]] = None
        return answer.with_json(data)

    return meddle.edits(handler, edit)
