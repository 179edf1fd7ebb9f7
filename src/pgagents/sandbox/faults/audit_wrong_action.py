"""The audit says create_session for the end of a session."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"audits_writes"})
ALSO = {"runs_workflows": "the workflow that reads the audit misses it"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Another action in the rows that are told."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for row in meddle.objects(data):
            if "actor_type" in row and row.get("action") == "end_session":
                row["action"] = "create_session"
        return answer.with_json(data)

    return meddle.edits(handler, edit)
