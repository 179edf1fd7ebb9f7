"""The audit says that the operator changed something, and not what."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Leave out what changed of every row of the operator's."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for row in meddle.objects(data):
            if row.get("actor_type") == "operator" and row.get("diff"):
                row["diff"] = {}
        return answer.with_json(data)

    return meddle.edits(handler, edit)
