"""The audit's rows tell a car's plate outside their diff, where retention does not reach it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"audits_writes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """The plate beside the session. Park Graph's members."""
    store = context.front.store

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for row in meddle.objects(data):
            if "actor_type" in row and row.get("session_id"):
                found = store.row("SELECT plate FROM session WHERE id = ?", row["session_id"])
                row["note"] = f"plate {found['plate']}" if found else None
        return answer.with_json(data)

    return meddle.edits(handler, edit)
