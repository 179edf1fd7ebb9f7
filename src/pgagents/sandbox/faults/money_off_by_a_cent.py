"""A charge is a cent too high."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Add a cent to each completed session's subtotal and to the platform's part of it. Park Graph's members."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for found in meddle.objects(data):
            if isinstance(found.get("subtotal"), float) and "owner_payout" in found:
                found["subtotal"] = round(found["subtotal"] + 0.01, 2)
                found["platform_fee"] = round(found["platform_fee"] + 0.01, 2)
        return answer.with_json(data)

    return meddle.edits(handler, edit)
