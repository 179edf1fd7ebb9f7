"""Shares of an amount are cut to the cent instead of rounded half up."""

from __future__ import annotations

import math

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {
    "body_fits": "an amount may fall below its least",
}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Cut the owner's 90 %; the platform keeps the rest. Park Graph's members."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for found in meddle.objects(data):
            if isinstance(found.get("subtotal"), float) and "owner_payout" in found:
                found["owner_payout"] = math.floor(found["subtotal"] * 90 - 0.5) / 100
                found["platform_fee"] = round(found["subtotal"] - found["owner_payout"], 2)
        return answer.with_json(data)

    return meddle.edits(handler, edit)
