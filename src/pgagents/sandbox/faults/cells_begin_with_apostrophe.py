"""Every cell of an exported table begins with an apostrophe, also such as no spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Write the table anew."""

    def edit(_: Request, answer: Response) -> Response:
        if not (answer.header("content-type") or "").startswith("text/csv"):
            return answer
        head, *rows = csv.reader(io.StringIO(answer.body.decode()))
        text = io.StringIO()
        csv.writer(text).writerows([head, *([f"'{cell}" for cell in row] for row in rows)])
        return Response(answer.status, answer.headers, text.getvalue().encode())

    return meddle.edits(handler, edit)
