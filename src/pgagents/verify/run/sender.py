"""Send calls at the server's pace, and repeat those that were limited."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any

from pgagents.client.keys.secret_command import CommandSecrets
from pgagents.http import Handler, Request, Response, Silence, is_timely, read_json
from pgagents.model.answers.error_reader import ReadError
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.plan.options import Options
from pgagents.verify.run.sending.ready import Ready
from pgagents.verify.run.sending.repeats import MAX_REPEATS, is_repeatable, is_without_effect, may_write
from pgagents.verify.run.sending.request_maker import RequestMaker
from pgagents.verify.run.sending.silences import Silences
from pgagents.verify.run.sending.streams import find_stream_seconds
from pgagents.verify.run.sending.time_left import TimeLeft
from pgagents.verify.run.sending.transmission import Received, Sending, Transmission
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.concurrent import at_once
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import MCP, REST
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange
from pgagents.verify.wire.mcp.link import Link
from pgagents.verify.wire.pace import Pacer

MOST_FIRST = 10
"""The number of first answers whose times are kept."""


class Sender:
    """Sends calls at the pace that the server's limits allow. `moved_s` is the time, in seconds, by which the
    operator's clock was moved.
    """

    def __init__(
        self,
        setting: Setting,
        handler: Handler,
        plain: Handler | None,
        keys: Mapping[str, str],
        options: Options,
        *,
        clock: Callable[[], float],
        timer: Callable[[], float],
        sleep: Callable[[float], None],
        max_requests: int,
        apart: int = 0,
        until: float | None = None,
        commands: CommandSecrets | None = None,
    ) -> None:
        """Take the limits of the run.

        `until` is the end of the run as a value of the timer; after it, only instances are removed. `apart`
        is the number of requests for removing and repeating that do not count. `commands` are commands that
        print a new key, by role.
        """
        self.setting, self.model = setting, setting.model
        self.maker = self._make_maker(keys, commands, options.seed)
        self.handler, self.plain = handler, plain
        self.clock, self.timer, self._sleeper = clock, timer, sleep
        self.pacer = Pacer(
            self.model, clock, options.seed, options.max_wait_s, options.shard[1] if options.shard else 1
        )
        self.max_requests = max_requests
        self._time = TimeLeft(timer, until)
        self._apart = apart
        self._aside = 0
        """The number of requests that removed something or repeated an earlier request. Some of them do not
        count.
        """
        self.moved_s = 0.0
        self._linked = setting.mcp.requests if setting.mcp is not None else 0
        self.sent = 0
        self._waiting = 0
        """The number of requests that wait until others are answered."""
        self._unanswered = 0
        """The number of requests on their way beside others that may make something, which is removed later.
        """
        self.silences = Silences()
        self.cleaning = False
        """True while the run only removes its own instances. The budget does not count these requests."""
        self.seconds_sending = self.waited = 0.0
        self.first_seconds: list[float] = []
        """The response times of the first answers, in seconds."""
        self.most_together = 1
        """The most requests that were on their way at the same time. If several, their times must not be
        added up.
        """
        self.notes: list[str] = []
        self.on_wait: Callable[[float], None] | None = None
        self.interrupted: KeyboardInterrupt | None = None
        """An interrupt during several calls at once. It is kept until the other answers have come."""
        self.objection: Callable[[Call, Mapping[str, Any], Request], str] = _refuse_all
        """Return why a request must not be sent. Every request is checked by this function."""

    def _make_maker(
        self, keys: Mapping[str, str], commands: CommandSecrets | None, seed: int
    ) -> RequestMaker:
        own = weakref.proxy(self)  # no cycle: a run frees its memory when it ends
        return RequestMaker(
            self.setting,
            keys,
            commands,
            seed,
            now=lambda: own.now(),
            send_aside=lambda asked, request: own._send_aside(asked, request),
        )

    def now(self) -> float:
        """Return the server's time: the caller's clock, shifted as the operator's clock was."""
        return self.clock() + self.moved_s

    def count_requests(self, owed: int = 0) -> int:
        """Return how many requests count against the budget, with `owed` further ones for undoing.

        Up to `apart` requests that undo or repeat are not counted.
        """
        owed += self._unanswered
        return self.sent + self._waiting + owed - min(self._aside + owed, self._apart)

    def wait(self, seconds: float, *, quiet: bool = False) -> None:
        """Wait, and report the wait. Raises Stop if the run's time ends before that."""
        if seconds <= 0:
            return
        self._time.check(seconds, cleaning=self.cleaning)
        if self.on_wait and not quiet:
            self.on_wait(seconds)
        self.waited += seconds
        self._sleeper(seconds)

    def overlap(self, most: int) -> None:
        """Prepare for at most so many requests under way at the same time. No request may be under way."""
        self.most_together, self._waiting, self._unanswered = most, 0, 0

    @property
    def overlaps(self) -> bool:
        """True if several requests may be on their way."""
        return self.most_together > 1

    def hurry(self, seconds: float) -> None:
        """Leave so many seconds for everything that is still sent."""
        self._time.hurry(seconds)

    def send(self, ready: Ready) -> Sending[Exchange]:
        """Send a call. If it gets a 429, wait as the answer says (`Pacer.retry`) and send it again. Raises
        Stop.
        """
        if ready.call.surface == MCP:
            return (yield from self._send_by_link(ready))
        request, role = self.maker.make(ready)
        self._let_pass(ready, request)
        self._aside += ready.call.again and not self.cleaning
        attempt = 0
        while True:
            self._time.check(cleaning=self.cleaning)
            if not ready.call.burst:
                self._pace(ready.call, role)
            self._aside += self.cleaning
            self._waiting += 1
            writes = may_write(ready.call, request)
            makes = self.overlaps and writes and not self.cleaning
            self._unanswered += makes
            received = yield Transmission(
                partial(self._begin, ready, request), writes, self._line(ready.call, role)
            )
            self._unanswered -= makes
            self._spend(received.seconds)
            self._time.check_answer(received.answer)
            if not ready.call.connection:
                self.silences.count(received.answer)
            wait = self._heard(ready.call, role, received.answer, attempt)
            renewed = self.maker.renew_refused(ready.call, received.answer) if wait is None else []
            if renewed:
                self.notes += [
                    f"the key of {one} was refused, and its command gave another" for one in renewed
                ]
                request, role = self.maker.make(ready)
                self._let_pass(ready, request)
                self._aside += not self.cleaning
                continue
            if wait is None:
                exchange = self._make_exchange(ready, received)
                exchange.repeats = attempt
                return exchange
            attempt += 1
            self._aside += not self.cleaning
            self.wait(wait)

    def _begin(self, ready: Ready, request: Request) -> Callable[[], Received]:
        """Count a request; return the function that sends it."""
        ready.sent = True
        self._waiting -= 1
        self.sent += 1
        handler, stream_s = self._handler(ready.call), find_stream_seconds(ready.call)
        return partial(
            self._transmit,
            request,
            handler,
            self.sent,
            self._time.find_seconds(cleaning=self.cleaning),
            stream_s,
        )

    def _transmit(
        self, request: Request, handler: Handler, number: int, most_s: float | None, stream_s: float | None
    ) -> Received:
        """Send a request, in any thread."""
        if is_timely(handler):
            handler.most_s, handler.stream_s = most_s, stream_s
        sent_at, started = self.now(), self.timer()
        answer = handler(request)
        return Received(request, answer, self.timer() - started, sent_at, number)

    def _spend(self, seconds: float) -> None:
        self.seconds_sending += 0.0 if self.overlaps else seconds
        if len(self.first_seconds) < MOST_FIRST:
            self.first_seconds.append(seconds)

    def _line(self, call: Call, role: str) -> tuple[str, str, str] | None:
        """Return the key of requests that share a nearly empty bucket; None if the bucket has enough left.

        Requests with an equal key are sent one by one, each after the answer to the previous one.
        """
        bucket = call.endpoint.action.bucket if call.endpoint is not None else None
        if bucket is None or self.pacer.has_plenty(role, call.surface, bucket):
            return None
        return role, call.surface, bucket

    def _send_by_link(self, ready: Ready) -> Sending[Exchange]:
        """Send a call to the MCP server, at the pace of REST: it calls the same API. Raises Stop,
        Unavailable.
        """
        link, endpoint = self.setting.mcp, ready.call.endpoint
        if link is None:
            raise Unavailable("no MCP server was given")
        asked = request_of(ready.call, ready.values)
        self._let_pass(ready, asked)
        attempt = 0
        while True:
            self._time.check(cleaning=self.cleaning)
            opened = link.open()
            self._count_linked(link)
            if not opened and endpoint is not None:
                raise Unavailable(link.problem)
            if not opened:
                silence = Silence("closed", link.problem)
                return self._make_exchange(ready, Received(asked, silence, 0.0, self.now(), self.sent))
            self.wait(self.pacer.before(ready.call.role, REST, endpoint.action.bucket if endpoint else None))
            received = yield Transmission(
                partial(self._begin_linked, link, asked), may_write(ready.call, asked), MCP
            )
            self._count_linked(link)
            self._spend(received.seconds)
            self._time.check_answer(received.answer)
            exchange = self._make_exchange(ready, replace(received, number=self.sent))
            wait = self._find_retry_delay(exchange, attempt)
            if wait is None:
                return exchange
            attempt += 1
            self._aside += not self.cleaning
            self.wait(wait)

    def _begin_linked(self, link: Link, asked: Request) -> Callable[[], Received]:
        """Complete a message to the MCP server; return the function that sends it."""
        request, most_s = link.complete_request(asked), self._time.find_seconds(cleaning=self.cleaning)

        def transmit() -> Received:
            if is_timely(link.handler):
                link.handler.most_s = most_s
            sent_at, started = self.now(), self.timer()
            answer = link.send(request)
            return Received(request, answer, self.timer() - started, sent_at)

        return transmit

    def _count_linked(self, link: Link) -> None:
        """Add the requests that went to the MCP server since the last count, those that opened the link
        included.
        """
        self.sent += link.requests - self._linked
        self._linked = link.requests

    def _find_retry_delay(self, exchange: Exchange, attempt: int) -> float | None:
        """Return the seconds after which a rate-limited tool is to be called again; None if it is not."""
        if (
            attempt >= MAX_REPEATS
            or self.count_requests() >= self.max_requests
            or not isinstance(exchange.told, Response)
        ):
            return None
        wanted = exchange.limited or exchange.status == UNAVAILABLE
        return self.pacer.retry(exchange.told, attempt) if wanted else None

    def send_together(self, several: Sequence[Ready]) -> Sending[list[Exchange]]:
        """Send calls at the same time, each from a thread of its own; repeat rate-limited ones alone. Raises
        Stop.
        """
        self._time.check(cleaning=self.cleaning)
        requests = [self.maker.make(ready) for ready in several]
        for ready, (request, _) in zip(several, requests, strict=True):
            self._let_pass(ready, request)
        for ready, (_, role) in zip(several, requests, strict=True):
            self._pace(ready.call, role)
        sent_at, started = self.now(), self.timer()
        gate, most_s = Barrier(len(several)), self._time.find_seconds(cleaning=self.cleaning)

        streams = {
            id(request): find_stream_seconds(ready.call)
            for ready, (request, _) in zip(several, requests, strict=True)
        }

        def one(request: Request) -> Response | Silence:
            gate.wait()
            if is_timely(self.handler):
                self.handler.most_s, self.handler.stream_s = most_s, streams[id(request)]
            try:
                return self.handler(request)
            except KeyboardInterrupt as stop:  # what the other calls made must be known, so that it is undone
                self.interrupted = stop
                return Silence("closed", "interrupted")

        answers = at_once(one, [request for request, _ in requests])
        seconds = self.timer() - started
        self.seconds_sending += seconds
        found = []
        for ready, (request, role), answer in zip(several, requests, answers, strict=True):
            self.sent += 1
            self._time.check_answer(answer)
            self.silences.count(answer)
            wait = self._heard(ready.call, role, answer, 0)
            if wait is None:
                received = Received(request, answer, seconds, sent_at, self.sent)
                found.append(self._make_exchange(ready, received))
            else:
                self._aside += 1
                self.wait(wait)
                found.append((yield from self.send(ready)))
        return found

    def send_reads(
        self, several: Sequence[Ready], take: Callable[[Exchange], None]
    ) -> Sending[list[Exchange]]:
        """Send calls that only read, as many at the same time as allowed. Raises Stop, Unavailable.

        Each exchange is given to `take` at once, because later writes must not be judged before it. If a
        bucket is nearly empty, or a call may cost something, the calls are sent one by one.
        """
        found: list[Exchange] = []
        for first in range(0, len(several), self.most_together):
            group = several[first : first + self.most_together]
            made = [self.maker.make(ready) for ready in group]
            if len(group) > 1 and all(self._may_go_together(*one) for one in zip(group, made, strict=True)):
                found += yield from self._send_group(group, made, take)
                continue
            for ready in group:
                exchange = yield from self.send(ready)
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
    ) -> Sending[list[Exchange]]:
        """Send requests at the same time; repeat limited or unanswered ones alone. Raises Stop."""
        for ready, (request, role) in zip(several, made, strict=True):
            self._let_pass(ready, request)
            self._aside += ready.call.again and not self.cleaning
            self._time.check(cleaning=self.cleaning)
            self._pace(ready.call, role)
        self._waiting += len(several)
        requests = [request for request, _ in made]
        begin = partial(self._begin_group, several, requests)
        received = yield Transmission(begin, writes=False, count=len(several))
        found: dict[int, Exchange] = {}
        waits: dict[int, float] = {}
        for index, (ready, (_, role), one) in enumerate(zip(several, made, received.several, strict=True)):
            self._spend(one.seconds)
            self._time.check_answer(one.answer)
            self.silences.count(one.answer)
            wait = self._heard(ready.call, role, one.answer, 0)
            if wait is None:
                found[index] = self._make_exchange(ready, replace(one, overlapped=True))
                take(found[index])
            else:
                waits[index] = wait
        for index, wait in waits.items():
            self._aside += not self.cleaning
            self.wait(wait)
            found[index] = yield from self.send(several[index])
            take(found[index])
        return [found[index] for index in range(len(several))]

    def _begin_group(self, several: Sequence[Ready], requests: Sequence[Request]) -> Callable[[], Received]:
        """Count requests; return the function that sends them at the same time."""
        starts = [self._begin(ready, request) for ready, request in zip(several, requests, strict=True)]

        def transmit() -> Received:
            found = at_once(lambda start: start(), starts)
            return replace(found[0], several=tuple(found))

        return transmit

    def _let_pass(self, ready: Ready, request: Request) -> None:
        """Raise Unavailable if the request could do harm or lacks a secret."""
        call = ready.call
        if lacking := self.maker.find_lacking(call):
            raise Unavailable(f"needs the identity `{lacking}`: add --identity {lacking}=ENVVAR")
        if self._at_unknown_server(call):
            name = call.endpoint.server if call.endpoint is not None else ""
            raise Unavailable(
                "only the API's own server is called without TLS"
                if call.plain
                else f"the server `{name}` has no address here: add --server {name}=URL"
            )
        if objection := self.objection(ready.call, ready.values, request):
            raise Unavailable(objection)

    def _send_aside(self, asked: Call, request: Request) -> Response | Silence:
        """Send a request for a token, which belongs to no call. Raises Unavailable if it could do harm."""
        if objection := self.objection(asked, {}, request):
            raise Unavailable(objection)
        self.sent += 1
        return self.handler(request)

    def _at_unknown_server(self, call: Call) -> bool:
        """True if the call goes to another server of the API whose address is unknown."""
        name = call.endpoint.server if call.endpoint is not None else ""
        return bool(name) and (call.plain or name not in self.setting.servers)

    def _pace(self, call: Call, role: str) -> None:
        self.wait(
            self.pacer.before(role, call.surface, call.endpoint.action.bucket if call.endpoint else None)
        )

    def _handler(self, call: Call) -> Handler:
        """Choose the handler for a call: the target, the target without the caller's own headers, or its
        twin without TLS.
        """
        if call.plain:
            return self.plain or (lambda _: Silence("refused", "no twin"))
        if call.connection:
            return self.setting.strangers[call.connection]
        return self.setting.bare or self.handler if call.bare else self.handler

    def _heard(self, call: Call, role: str, answer: Response | Silence, attempt: int) -> float | None:
        """Update the pacer by the answer's limit; return the seconds after which to repeat (None: the answer
        stands).
        """
        if isinstance(answer, Response) and not call.plain:
            self.pacer.after(
                role, call.surface, call.endpoint.action.bucket if call.endpoint else None, answer
            )
        if attempt >= MAX_REPEATS or (not self.cleaning and self.count_requests() >= self.max_requests):
            return None
        if isinstance(answer, Silence) and call.connection:
            return None  # the handshake may have been refused, as it must be
        if isinstance(answer, Silence) and answer.stale:
            return 0.0 if attempt == 0 and is_repeatable(call) else None
        if isinstance(answer, Silence):
            return (
                0.2
                if attempt == 0 and is_without_effect(call, answer) and not self.silences.answered
                else None
            )
        limited = answer.status in self.model.limit_reader.statuses and self.model.limit_reader.is_limited(
            answer.status, answer.header, self._read_error(answer)
        )
        if not (limited or answer.status == UNAVAILABLE) or (call.burst and limited):
            return None
        wait = self.pacer.retry(answer, attempt)
        if wait is None:
            self.notes.append(f"{call.place} asked for a longer wait than --max-wait allows")
        return wait

    def _read_error(self, answer: Response) -> ReadError:
        return self.model.error_reader.read(answer.status, read_json(answer.body).value)

    def _base(self, call: Call) -> str:
        """Return the base URL of a call to another server than the target; empty for the target itself."""
        if call.surface == MCP and self.setting.mcp is not None:
            return self.setting.mcp.base
        if call.endpoint is not None and call.endpoint.server:
            return self.setting.servers.get(call.endpoint.server, "")
        return self.setting.plain_url if call.plain else ""

    def _make_exchange(self, ready: Ready, received: Received) -> Exchange:
        call = ready.call
        full = dict(ready.values)
        for param in call.endpoint.params if call.endpoint else ():
            if str(param.name) not in full and "default" in param.schema:
                full[str(param.name)] = param.schema["default"]
        exchange = Exchange(
            received.number,
            call,
            full,
            received.request,
            received.answer,
            seconds=received.seconds,
            sent_at=received.sent_at,
            codes=self.model.codes,
            errors=self.model.error_reader,
            limits=self.model.limit_reader,
            subject=ready.subject,
            base=self._base(call),
        )
        exchange.overlapped = received.overlapped
        return exchange


def _refuse_all(call: Call, values: Mapping[str, Any], request: Request) -> str:
    """Refuse every request. This is the default of `Sender.objection`, until a gate takes its place."""
    del call, values, request
    return "nothing decides what may be sent"
