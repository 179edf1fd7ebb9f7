"""An idempotency key may be used again once what was made with it is over."""

from __future__ import annotations

import json

from pgagents.sandbox import meddle
from pgagents.sandbox.idempotency import resource_of
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"idempotency"})
ALSO = {"remembers_keys": "a key that is tried shortly before its time is over is free as well, where what it made has ended by then"}


def wrap(handler: Handler, context: Context) -> Handler:
    """After each accepted undoing forget the keys of what it undid."""
    front, reader = context.front, meddle.Reader(context.model)
    undo = {r.undone_by.action.name for r in context.model.resources.values() if r.undone_by}

    def edit(request: Request, answer: Response) -> Response:
        asked = reader.asked(request)
        if asked is None or asked.action.name not in undo or not meddle.successful(answer):
            return answer
        over = {*asked.path.values(), resource_of(json.loads(answer.body) if answer.body else {})}
        with front.store.lock, front.store.transaction():
            for id in sorted(over):
                front.store.run("DELETE FROM idempotency WHERE resource = ?", id)
        return answer

    return meddle.edits(handler, edit)
