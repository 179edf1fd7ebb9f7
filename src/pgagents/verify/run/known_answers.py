"""Keep the answers to correct calls, so that a call is not sent again if an earlier answer serves it."""

from __future__ import annotations

from pgagents.http import Request
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange

MOST_ANSWERS = 1_000


class Answers:
    """The last answers of a run, in bounded number."""

    def __init__(self) -> None:
        self._written = 0
        """The number of calls that may have changed something."""
        self._known: dict[tuple[str, Request], tuple[Exchange, int]] = {}
        """Answers, each with the number of writes before it."""
        self._latest: Exchange | None = None

    def find(self, call: Call, request: Request) -> Exchange | None:
        """Return an earlier exchange with an equal call, if its answer can stand for a new one; else None."""
        found = self._known.get((call.role, request))
        if found is None or (call.reuse == "unchanged" and found[1] != self._written):
            return None
        if call.reuse == "latest" and found[0] is not self._latest:
            return None
        return found[0]

    def keep(self, exchange: Exchange) -> None:
        """Keep an answer for equal calls. For a write, note that earlier answers may be outdated."""
        call, self._latest = exchange.call, exchange
        if call.plain:
            return
        if call.endpoint is None:
            if call.reuse and exchange.success:  # a document that several checks read
                self._remember(exchange)
            return
        if call.endpoint.action.effect == "write":
            self._written += exchange.success or exchange.error or exchange.status >= 500
        if exchange.success and call.intent in ("valid", "explore"):
            self._remember(exchange)

    def _remember(self, exchange: Exchange) -> None:
        self._known[exchange.call.role, exchange.request] = (exchange, self._written)
        if len(self._known) > MOST_ANSWERS:
            del self._known[next(iter(self._known))]
