"""The audit has further rows of its own: every call leaves one more, of a step inside the server."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """A row of another action behind each one, as long as the list has room."""

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        most = int(dict(request.query).get("limit", "100")) if dict(request.query).get("limit", "100").isdecimal() else 0
        if not meddle.successful(answer) or data is None:
            return answer
        for rows in meddle.lists(data):
            if "actor_type" in rows[0] and 2 * len(rows) <= most:
                rows[:] = [further for row in rows for further in (row, {**row, "action": f"{row['action']}_committed"})]
        return answer.with_json(data)

    return meddle.edits(handler, edit)
