"""A whole number that is written with a fraction, as 5.0, is refused where an integer is wanted."""

from __future__ import annotations

from pgagents.sandbox import answers, meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"keeps_offer"})
ALSO = {"accepts_valid": "on a dispatcher every correct call bears on it, whatever it was sent for"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse in JSON what a client made of a double."""
    reader, model = meddle.Reader(context.model), context.model

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        asked = reader.asked(request)
        if not isinstance(found, Response) or not meddle.successful(found) or asked is None:
            return found
        wanted = {str(p.name): p.wire for p in asked.action.params if p.schema.get("type") == "integer"}
        doubles = [wanted[k] for k, v in reader.arguments(request).items() if k in wanted and isinstance(v, float)]
        if not doubles:
            return found
        id = found.header(answers.request_id_header(model)) or ""
        refused = answers.refusal(model, framework_code(model, "invalid"), "must be an integer", id, field=doubles[0])
        kept = tuple(h for h in found.headers if h[0].lower() != "content-type")
        return Response(refused.status, (*refused.headers, *kept), refused.body)

    return answer
