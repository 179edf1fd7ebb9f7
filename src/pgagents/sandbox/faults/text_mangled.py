"""A text argument comes back without its last character."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {"reads_back": "what is told on creation is not what was kept"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut the text arguments that an answer repeats, ids apart."""
    reader, victim = meddle.Reader(context.model), meddle.make_action(context.model)
    names = {str(p.name) for p in victim.params if p.schema.get("type") == "string" and not p.refers_to and p.place == "body"}

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        for found in meddle.objects(data):
            found.update({k: v[:-1] for k, v in found.items() if k in names and isinstance(v, str) and len(v) > 1})
        return answer.with_json(data)

    return meddle.edits(handler, edit)
