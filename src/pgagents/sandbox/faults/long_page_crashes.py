"""A page of the most items that may be asked for crashes where nothing else is asked for, because what is cached for it is empty."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"never_crashes"})
ALSO = {
    "accepts_valid": "the crash is no success",
    "documented_status": "the answer is none of the action's",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer 500 to the first search with its `limit` alone at its greatest."""
    reader, action = meddle.Reader(context.model), meddle.list_action(context.model)
    optional = [p for p in action.params if not p.required]
    longest = next(p for p in optional if p.schema.get("type") == "integer" and "maximum" in p.schema)
    status = framework_code(context.model, "crashed").status

    def edit(request: Request, answer: Response) -> Response:
        asked = reader.asked(request)
        if asked is None or asked.action is not action or not meddle.successful(answer):
            return answer
        given = reader.arguments(request)
        alone = {p.wire for p in optional} & given.keys() == {longest.wire}
        if not alone or str(given[longest.wire]) != str(longest.schema["maximum"]):
            return answer
        headers = tuple((name, value) for name, value in answer.headers if name.lower() != "content-type")
        return Response(status, (*headers, ("Content-Type", "text/plain")), b"Internal Server Error")

    return meddle.edits(handler, edit)
