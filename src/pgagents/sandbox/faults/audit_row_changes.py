"""A row of the audit does not stay as it was written: what it says changed is another thing each time it is told."""

from __future__ import annotations

from itertools import count

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"audits_writes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Count the times in the diff of every row."""
    times = count()

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        rows = [row for row in meddle.objects(data) if "actor_type" in row] if meddle.successful(answer) else []
        if not rows:
            return answer
        told = next(times)
        for row in rows:
            if row["diff"]:
                row["diff"] = {**row["diff"], "revision": told}
        return answer.with_json(data)

    return meddle.edits(handler, edit)
