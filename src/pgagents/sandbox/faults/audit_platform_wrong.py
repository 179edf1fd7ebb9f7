"""The audit says that a call through the dispatcher came through no platform."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"audits_writes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """No platform in the rows of reads, which only a dispatcher leaves."""
    reads = {str(a.name) for a in context.model.actions if a.effect == "read"}

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for row in meddle.objects(data):
            if "actor_type" in row and row.get("action") in reads:
                row["agent_platform"] = None
        return answer.with_json(data)

    return meddle.edits(handler, edit)
