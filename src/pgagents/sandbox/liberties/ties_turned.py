"""Items with the same distance stand in another order."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = "order_of_ties"
_KEYS = ("distance_km", "started_at", "created_at")


def wrap(handler: Handler, _context: Context) -> Handler:
    """Turn each run of equals around."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for found in meddle.lists(data):
            key = next((k for k in _KEYS if k in found[0]), None)
            if key is not None:
                found[:] = _turned(found, key)
        return answer.with_json(data)

    return meddle.edits(handler, edit)


def _turned(items: list[Any], key: str) -> list[Any]:
    return [item for _, run in groupby(items, key=lambda i: i[key]) for item in reversed(list(run))]
