"""A method that a path lacks is answered with 404."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Turn 405 into 404."""
    model = context.model
    code = framework_code(model, "unknown_path")

    def edit(_: Request, answer: Response) -> Response:
        if answer.status != 405:
            return answer
        body = meddle.error_at(meddle.data_of(answer), model.errors.code_at, code.name)
        return replace(answer.with_header("Allow", None), status=code.status).with_json(body)

    return meddle.edits(handler, edit)
