"""An estimate is for another time than was asked for."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {"reads_back": "the estimate read back is another than the one told at creation"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Add a tenth to the estimate of what is made. Park Graph's members."""
    reader, victim = meddle.Reader(context.model), meddle.make_action(context.model)

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        for found in meddle.objects(data):
            if isinstance(found.get("estimated_amount"), float):
                found["estimated_amount"] = round(found["estimated_amount"] * 1.1 + 0.01, 2)
        return answer.with_json(data)

    return meddle.edits(handler, edit)
