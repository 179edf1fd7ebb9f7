"""The audit names the same actor whoever acted."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"audits_writes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """One actor in all rows that have one."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for row in meddle.objects(data):
            if row.get("actor_type") and row.get("actor_id"):
                row["actor_id"] = "service"
        return answer.with_json(data)

    return meddle.edits(handler, edit)
