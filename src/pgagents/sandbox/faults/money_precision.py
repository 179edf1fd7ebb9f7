"""Amounts carry the noise of binary fractions (24.119999)."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {
    "body_fits": "an amount may fall below its least",
}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take a thousandth of a cent off. Park Graph's members."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for found in meddle.objects(data):
            for name in ("subtotal", "platform_fee", "owner_payout", "amount"):
                if isinstance(found.get(name), float) and found[name] > 0:
                    found[name] -= 0.004
        return answer.with_json(data)

    return meddle.edits(handler, edit)
