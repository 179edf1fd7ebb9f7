"""Send calls to the MCP server, at the pace of REST: it calls the same API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pgagents.http import Request, Silence
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.run.sending.exchange_maker import ExchangeMaker
from pgagents.verify.run.sending.ready import Ready
from pgagents.verify.run.sending.repeats import Repeats, may_write
from pgagents.verify.run.sending.request_budget import RequestBudget
from pgagents.verify.run.sending.timing import Timing
from pgagents.verify.run.sending.transmission import Received, Sending, Transmission
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import MCP, REST
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp.link import Link
from pgagents.verify.wire.pace import Holds, Limit


class LinkSender:
    """Sends the messages of a link, and counts them. `link` is None if no MCP server was given."""

    def __init__(
        self,
        link: Link | None,
        budget: RequestBudget,
        timing: Timing,
        repeats: Repeats,
        exchanges: ExchangeMaker,
        holds: Holds,
    ) -> None:
        self._link, self._budget, self._timing = link, budget, timing
        self._repeats, self._exchanges, self._holds = repeats, exchanges, holds
        self._counted = link.requests if link is not None else 0
        if link is not None:
            link.find_seconds_left = timing.left.find_seconds

    def send(self, ready: Ready, let_pass: Callable[[Ready, Request], None]) -> Sending[Exchange]:
        """Send a call; `let_pass` raises Unavailable if it could do harm. Raises Stop, Unavailable."""
        link, endpoint = self._link, ready.call.endpoint
        if link is None:
            raise Unavailable("no MCP server was given")
        asked = request_of(ready.call, ready.values)
        let_pass(ready, asked)
        attempt, due = 0, 0.0
        limit = Limit(ready.call.role, MCP, ready.call.place, ready.call.place.partition("@")[0])
        while True:
            self._timing.left.check()
            opened = link.open()
            self._count(link)
            if not opened and endpoint is not None:
                raise Unavailable(link.problem)
            if not opened:
                silence = Silence("closed", link.problem)
                received = Received(asked, silence, 0.0, self._timing.clocks.now(), self._budget.sent)
                return self._exchanges.make(ready, received)
            bucket = endpoint.action.bucket if endpoint else None
            pause = self._repeats.pacer.before(ready.call.role, REST, bucket)
            due = max(due, self._timing.clocks.timer() + pause if pause else 0.0, self._holds.find_due(limit))
            self._holds.count_wait(limit, due)
            received = yield Transmission(
                partial(self._begin, link, asked, due), may_write(ready.call, asked), MCP, due=due
            )
            self._count(link)
            self._timing.spend(received.seconds)
            self._timing.left.check_answer(received.answer)
            exchange = self._exchanges.make(ready, replace(received, number=self._budget.sent))
            wait = self._repeats.find_delay(exchange, attempt)
            if wait is None:
                self._holds.note_served(limit)
                return exchange
            attempt += 1
            self._budget.note_repeat()
            self._holds.note_refused(limit, wait)
            due = self._timing.clocks.timer() + wait

    def _begin(self, link: Link, asked: Request, due: float) -> Callable[[], Received]:
        """Wait until a message is due, and complete it; return the function that sends it. Raises Stop."""
        self._timing.wait_until(due)
        request = link.complete_request(asked)
        clocks = self._timing.clocks

        def transmit() -> Received:
            sent_at, started = clocks.now(), clocks.timer()
            answer = link.send(request)
            return Received(request, answer, clocks.timer() - started, sent_at)

        return transmit

    def _count(self, link: Link) -> None:
        """Add the requests that went to the MCP server since the last count, those that opened the link
        included.
        """
        self._budget.sent += link.requests - self._counted
        self._counted = link.requests
