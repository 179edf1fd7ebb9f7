"""JSON is indented, its members stand in reverse order, and its text is escaped to ASCII."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Write the same data another way."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if data is None:
            return answer
        return Response(answer.status, answer.headers, json.dumps(_turned(data), indent=3, ensure_ascii=True).replace("/", "\\/").encode())

    return meddle.edits(handler, edit)


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _turned(value[k]) for k in reversed(value)}
    return [_turned(v) for v in value] if isinstance(value, list) else value
