"""A read by id leaves out the last member that its schema requires."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"body_fits"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Drop the last required member of each object one level down."""
    reader, victim = meddle.Reader(context.model), meddle.read_by_id(context.model)

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or not isinstance(data, dict) or reader.action(request) is not victim:
            return answer
        for member in data.values():
            if isinstance(member, dict):
                member.pop(_last_required(context, member), None)
        return answer.with_json(data)

    def _last_required(context: Context, member: dict[str, Any]) -> str:
        for schema in context.model.schemas.values():
            required = [str(n) for n in schema.get("required", ())]
            if required and set(required) <= set(member):
                return required[-1]
        return list(member)[-1]

    return meddle.edits(handler, edit)
