"""Find out which request ended the server, when the connection ends before an answer begins.

A lost answer is evidence if the connection was new, or if nothing takes a connection right after it. A server
may close an idle connection at any time (RFC 9112, 9.5). The run waits until the server
is back, and sends the call once more, alone, on a new connection. If that answer is lost as well, the call
ends the server. If not, every call whose answer was lost at that time is a suspect, and the finding is odd.

A call that was refused reached nobody, and is sent again. After the server's return everything known about
its instances is doubtful.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from pgagents.base.http import Request, Response, Silence, find_process
from pgagents.base.text import brief
from pgagents.catalogue.model.resource import names_instance
from pgagents.verify.fixtures.instance import Restarted, Unavailable
from pgagents.verify.fixtures.target import is_move, list_made_by
from pgagents.verify.run.timing import REFUSED, SAFE
from pgagents.verify.run.transmission import Ready, Received, Stop, Transmission, transmit
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import OPERATOR
from pgagents.verify.wire.exchange import Exchange, Loss

if TYPE_CHECKING:
    from pgagents.verify.run.call_executor import CallExecutor


RESTARTED = "the server ended while this was tried, and was started anew"
RETURN_S, CLEANING_S, POLL_S = 10.0, 2.0, 0.1
"""Seconds for which a run waits for the server's return, for which clean-up does, and between two looks."""
STARTS = 2.0
"""A server that the run starts again is waited for so many times as long as its first start took."""
MOST_ENDS = 5
"""The number of the server's ends after which the run stops."""
MOST_ASKED = 5
"""The most times that one call is sent.

It is sent again if it was refused, or if its first loss proves little.
"""
LAST = 4
"""The number of exchanges before a lost answer that its finding shows."""
NAMED = 8
"""The number of suspects that a finding names."""
_RIGHT = ("valid", "explore", "clean", "replay")
Kind = tuple[object, ...]
"""An operation and a kind of value: calls of one kind are expected to have the same effect on the server."""


@dataclass(slots=True)
class _Incident:
    """The calls whose answers were lost, or refused, before the server came back once."""

    suspects: list[Exchange] = field(default_factory=list)
    """The exchanges whose loss is evidence."""
    solved: bool = False
    """True if a call was found that ends the server, or if the finding is made."""
    back_s: float = 0.0
    """Seconds until the server was back."""
    ended: bool = False
    """True if nothing took a connection for some time."""
    last: tuple[Exchange, ...] = ()
    """The last exchanges before the first loss."""


class LostAnswers:
    """Examines the lost answers of one run."""

    def __init__(self, executor: CallExecutor) -> None:
        self._executor, self._sender = executor, executor.sender
        self._silences, self._clocks = executor.sender.silences, executor.sender.clocks
        self._incidents: dict[int, _Incident] = {}
        """By the number of the server's returns before them."""
        self._last: deque[Exchange] = deque(maxlen=LAST)
        self._control: tuple[Call, Request] | None = None
        """The last ordinary read that was answered. It shows whether the server is there."""
        self._single: dict[Kind, Exchange] = {}
        """The first call of each kind whose answer alone was lost when the server ended."""
        self._deadly: set[Kind] = set()
        """The kinds of calls that have ended the server twice."""
        self._ends = 0
        self.gone = ""
        """Why nothing is sent any more; empty as long as the server is there."""

    @property
    def notes(self) -> list[str]:
        """Notes for the report."""
        times = "once" if self._ends == 1 else f"{self._ends} times"
        return [f"the server ended {times} during this run, and was waited for"] if self._ends else []

    def remember(self, exchange: Exchange) -> None:
        """Note an exchange, which a later finding may show."""
        self._last.append(exchange)
        endpoint, call = exchange.call.endpoint, exchange.call
        if (
            endpoint is not None
            and exchange.success
            and endpoint.on_rest
            and endpoint.action.only_reads
            and exchange.request.method == "GET"
            and call.intent == "valid"
            and not call.plain
        ):
            self._control = (call, exchange.request)

    def try_again(self) -> None:
        """Look once more whether the server is there, because clean-up begins."""
        self.gone = ""

    def object_to(self, call: Call) -> str:
        """Return why a call is not sent: others of its kind have ended the server twice. Else empty."""
        if not self._deadly:
            return ""
        ordinary = _kind_of(replace(call, intent="valid", field="", raw=Raw()))
        if ordinary in self._deadly:
            return f"it ends the server: an ordinary call of {_name_operation(call)} did so twice"
        if _kind_of(call) in self._deadly:
            return f"it ends the server: a call of {_name_operation(call)} with such a value did so twice"
        return ""

    def is_overtaken(self, ready: Ready, exchange: Exchange) -> bool:
        """True if a call was answered after the answer to an earlier one was lost.

        A server that was started anew in the meantime may have answered it, for which its ids mean nothing.
        """
        incident = self._incidents.get(ready.era) if ready.era is not None else None
        if incident is None or not incident.suspects:
            return False
        return exchange.number > incident.suspects[0].number

    @property
    def in_doubt(self) -> bool:
        """True if the server may have been started anew, and its return is not noted yet."""
        incident = self._incidents.get(self._silences.era)
        return incident is not None and bool(incident.suspects)

    def examine(self, call: Call, ready: Ready, lost: Exchange, chain: list[Exchange]) -> Exchange:
        """Find out what a lost answer means, and return the exchange that stands for the call.

        It is the answer to the call's repetition if the call was refused or only reads. Otherwise it is the
        last one whose answer was lost, with its `loss`. Raises Stop if the server is gone, and Unavailable.
        """
        first, evidence, joined = lost, 0, []
        latest: Exchange | None = lost
        """The last lost answer, until it has been looked at."""
        for _ in range(MOST_ASKED):
            era = ready.era if ready.era is not None else self._silences.era
            incident = self._incidents.setdefault(era, _Incident(last=tuple(self._last)))
            joined.append(incident)
            reached = _has_reached(lost)
            if latest is not None and _is_evidence(latest):
                evidence += 1
                incident.suspects.append(latest)
                if evidence >= 2:
                    return self._convict(joined, era, first, lost)
            elif latest is not None and reached:
                incident.last = (*incident.last, latest)[-LAST:]  # the server may end a moment later
            if latest is not None and reached:
                self._executor.note_lost(latest)
            latest = None
            if evidence or not reached:
                self._await_return(incident, era, lost)
            if evidence and incident.suspects == [lost]:  # every other request on the way was answered
                earlier = self._single.setdefault(_kind_of(call), lost)
                if earlier is not lost and not incident.solved:
                    return self._convict(joined, era, earlier, lost)
            if incident.ended and not incident.suspects and not incident.solved:
                self._ask_last_ones(incident)
            if not reached and self._executor.is_outdated(ready, chain):
                raise Restarted(RESTARTED)
            if reached and (reason := self._object_to_repeat(call)):
                return self._leave_open(lost, f"it was not sent again, as {reason}")
            try:
                ready = self._executor.prepare(call, chain)
                again = self._sender.send(ready, alone=reached)
            except Unavailable as error:
                if not reached:
                    raise
                if isinstance(error, Restarted):  # another call ended the server; this one is prepared anew
                    continue
                return self._leave_open(lost, f"it was not sent again: {error}")
            if not again.lost:
                return self._settle_answered(call, lost, again, joined, reached=reached)
            if _has_reached(again):
                lost = latest = again
                if not reached:
                    first = again
        return self._leave_open(lost, "it was sent again, and reached nobody")

    def _ask_last_ones(self, incident: _Incident) -> None:
        """Send the last calls that were answered once more, each alone, as the server ended after them.

        Raises Stop.
        """
        incident.solved = True
        for answered in reversed(incident.last):
            if self._object_to_repeat(answered.call) or self.object_to(answered.call):
                continue
            era = self._silences.era
            try:
                ready = self._executor.prepare(answered.call, [])
                again = self._sender.send(ready, alone=True)
            except Unavailable:
                continue
            if not again.lost:
                self._executor.note_unjudged(again)
            if again.server_ended or (again.lost and _is_evidence(again)):
                second = self._incidents.setdefault(era, _Incident(last=tuple(self._last)))
                again = self._convict([incident, second], era, answered, again)
                self._executor.judge.judge_loss(again)
                return
        incident.solved = False

    def _settle_answered(
        self, call: Call, lost: Exchange, again: Exchange, joined: list[_Incident], *, reached: bool
    ) -> Exchange:
        """Return the exchange that stands for a call whose repetition was answered."""
        if reached and again.server_ended:
            era = self._silences.era
            incident = self._incidents.setdefault(era, _Incident(last=tuple(self._last)))
            return self._convict([*joined, incident], era, lost, again)
        reads = call.endpoint is None or call.endpoint.action.only_reads
        elsewhere = (
            again.request.target != lost.request.target
        )  # about another instance, so it is not a second call
        stands = not reached or reads or elsewhere or isinstance(again.answer, Silence)
        if not stands:  # its effect must be known before anything else is made
            self._executor.note_unjudged(again)
        for earlier in joined:
            if earlier.suspects and earlier.suspects[-1] is lost and earlier.ended and not earlier.solved:
                self._ask_last_ones(earlier)  # the server may end after an answer
        if stands:
            return again
        return self._leave_open(lost, "it was sent once more, alone, and answered then")

    def _convict(self, joined: Sequence[_Incident], era: int, first: Exchange, again: Exchange) -> Exchange:
        """Return the exchange of a call that ends the server, after the server's return. Raises Stop."""
        incident = joined[-1]
        self._deadly.add(_kind_of(again.call))
        for solved in joined:
            solved.solved = True
        before = (*(e for e in incident.last if e is not first), first)
        try:
            self._await_return(incident, era, again)
        except Stop:
            again.loss = Loss("repeated", _say_repeated(first, again, incident), before)
            self._executor.judge.judge_loss(again)
            raise
        again.loss = Loss("repeated", _say_repeated(first, again, incident), before)
        return again

    def _leave_open(self, lost: Exchange, why: str) -> Exchange:
        if _is_evidence(lost):
            lost.loss = Loss("open", f"the connection ended before an answer began; {why}", alone=why)
        return lost

    def settle(self) -> None:
        """Make a finding of each time at which answers were lost and no call was found to be the cause."""
        for incident in self._incidents.values():
            suspects = incident.suspects or (_find_last(incident) if incident.ended else ())
            if not incident.solved and suspects:
                self._blame(incident, suspects, "suspect", "")

    def _blame(self, incident: _Incident, suspects: Sequence[Exchange], verdict: str, more: str) -> None:
        """Make the finding that one of these calls may have ended the server."""
        incident.solved = True
        first = suspects[0]
        alone = "; ".join(
            dict.fromkeys(s.loss.alone for s in suspects if s.loss is not None and s.loss.alone)
        )
        said = "; ".join(filter(None, (_say_suspects(suspects, incident), alone, more)))
        before = tuple(s for s in (*incident.last, *suspects[1:]) if s is not first)
        first.loss = Loss("gone" if verdict == "gone" else "suspect", said, before)
        self._executor.judge.judge_loss(first)

    # -- the wait for a silent server

    def _await_return(self, incident: _Incident, era: int, lost: Exchange) -> None:
        """Wait until the server is there, once for all calls of an incident. Raises Stop if it stays away."""
        if era < self._silences.era:
            return
        if not self.gone:
            begin = partial(self._begin_wait, incident, era, lost)
            received = transmit(Transmission(begin, writes=False, alone=True))
            if era < self._silences.era:
                return
            if isinstance(received.answer, Response):
                self._note_return(incident, received.seconds)
            else:
                self._sender.timing.left.check()
                self.gone = received.answer.detail
        if self.gone:
            if not incident.solved and (suspects := incident.suspects or _find_last(incident)):
                known = self._ends >= MOST_ENDS and self._deadly
                self._blame(incident, suspects, "suspect" if known else "gone", self.gone)
            raise Stop(self.gone)

    def _note_return(self, incident: _Incident, seconds: float) -> None:
        """Note that the server is back: what is known about its instances is doubtful now."""
        incident.back_s = seconds
        self._silences.era += 1
        self._silences.forget()
        self._ends += incident.ended
        self._executor.doubt_all()
        if self._ends >= MOST_ENDS:
            self.gone = f"the server ended {self._ends} times during this run, so nothing more is sent"

    def _begin_wait(self, incident: _Incident, era: int, lost: Exchange) -> Callable[[], Received]:
        """Return a function that waits for the server's return, in any thread."""
        if era < self._silences.era or self.gone:
            return lambda: Received(lost.request, Silence(REFUSED, self.gone), 0.0, self._clocks.now())
        left_s = self._sender.timing.left.find_seconds()
        process = find_process(self._sender.find_handler(lost.call))
        usual_s = CLEANING_S if self._sender.budget.cleaning else RETURN_S
        most_s = max(usual_s, STARTS * process.start_s) if process is not None else usual_s
        until = self._clocks.timer() + (most_s if left_s is None else min(most_s, left_s))
        asked = [0]

        def wait() -> Received:
            started = self._clocks.timer()
            answer: Response | Silence = Silence(REFUSED, _say_gone(lost, most_s))
            pause_s = POLL_S
            while True:
                if not self._sender.takes_connections(lost.call, lost.request):
                    incident.ended = True
                elif self._is_answered(asked):
                    answer = Response(200)
                    break
                else:  # it may be this read that ends the server
                    pause_s *= 2
                if self._clocks.timer() + pause_s > until:
                    break
                self._clocks.sleep(pause_s)
            seconds = self._clocks.timer() - started
            self._sender.budget.sent += asked[0]
            self._sender.budget.aside += asked[0]
            return Received(lost.request, answer, seconds, self._clocks.now())

        return wait

    def _is_answered(self, asked: list[int]) -> bool:
        """Return whether the server answers the last read that it answered; True if there was none."""
        if self._control is None:
            return True
        call, request = self._control
        asked[0] += 1
        answer = self._sender.find_handler(call)(request)
        return isinstance(answer, Response) and answer.status not in (502, 503, 504)

    # -- the second try of a lost call

    def _object_to_repeat(self, call: Call) -> str:
        """Return why a call that may have had its effect is not sent again; empty if it may be."""
        endpoint = call.endpoint
        if call.asks is not None:
            return "it would make another token"
        if call.burst or call.beside:
            return "it belongs to calls that are sent at the same time"
        if endpoint is None:
            return ""
        action = endpoint.action
        if action.costs:
            return "it costs money"
        if action.sends:
            return "it sends something to people"
        if action.only_reads and (call.raw.method or endpoint.method) in SAFE:
            return ""
        if call.surface == OPERATOR or str(action.name) in self._executor.gate.allowed:
            return "it writes by your word, and only once"
        model = self._executor.model
        made = list_made_by(model, action)
        if any(r.undone_by is None or not names_instance(r) for r in made):
            return "nothing removes what it makes"
        if made or action.only_reads or str(action.idempotency) in call.input:
            return ""
        if endpoint.method in ("PUT", "PATCH", "DELETE") or is_move(model, action):
            return ""
        return "nothing shows that a second call would have no second effect"


def _kind_of(call: Call) -> Kind:
    """Return the operation of a call, and the kind of its values."""
    if call.endpoint is None:
        return (call.raw.method, call.intent, call.why)
    intent = "valid" if call.intent in _RIGHT else call.intent
    return (call.endpoint.place, intent, call.field, call.raw.method, call.raw.slash)


def _name_operation(call: Call) -> str:
    return str(call.endpoint.action.name) if call.endpoint is not None else "a call"


def _has_reached(exchange: Exchange) -> bool:
    """True if a request may have reached the server."""
    return not (isinstance(exchange.answer, Silence) and exchange.answer.kind == REFUSED)


def _is_evidence(exchange: Exchange) -> bool:
    """True if a lost answer shows more than that the server closed an idle connection."""
    idle = isinstance(exchange.answer, Silence) and exchange.answer.stale and not exchange.answer.begun
    return _has_reached(exchange) and (exchange.server_ended or not idle)


def _describe(exchange: Exchange) -> str:
    return f"#{exchange.number} {exchange.request.method} {brief(exchange.request.target)}"


def _say_gone(lost: Exchange, waited_s: float) -> str:
    if lost.server_ended or not _has_reached(lost):
        return f"the server ended, and did not come back within {waited_s:g} s"
    return f"the server stopped answering, for {waited_s:g} s"


def _say_repeated(first: Exchange, again: Exchange, incident: _Incident) -> str:
    """Return what shows that a call ends the server."""
    back = f"; nothing listened for {incident.back_s:.1f} s then" if incident.ended else ""
    if isinstance(again.answer, Response):
        return f"{again.outcome}, and the server ended; so it did at the same call before (#{first.number})"
    return (
        f"no answer: the connection ended before it began, at #{first.number}, and again at "
        f"#{again.number}, when nothing else was on its way{back}"
    )


def _find_last(incident: _Incident) -> Sequence[Exchange]:
    """Return the last answered call of the API; the operator's own calls are not a promise of it."""
    own = (e for e in incident.last if e.call.endpoint is None or e.call.endpoint.surface != OPERATOR)
    return [*own][-1:]


def _say_suspects(suspects: Sequence[Exchange], incident: _Incident) -> str:
    """Return what happened, with the calls that may be the cause."""
    names = ", ".join(map(_describe, suspects[:NAMED]))
    more = f" and {len(suspects) - NAMED} more" if len(suspects) > NAMED else ""
    where = "on the way" if incident.suspects else "the last to be answered"
    verb = "was" if len(suspects) == 1 else "were"
    what = "the server ended" if incident.ended else "the connection ended before an answer began"
    return f"{what} when {names}{more} {verb} {where}"
