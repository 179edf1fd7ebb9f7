"""Extending a session leaves no row in the audit."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"audits_writes"})
ALSO = {"runs_workflows": "the workflow that reads the audit misses it"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Leave those rows out of what is told: the database itself refuses to lose them."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for rows in meddle.lists(data):
            rows[:] = [row for row in rows if not _extension(row)]
        return answer.with_json(data)

    return meddle.edits(handler, edit)


def _extension(row: Any) -> bool:
    return isinstance(row, dict) and "actor_type" in row and row.get("action") == "extend_session"
