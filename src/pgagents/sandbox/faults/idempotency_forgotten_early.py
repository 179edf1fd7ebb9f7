"""An idempotency key is forgotten after an hour, whatever was promised."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.idempotency import LIVES_S
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"remembers_keys"})
ALSO: dict[str, str] = {}
KEPT_S = 3600.0


def wrap(handler: Handler, context: Context) -> Handler:
    """Before each call forget what is older."""
    front, told = context.front, context.model.idempotency
    lives_s = told.lives_s if told is not None and told.lives_s else LIVES_S

    def forget(request: Request) -> Request:
        with front.store.lock, front.store.transaction():
            front.store.run("DELETE FROM idempotency WHERE dies_at <= ?", front.clock.now() + lives_s - KEPT_S)
        return request

    return meddle.repairs(handler, forget)
