"""An id that its pattern does not match is looked up all the same, and there is none: it is missing, not wrong."""

from __future__ import annotations

from pgagents.action import Action
from pgagents.sandbox import answers
from pgagents.sandbox.decode import Arguments, Decoder, Fault
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = "absent_id_first"


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer as of a thing that is not there, where an id is all that is wrong."""
    model, front = context.model, context.front
    wrong: list[Action] = []
    inner = front.decoder

    class Watched(Decoder):
        def request(self, action: Action, request: Request, path_values: object) -> Arguments | Fault:
            return noted(action, inner.request(action, request, path_values))  # type: ignore[arg-type]  # as the front gives them

        def members(self, action: Action, members: object) -> Arguments | Fault:
            return noted(action, inner.members(action, members))  # type: ignore[arg-type]  # as the front gives them

    def noted(action: Action, found: Arguments | Fault) -> Arguments | Fault:
        ids = {p.wire for p in action.params if p.refers_to and p.place == "path"}
        if isinstance(found, Fault) and found.kind == "invalid" and found.field in ids:
            wrong.append(action)
        return found

    front.decoder = Watched(model)

    def answer(request: Request) -> Response | Silence:
        wrong.clear()
        found = handler(request)
        if not wrong or not isinstance(found, Response):
            return found
        missing = next(r.missing for p in wrong[0].params if (r := model.resources.get(p.refers_to or "")) and r.missing)
        refused = answers.refusal(model, missing, "There is no such thing", found.header("x-request-id") or "")
        return Response(refused.status, found.headers, refused.body)

    return answer
