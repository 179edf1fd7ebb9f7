"""The legal extremes of numbers are refused."""

from __future__ import annotations

from pgagents.sandbox import answers, meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"accepts_valid"})
ALSO = {
    "idempotency": "a call at the least amount is refused although its key was used",
    "takes_any_text": "the text goes with the least amount there is",
    "runs_workflows": "a workflow asks for the least there is",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse a number that is its own minimum or maximum."""
    reader, model = meddle.Reader(context.model), context.model

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        action = reader.action(request)
        if action is None or not isinstance(found, Response) or not meddle.successful(found):
            return found
        given = reader.arguments(request)
        for param in action.params:
            if param.name in given and _extreme(given[param.name], param.schema.get("minimum"), param.schema.get("maximum")):
                code = framework_code(model, "invalid")
                refused = answers.refusal(model, code, "must be inside its bounds", _request_id(found, model), field=param.wire)
                kept = tuple(h for h in found.headers if h[0].lower() not in ("content-type", "content-length"))
                return Response(refused.status, (*refused.headers, *kept), refused.body)
        return found

    return answer


def _extreme(value: object, least: object, most: object) -> bool:
    try:
        number = float(str(value))
    except ValueError:
        return False
    return number in (least, most)


def _request_id(found: Response, model: object) -> str:
    return found.header(answers.request_id_header(model)) or ""  # type: ignore[arg-type]  # the model, told as an object
