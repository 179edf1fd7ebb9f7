"""An optional argument with a default is refused where it is left out."""

from __future__ import annotations

from pgagents.sandbox import answers, meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"accepts_valid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Want the first search's last default."""
    reader, model = meddle.Reader(context.model), context.model
    victim = meddle.list_action(model)
    params = [p for p in victim.params if "default" in p.schema]

    def edit(request: Request, answer: Response) -> Response:
        if not params or not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        if params[-1].name in reader.arguments(request):
            return answer
        id = answer.header(answers.request_id_header(model)) or ""
        refused = answers.refusal(model, framework_code(model, "invalid"), "is required", id, field=params[-1].wire)
        kept = tuple(h for h in answer.headers if h[0].lower() != "content-type")
        return Response(refused.status, (*refused.headers, *kept), refused.body)

    return meddle.edits(handler, edit)
