"""A member that creation tells is empty when it is read back."""

from __future__ import annotations

from pgagents.model import Resource
from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"reads_back"})
ALSO: dict[str, str] = {"law": "what was read is compared with later answers"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Change the last fixed text of a thing in reads by id."""
    reader, model = meddle.Reader(context.model), context.model
    by_read: dict[str, Resource] = {}
    for made in (r for r in model.resources.values() if r.made_by and r.fixed):
        for call in made.read_by:
            by_read.setdefault(call.action.name, made)

    def edit(request: Request, answer: Response) -> Response:
        data, action = meddle.data_of(answer), reader.action(request)
        resource = by_read.get(action.name) if action else None
        if resource is None or not meddle.successful(answer):
            return answer
        names = [n for n in resource.fixed if n != resource.id and n not in resource.volatile]
        for found in meddle.objects(data):
            name = next((n for n in names if isinstance(found.get(n), str) and not n.endswith("_id")), None)
            if name is not None and resource.id in found:
                found[name] = found[name][:-1] + ("0" if found[name][-1:] != "0" else "1")
        return answer.with_json(data)

    return meddle.edits(handler, edit)
