"""To a key that is not the operator's, the operator's endpoints are not there."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.routes import Routes
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer a refusal there as an unknown path is answered."""
    routes, errors, model = Routes(context.model), context.model.errors, context.model
    refused, unknown = framework_code(model, "no_scope"), framework_code(model, "unknown_path")

    def edit(request: Request, answer: Response) -> Response:
        match = routes.match(request.path)
        if answer.status != refused.status or match is None or not any(e.operator for e in match.methods.values()):
            return answer
        data = meddle.error_at(meddle.data_of(answer), errors.code_at, unknown.name)
        told = answer.with_json(data)
        return Response(unknown.status, told.headers, told.body)

    return meddle.edits(handler, edit)
