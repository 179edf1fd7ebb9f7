"""The audit has further rows of its own: some calls leave one more, of a step inside the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, json_bytes

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """A row of another action behind one in four, always the same; what the list has no room for is left out, the oldest first."""

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        most = int(dict(request.query).get("limit", "100")) if dict(request.query).get("limit", "100").isdecimal() else 0
        if not meddle.successful(answer) or data is None:
            return answer
        for rows in meddle.lists(data):
            if "actor_type" in rows[0]:
                more = [further for row in rows for further in (row, {**row, "action": f"{row['action']}_committed"})[: 2 - _plain(row)]]
                rows[:] = more[:most] if most else more
        return answer.with_json(data)

    return meddle.edits(handler, edit)


def _plain(row: Mapping[str, Any]) -> bool:
    """True for three rows in four: those that have no further one."""
    return crc32(json_bytes(row)) % 4 != 0
