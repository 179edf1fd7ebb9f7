"""Query parameters that no document names are refused."""

from __future__ import annotations

from pgagents.sandbox import answers, meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = "unknown_query"


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse what would have succeeded."""
    reader, model = meddle.Reader(context.model), context.model

    def edit(request: Request, answer: Response) -> Response:
        action = reader.action(request)
        if action is None or not meddle.successful(answer):
            return answer
        known = {p.wire for p in action.params if p.place == "query"}
        odd = next((name for name, _ in request.query if name not in known), None)
        if odd is None:
            return answer
        id = answer.header(answers.request_id_header(model)) or ""
        refused = answers.refusal(model, framework_code(model, "invalid"), "is no parameter here", id, field=odd)
        kept = tuple(h for h in answer.headers if h[0].lower() != "content-type")
        return Response(refused.status, (*refused.headers, *kept), refused.body)

    return meddle.edits(handler, edit)
