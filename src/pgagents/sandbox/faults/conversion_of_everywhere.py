"""The part of an area's searches that led to a session is reckoned from the searches of all areas."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell the same part for every platform. Park Graph's tables."""
    store = context.front.store

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        lines = [line for line in meddle.objects(data) if "conversion" in line] if meddle.successful(answer) else []
        if not lines:
            return answer
        with store.lock:
            row = store.row("SELECT round(avg(booked), 4) AS part FROM search_log")
        for line in lines:
            line["conversion"] = row["part"] if row is not None else 0
        return answer.with_json(data)

    return meddle.edits(handler, edit)
