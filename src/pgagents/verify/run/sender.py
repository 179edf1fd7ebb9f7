"""Send calls at the server's pace, and repeat those that were limited.

A call goes over HTTP or to the MCP server; several may go at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from threading import Barrier, Thread
from typing import Any, TypeVar

from pgagents.base.http import (
    EVENT_STREAM,
    Handler,
    Request,
    Response,
    Silence,
    find_process,
    is_connecting,
    is_timely,
)
from pgagents.client.environment import CommandSecrets
from pgagents.report.reason import without_role
from pgagents.verify.fixtures.instance import Unavailable, is_random_id
from pgagents.verify.fixtures.target import list_fellows, list_involved, list_made
from pgagents.verify.plan.options import Options
from pgagents.verify.promise import Probe
from pgagents.verify.run.recorder import Recorder
from pgagents.verify.run.requests import KEYLESS, ExchangeMaker, RequestMaker, Routes
from pgagents.verify.run.timing import (
    REFUSED,
    Clocks,
    Lag,
    Repeats,
    RequestBudget,
    Silences,
    TimeLeft,
    Timing,
    is_repeatable,
    may_write,
)
from pgagents.verify.run.transmission import Ready, Received, Transmission, transmit
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import MCP, REST
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.pace import Holds, Limit, Pacer

SETTLE_S = 0.2
"""Seconds after its answer in which a request may still end the server."""
NOT_SENT = Silence(REFUSED, "not sent: the server had ended in the meantime")
"""Stands for the answer to a request whose values are older than the server's last return."""
FAILED = 500
"""The first of the statuses with which a server says that it failed."""
Objection = Callable[[Call, Mapping[str, Any], Request], str]
"""Returns why a request must not be sent; empty if it may be."""


class Sender:
    """Sends calls at the pace that the server's limits allow.

    `until` is the end of the run as a value of the timer; after it, only instances are removed. `commands`
    print a new key, by role. `objection` returns why a request must not be sent; it checks every request.
    """

    def __init__(
        self,
        routes: Routes,
        keys: Mapping[str, str],
        options: Options,
        clocks: Clocks,
        budget: RequestBudget,
        objection: Objection,
        *,
        until: float | None = None,
        commands: CommandSecrets | None = None,
    ) -> None:
        self._routes, self.clocks, self.budget, self._objection = routes, clocks, budget, objection
        setting = routes.setting
        self._model = setting.model
        self.timing = Timing(clocks, TimeLeft(clocks.timer, until, budget))
        aside = partial(_send_aside, routes.handler, budget, self.timing.left, objection)
        self.maker = RequestMaker(setting, keys, commands, options.seed, now=clocks.now, send_aside=aside)
        parts = options.shard[1] if options.shard else 1
        self._pacer = Pacer(setting.model, clocks.clock, options.seed, options.max_wait_s, parts)
        self.holds = Holds(clocks.timer)
        self.silences = Silences()
        self._repeats = Repeats(setting.model, self._pacer, budget, self.silences)
        self.lag = Lag(setting.model, clocks.timer)
        self.exchanges = ExchangeMaker(routes)
        self.bought, self.acted = self.exchanges.bought, self.exchanges.acted
        self._link = LinkSender(
            setting.mcp, budget, self.timing, self._repeats, self.exchanges, self.holds, self.lag
        )
        self.recorder: Recorder | None = None
        """Writes down what could be made before it is sent; None without a journal."""
        self.is_halted = False
        """True if writes that were let pass before are no longer sent."""
        self._abreast = False
        """True if there is a worker for each request that may be ready."""
        self.interrupted: KeyboardInterrupt | None = None
        """An interrupt during several calls at once. It is kept until the other answers have come."""

    @property
    def notes(self) -> list[str]:
        """Notes for the report."""
        return self._repeats.notes

    def overlap(self, most: int, workers: int) -> None:
        """Prepare for at most so many requests ready at the same time, of which no more than the workers are
        under way. No request may be under way.
        """
        self.timing.most_together, self.budget.waiting, self.budget.unanswered = most, 0, 0
        self._abreast = workers >= most

    def send(self, ready: Ready, due: float = 0.0, *, alone: bool = False) -> Exchange:
        """Send a call. If it gets a 429, send it again after the time that the answer says (`Pacer.retry`).

        Others may be sent meanwhile, and before the timer's value is `due`. Raises Stop.

        `alone` sends it on a new connection while nothing else is on its way, and notes whether the server
        takes connections afterwards.
        """
        if ready.call.surface == MCP:
            return self._link.send(ready, self._let_pass, self._note_intention)
        request, role = self.maker.make(ready)
        self._let_pass(ready, request)
        self.budget.aside += ready.call.again and not self.budget.cleaning
        attempt, renewed = 0, list[str]()
        # where the catalogue declares a limit, the whole run waits for it: checks compare its counts
        leaves = not ready.call.burst and not self._find_limit(ready.call, role).is_counted
        while True:
            self.timing.left.check()
            limit = self._find_limit(ready.call, role)
            due = max(due, 0.0 if ready.call.burst else self._find_due(ready.call, role, limit))
            self.holds.count_wait(limit, due)
            due = max(due, self.lag.find_due(ready.call, request))
            if not leaves:
                self.timing.wait_until(due)
                due = 0.0
            held = limit if leaves else None
            received = self._send_once(ready, request, role, due, held, alone=alone)
            if self._may_be_lost(ready.call, received.answer):
                lost = self._note_loss(ready, received)
                idle = isinstance(received.answer, Silence) and received.answer.stale
                if lost.lost and (lost.server_ended or attempt or not idle or not is_repeatable(ready.call)):
                    return lost
                if not idle:
                    self.silences.count(received.answer)
            else:
                self.silences.count(received.answer)
            wait = self._repeats.decide_repeat(ready.call, role, received.answer, attempt)
            if wait is None:
                self.holds.note_served(limit)
            came_at = received.sent_at + received.seconds
            if (
                wait is None
                and not renewed
                and (renewed := self.maker.renew_refused(ready.call, received.answer, came_at))
            ):
                self.notes.extend(renewed)
                request, role = self.maker.make(ready)
                self._let_pass(ready, request)
                self.budget.note_repeat()
                continue
            if wait is None:
                exchange = self._make_exchange(ready, received)
                exchange.repeats = attempt
                return exchange
            attempt += 1
            self.budget.note_repeat()
            due = self._note_refused(limit, received.answer, wait)

    def _send_once(
        self,
        ready: Ready,
        request: Request,
        role: str,
        due: float,
        held: Limit | None,
        *,
        alone: bool,
    ) -> Received:
        """Send a request in its turn, and count it while it is under way.

        `held` is the limit for which it waits while others are sent.
        """
        self.budget.aside += self.budget.cleaning
        self.budget.waiting += 1
        writes = may_write(ready.call, request)
        unanswered = self.timing.overlaps and writes and not self.budget.cleaning
        self.budget.unanswered += unanswered
        try:
            received = transmit(
                Transmission(
                    partial(self._begin, ready, request, due, held, alone=alone),
                    writes,
                    self._line(ready.call, role)
                    or (held if held is not None and self.holds.has_refused(held) else None),
                    alone=alone,
                    due=due,
                    limit=held,
                    makes=self._list_made(ready.call) if writes else frozenset(),
                    frees=self._list_freed(ready) if writes else frozenset(),
                )
            )
        finally:
            self.budget.unanswered -= unanswered
        self.timing.spend(received.seconds)
        self.lag.note_answer(ready.call, request)
        self._note_answer(received.intention, received.answer)
        self.timing.left.check_answer(received.answer)
        return received

    def rebuild(self, ready: Ready, received: Received) -> Exchange:
        """Return an exchange that this run did not send."""
        return self.exchanges.make(ready, received)

    def _note_intention(self, ready: Ready, request: Request) -> int:
        """Write into the journal that a request is about to be sent; return its number there. Raises Stop."""
        return self.recorder.note_intention(ready, request) if self.recorder is not None else 0

    def _note_answer(self, intention: int, answer: Response | Silence) -> None:
        if self.recorder is not None:
            self.recorder.note_answer(intention, answer)

    def _make_exchange(self, ready: Ready, received: Received) -> Exchange:
        """Return the exchange of a call that is not sent again, with the wait that was too long."""
        exchange = self.exchanges.make(ready, received)
        if exchange.busy:
            exchange.put_off = self._repeats.describe_long_wait(exchange.answer)
        return exchange

    def _note_refused(self, limit: Limit, answer: Response | Silence, wait: float) -> float:
        """Note that a call is to be repeated after so many seconds; return the timer's value then."""
        if isinstance(answer, Response) and not limit.is_counted:
            self.holds.note_refused(limit, wait)
        return self.clocks.timer() + wait

    def _find_limit(self, call: Call, role: str) -> Limit:
        """Return what limits a call: its bucket in the catalogue, else its operation, else its path."""
        bucket = call.endpoint.action.bucket if call.endpoint is not None else None
        if bucket is not None:
            return Limit(role, call.surface, bucket, f"the limit `{bucket}`", is_counted=True)
        if call.endpoint is None:
            path = (call.raw.target or call.place).partition("?")[0]
            return Limit(role, call.surface, path, path)
        return Limit(role, call.surface, call.place, call.place.partition("@")[0])

    def _find_due(self, call: Call, role: str, limit: Limit) -> float:
        """Return the timer's value at which the limits allow a call. It takes the bucket's next token."""
        pause = self._pacer.before(role, call.surface, call.endpoint.action.bucket if call.endpoint else None)
        return max(self.clocks.timer() + pause if pause > 0 else 0.0, self.holds.find_due(limit))

    def must_wait(self, probe: Probe, seconds: float) -> bool:
        """True if a call of the probe's first operation must wait longer than so many seconds."""
        limits = (
            self._find_limit(Call(endpoint, {}, "valid", ""), role)
            for endpoint in probe.endpoints[:1]
            for role in (probe.role, KEYLESS)
        )
        return any(self.holds.is_awaited(limit, seconds) for limit in limits)

    def _list_made(self, call: Call) -> frozenset[str]:
        made = list_made(self._model, call.endpoint.action) if call.endpoint is not None else ()
        return frozenset(resource.name for resource in made)

    def _list_freed(self, ready: Ready) -> frozenset[str]:
        """Return the resources of which a call may free an id that comes again, and what goes with them."""
        endpoint, freed = ready.call.endpoint, set[str]()
        for resource in list_involved(self._model, endpoint.action) if endpoint is not None else ():
            undo = resource.undone_by
            if endpoint is None or undo is None or undo.action is not endpoint.action:
                continue
            named = [ready.values.get(str(p.name)) for p in endpoint.params if p.refers_to == resource.name]
            if not all(isinstance(id, str) and is_random_id(id) for id in named):
                freed |= {resource.name, *list_fellows(self._model, resource)}
        return frozenset(freed)

    def _may_be_lost(self, call: Call, answer: Response | Silence) -> bool:
        """True if the end of the server may be the reason why a call got no answer, or no whole one."""
        return not (call.plain or call.surface == MCP) and self.silences.is_lost(answer)

    def _note_loss(self, ready: Ready, received: Received) -> Exchange:
        """Return the exchange of a call whose answer may be lost, and note on it whether it is.

        An answer that was broken off is lost if nothing listens, or if another call can be the reason.
        """
        ended = received.server_ended or not self.takes_connections(ready.call, received.request)
        exchange = self.exchanges.make(ready, replace(received, server_ended=ended))
        begun = isinstance(received.answer, Silence) and received.answer.begun
        exchange.lost = ended or received.overlapped or not begun
        return exchange

    def find_handler(self, call: Call) -> Handler:
        """Return the handler that sends a call."""
        return self._routes.find_handler(call)

    def takes_connections(self, call: Call, request: Request) -> bool:
        """Return whether the server of a call takes a new connection; True for a handler without any."""
        handler = self._routes.find_handler(call)
        return handler.takes_connections(request) if is_connecting(handler) else True

    def _begin(
        self,
        ready: Ready,
        request: Request,
        due: float = 0.0,
        limit: Limit | None = None,
        *,
        alone: bool = False,
    ) -> Callable[[], Received]:
        """Wait until a request is due, and count it; return the function that sends it. Raises Stop, and
        Unavailable if it may not be sent any more.
        """
        self.timing.wait_until(max(due, self.holds.find_due(limit) if limit is not None else 0.0))
        if self.is_halted and (objection := self._objection(ready.call, ready.values, request)):
            self.budget.waiting -= 1
            raise Unavailable(objection)
        if ready.era is not None and ready.era != self.silences.era:
            self.budget.waiting -= 1
            return lambda: Received(request, NOT_SENT, 0.0, self.clocks.now(), self.budget.sent)
        intention = self._note_intention(ready, request)
        ready.sent = True
        self.budget.waiting -= 1
        self.budget.sent += 1
        handler, stream_s = self._routes.find_handler(ready.call), find_stream_seconds(ready.call)
        return partial(
            self._transmit,
            request,
            handler,
            self.budget.sent,
            self.timing.left.find_seconds(),
            stream_s,
            intention,
            alone=alone,
        )

    def _transmit(
        self,
        request: Request,
        handler: Handler,
        number: int,
        most_s: float | None,
        stream_s: float | None,
        intention: int,
        *,
        alone: bool = False,
    ) -> Received:
        """Send a request, in any thread."""
        connecting = handler if alone and is_connecting(handler) else None
        if connecting is not None:
            connecting.hang_up()
            if not connecting.takes_connections(request):
                return Received(request, NOT_SENT, 0.0, self.clocks.now(), number, intention=intention)
        if is_timely(handler):
            handler.most_s, handler.stream_s = most_s, stream_s
        printer = _Printer(handler)
        sent_at, started = self.clocks.now(), self.clocks.timer()
        answer = handler(request)
        seconds = self.clocks.timer() - started
        ended = False
        if connecting is not None:
            self.clocks.sleep(SETTLE_S)
            ended = not connecting.takes_connections(request)
        printed = printer.read_after(answer)
        return Received(
            request,
            answer,
            seconds,
            sent_at,
            number,
            server_ended=ended,
            printed=printed,
            intention=intention,
        )

    def _line(self, call: Call, role: str) -> tuple[str, str, str] | None:
        """Return the key of requests that share a nearly empty bucket; None if the bucket has enough left.

        Requests with an equal key are sent one by one, each after the answer to the previous one.
        """
        bucket = call.endpoint.action.bucket if call.endpoint is not None else None
        if bucket is None or self._pacer.has_plenty(role, call.surface, bucket):
            return None
        return role, call.surface, bucket

    def send_together(self, several: Sequence[Ready]) -> list[Exchange]:
        """Send calls at the same time, each from a thread of its own; repeat rate-limited ones alone. Raises
        Stop.
        """
        self.timing.left.check()
        requests = [self.maker.make(ready) for ready in several]
        for ready, (request, _) in zip(several, requests, strict=True):
            self._let_pass(ready, request)
        for ready, (request, role) in zip(several, requests, strict=True):
            self._pace(ready.call, request, role)
        intentions = [
            self._note_intention(ready, request)
            for ready, (request, _) in zip(several, requests, strict=True)
        ]
        sent_at, started = self.clocks.now(), self.clocks.timer()
        printer = _Printer(self._routes.handler)
        answers = self._send_at_once(several, [request for request, _ in requests])
        seconds = self.clocks.timer() - started
        self.timing.seconds_sending += seconds
        found = []
        for intention, answer in zip(intentions, answers, strict=True):
            self._note_answer(intention, answer)
        for ready, (request, role), answer, intention in zip(
            several, requests, answers, intentions, strict=True
        ):
            self.lag.note_answer(ready.call, request)
            self.budget.sent += 1
            self.timing.left.check_answer(answer)
            number, printed = self.budget.sent, printer.read_after(answer)
            received = Received(
                request,
                answer,
                seconds,
                sent_at,
                number,
                overlapped=True,
                printed=printed,
                intention=intention,
            )
            found.append(self._end_one_of_several(ready, role, received))
        return found

    def _send_at_once(
        self, several: Sequence[Ready], requests: Sequence[Request]
    ) -> list[Response | Silence]:
        gate, most_s, handler = Barrier(len(several)), self.timing.left.find_seconds(), self._routes.handler
        streams = {
            id(request): find_stream_seconds(ready.call)
            for ready, request in zip(several, requests, strict=True)
        }

        def one(request: Request) -> Response | Silence:
            gate.wait()
            if is_timely(handler):
                handler.most_s, handler.stream_s = most_s, streams[id(request)]
            try:
                return handler(request)
            except KeyboardInterrupt as stop:  # what the other calls made must be known, so that it is undone
                self.interrupted = stop
                return Silence("closed", "interrupted")

        for ready in several:
            ready.sent = True
        return at_once(one, requests)

    def _end_one_of_several(self, ready: Ready, role: str, received: Received) -> Exchange:
        """Return the exchange of an answer; a call that was refused for a limit is sent again, alone."""
        if self._may_be_lost(ready.call, received.answer):
            return self._note_loss(ready, received)
        self.silences.count(received.answer)
        wait = self._repeats.decide_repeat(ready.call, role, received.answer, 0)
        if wait is None:
            return self._make_exchange(ready, replace(received, overlapped=False))
        self.budget.aside += 1
        return self.send(ready, self._note_refused(self._find_limit(ready.call, role), received.answer, wait))

    def send_reads(self, several: Sequence[Ready], take: Callable[[Exchange], None]) -> list[Exchange]:
        """Send calls that only read, as many at the same time as allowed. Raises Stop, Unavailable.

        Each exchange is given to `take` at once, because later writes must not be judged before it. If a
        bucket is nearly empty, or a call may cost something, the calls are sent one by one.
        """
        found: list[Exchange] = []
        for first in range(0, len(several), self.timing.most_together):
            group = several[first : first + self.timing.most_together]
            made = [self.maker.make(ready) for ready in group]
            if len(group) > 1 and all(self._may_go_together(*one) for one in zip(group, made, strict=True)):
                found += self._send_group(group, made, take)
                continue
            for ready in group:
                exchange = self.send(ready)
                if not exchange.lost:
                    take(exchange)
                found.append(exchange)
        return found

    def _may_go_together(self, ready: Ready, made: tuple[Request, str]) -> bool:
        """True if a call reads, and its bucket has enough left."""
        request, role = made
        plain = ready.call.surface != MCP and not may_write(ready.call, request)
        return plain and self._line(ready.call, role) is None

    def _send_group(
        self,
        several: Sequence[Ready],
        made: Sequence[tuple[Request, str]],
        take: Callable[[Exchange], None],
    ) -> list[Exchange]:
        """Send requests at the same time; repeat limited ones alone. Raises Stop.

        If an answer is lost, none is given to `take`: the caller finds out first what the loss means.
        """
        for ready, (request, role) in zip(several, made, strict=True):
            self._let_pass(ready, request)
            self.budget.aside += ready.call.again and not self.budget.cleaning
            self.timing.left.check()
            self._pace(ready.call, request, role)
        self.budget.waiting += len(several)
        requests = [request for request, _ in made]
        begin = partial(self._begin_group, several, requests)
        received = transmit(Transmission(begin, writes=False, count=len(several)))
        found: dict[int, Exchange] = {}
        dues: dict[int, float] = {}
        losing = any(
            self._may_be_lost(ready.call, one.answer)
            for ready, one in zip(several, received.several, strict=True)
        )
        for index, (ready, (_, role), one) in enumerate(zip(several, made, received.several, strict=True)):
            self.timing.spend(one.seconds)
            self.timing.left.check_answer(one.answer)
            if self._may_be_lost(ready.call, one.answer):
                found[index] = self._note_loss(ready, replace(one, overlapped=True))
                continue
            self.silences.count(one.answer)
            wait = self._repeats.decide_repeat(ready.call, role, one.answer, 0)
            if wait is None:
                self.holds.note_served(self._find_limit(ready.call, role))
                found[index] = self._make_exchange(ready, replace(one, overlapped=True))
                if not losing:
                    take(found[index])
            else:
                dues[index] = self._note_refused(self._find_limit(ready.call, role), one.answer, wait)
        for index, due in dues.items():
            self.budget.note_repeat()
            found[index] = self.send(several[index], due)
            if not losing:
                take(found[index])
        return [found[index] for index in range(len(several))]

    def _begin_group(self, several: Sequence[Ready], requests: Sequence[Request]) -> Callable[[], Received]:
        """Count requests; return the function that sends them at the same time, if there is a worker for
        each.
        """
        starts = [self._begin(ready, request) for ready, request in zip(several, requests, strict=True)]
        abreast = self._abreast

        def transmit() -> Received:
            found = at_once(lambda start: start(), starts) if abreast else [start() for start in starts]
            return replace(found[0], several=tuple(found))

        return transmit

    def _let_pass(self, ready: Ready, request: Request) -> None:
        """Raise Unavailable if the request could do harm or lacks a secret."""
        call = ready.call
        if lacking := self.maker.find_lacking(call):
            raise Unavailable(without_role(lacking))
        objection = self._routes.object_to_server(call) or self._objection(call, ready.values, request)
        if objection:
            raise Unavailable(objection)

    def _pace(self, call: Call, request: Request, role: str) -> None:
        limit = self._find_limit(call, role)
        due = self._find_due(call, role, limit)
        self.holds.count_wait(limit, due)
        self.timing.wait_until(max(due, self.lag.find_due(call, request)))


class _Printer:
    """Reads what the server's process prints from now on, if the run started the server."""

    def __init__(self, handler: Handler) -> None:
        self._process = find_process(handler)
        self._mark = self._process.mark() if self._process is not None else 0

    def read_after(self, answer: Response | Silence) -> str:
        """Return what it printed until an answer that shows a failure of the server; else an empty text."""
        failed = isinstance(answer, Silence) or answer.status >= FAILED
        return self._process.read_since(self._mark) if self._process is not None and failed else ""


def _send_aside(
    handler: Handler,
    budget: RequestBudget,
    left: TimeLeft,
    objection: Objection,
    asked: Call,
    request: Request,
) -> Response | Silence:
    """Send a request for a token, which belongs to no call. Raises Stop, and Unavailable if it could do
    harm.
    """
    if reason := objection(asked, {}, request):
        raise Unavailable(reason)
    budget.sent += 1
    answer = handler(request)
    left.check_answer(answer)
    return answer


# -- calls of the MCP server, at the pace of REST: it calls the same API


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
        lag: Lag,
    ) -> None:
        self._link, self._budget, self._timing = link, budget, timing
        self._repeats, self._exchanges, self._holds, self._lag = repeats, exchanges, holds, lag
        self._counted = link.requests if link is not None else 0
        if link is not None:
            link.find_seconds_left = timing.left.find_seconds

    def send(
        self,
        ready: Ready,
        let_pass: Callable[[Ready, Request], None],
        note_intention: Callable[[Ready, Request], int],
    ) -> Exchange:
        """Send a call; `let_pass` raises Unavailable if it could do harm. Raises Stop, Unavailable.

        `note_intention` writes into the journal that a call is about to be sent.
        """
        link, endpoint = self._link, ready.call.endpoint
        if link is None:
            raise Unavailable("no MCP server was given")
        asked = request_of(ready.call, ready.values)
        let_pass(ready, asked)
        attempt, due = 0, 0.0
        limit = Limit(ready.call.holder, MCP, ready.call.place, ready.call.place.partition("@")[0])
        while True:
            self._timing.left.check()
            opened = link.open()
            self._count()
            self._timing.left.check()  # a link that the end of the lease kept shut says nothing of its server
            if not opened and endpoint is not None:
                raise Unavailable(link.problem)
            if not opened:
                silence = Silence("closed", link.problem)
                received = Received(asked, silence, 0.0, self._timing.clocks.now(), self._budget.sent)
                return self._exchanges.make(ready, received)
            bucket = endpoint.action.bucket if endpoint else None
            pause = self._repeats.pacer.before(ready.call.holder, REST, bucket)
            due = max(due, self._timing.clocks.timer() + pause if pause else 0.0, self._holds.find_due(limit))
            self._holds.count_wait(limit, due)
            due = max(due, self._lag.find_due(ready.call, asked))
            received = transmit(
                Transmission(
                    partial(self._begin, link, asked, due, partial(note_intention, ready)),
                    may_write(ready.call, asked),
                    MCP,
                    due=due,
                )
            )
            self._count()
            self._lag.note_answer(ready.call, asked)
            self._timing.spend(received.seconds)
            self._timing.left.check_answer(received.answer)
            exchange = self._exchanges.make(ready, replace(received, number=self._budget.sent))
            wait = self._repeats.find_delay(exchange, attempt)
            if wait is None:
                self._holds.note_served(limit)
                if exchange.busy:
                    exchange.put_off = self._repeats.describe_long_wait(exchange.told)
                return exchange
            attempt += 1
            self._budget.note_repeat()
            self._holds.note_refused(limit, wait)
            due = self._timing.clocks.timer() + wait

    def _begin(
        self, link: Link, asked: Request, due: float, note_intention: Callable[[Request], int]
    ) -> Callable[[], Received]:
        """Wait until a message is due, and complete it; return the function that sends it. Raises Stop."""
        self._timing.wait_until(due)
        intention = note_intention(asked)
        request = link.complete_request(asked)
        clocks = self._timing.clocks

        def transmit() -> Received:
            sent_at, started = clocks.now(), clocks.timer()
            answer = link.send(request)
            return Received(request, answer, clocks.timer() - started, sent_at, intention=intention)

        return transmit

    def _count(self) -> None:
        """Add the requests that went to the MCP server since the last count, those that opened a link
        included.
        """
        requests = self._link.requests if self._link is not None else 0
        self._budget.sent += requests - self._counted
        self._counted = requests


# -- reading time of an event stream


OPEN_S = 10.0
"""Seconds for which a documented stream without a documented end is read."""


def find_stream_seconds(call: Call) -> float | None:
    """Return the seconds after which the answer is left as it is, should it be an event stream.

    None means that it must end: the catalogue says so, or the call belongs to no operation of REST. It is 0
    if no answer of the operation is a stream, because then its head says all.
    """
    endpoint = call.endpoint
    if endpoint is None or not endpoint.on_rest:
        return None
    streams = [output for output in endpoint.action.outputs if EVENT_STREAM in output.types]
    if not streams:
        return 0.0
    return OPEN_S if all(output.ends_within_s is None for output in streams) else None


# -- requests at the same time, each from its own thread


A = TypeVar("A")
B = TypeVar("B")


def at_once(do: Callable[[A], B], several: Sequence[A]) -> list[B]:
    """Return the results of `do` for each argument, in order.

    Raises the first error. After a KeyboardInterrupt the threads end by themselves.
    """
    found: dict[int, B] = {}
    failed: list[BaseException] = []

    def one(index: int, given: A) -> None:
        try:
            found[index] = do(given)
        except BaseException as error:  # the waiting thread raises it again
            failed.append(error)

    threads = [Thread(target=one, args=(index, given), daemon=True) for index, given in enumerate(several)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [found[index] for index in range(len(several))]
