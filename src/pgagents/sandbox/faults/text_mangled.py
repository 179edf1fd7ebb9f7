"""A text argument comes back in small letters."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {"body_fits": "the schema wants capitals", "reads_back": "what is told on creation is not what was kept"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Lower the text arguments that an answer repeats, ids apart."""
    reader, victim = meddle.Reader(context.model), meddle.make_action(context.model)
    names = {str(p.name) for p in victim.params if p.schema.get("type") == "string" and not p.refers_to and p.place == "body"}

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        for found in meddle.objects(data):
            found.update({k: v.lower() for k, v in found.items() if k in names and isinstance(v, str)})
        return answer.with_json(data)

    return meddle.edits(handler, edit)
