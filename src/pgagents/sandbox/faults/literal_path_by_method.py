"""Routes are told apart by their method first, so a literal path with another method is taken for an id of its neighbour."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.routes import fit
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer 404 where a template has the method."""
    model = context.model
    code = framework_code(model, "unknown_path")
    templates = [(a.method, str(a.path)) for a in model.actions if "{" in a.path]

    def edit(request: Request, answer: Response) -> Response:
        taken = any(method == request.method and fit(path, request.path) is not None for method, path in templates)
        if answer.status != 405 or not taken:
            return answer
        body = meddle.error_at(meddle.data_of(answer), model.errors.code_at, code.name)
        return replace(answer.with_header("Allow", None), status=code.status).with_json(body)

    return meddle.edits(handler, edit)
