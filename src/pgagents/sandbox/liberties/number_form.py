"""Whole numbers are told as 8.0, and numbers like 8.0 as 8."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Swap the forms."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        return answer.with_json(_swapped(data)) if meddle.successful(answer) and data is not None else answer

    return meddle.edits(handler, edit)


def _swapped(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _swapped(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_swapped(v) for v in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
