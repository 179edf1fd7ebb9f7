"""The dispatcher validates nothing: what is out of range is served from the example."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {
    "framework": "the form of the dispatcher's own members goes unchecked too",
    "same_answer": "REST refuses what the dispatcher takes, or takes for something else",
    "absent_id": "an id with blanks around it is served, too",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Send the action's own example where the arguments were refused."""
    reader, model = meddle.Reader(context.model), context.model
    invalid = framework_code(model, "invalid").status

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        asked = reader.asked(request)
        if asked is None or asked.dispatcher is None or not isinstance(found, Response) or found.status != invalid:
            return found
        example = next((e for e in asked.action.examples if 200 <= e.status < 300), None)
        return found if example is None else handler(reader.with_arguments(request, example.input))

    return answer
