"""The dispatcher tells all numbers as strings."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"body_fits"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Turn 8 into "8" on the dispatcher alone."""
    reader = meddle.Reader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        asked, data = reader.asked(request), meddle.data_of(answer)
        if asked is None or asked.dispatcher is None or data is None or not meddle.successful(answer):
            return answer
        return answer.with_json(_texts(data))

    return meddle.edits(handler, edit)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _texts(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_texts(v) for v in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
