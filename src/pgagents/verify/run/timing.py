"""Time and number of requests: clocks, waits, the time that is left, the budget, and when a call is
repeated.

`decide_repeat` says whether a limited call is sent again. The seconds of the wait come from
`verify/wire/pace.py`, and those of a header from `catalogue/model/answers.py`. For agents,
`client/attempts.py` decides it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.catalogue.model.model import Model
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.run.transmission import Stop
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange
from pgagents.verify.wire.lease import CUT, UNSENT, find_lease
from pgagents.verify.wire.pace import Pacer


class Timing:
    """Waits within the time that is left, and measures what requests take."""

    def __init__(self, clocks: Clocks, left: TimeLeft) -> None:
        self.clocks, self.left = clocks, left
        self.seconds_sending = self.waited = 0.0
        self.most_together = 1
        """The most requests that were on their way at the same time. If several, their times must not be
        added up.
        """
        self.on_wait: Callable[[float], None] | None = None

    @property
    def overlaps(self) -> bool:
        """True if several requests may be on their way."""
        return self.most_together > 1

    def wait_until(self, due: float) -> None:
        """Wait until the timer has this value, as a limit of the server demands. Raises Stop."""
        self.wait(due - self.clocks.timer())

    def wait(self, seconds: float, *, quiet: bool = False) -> None:
        """Wait, and report the wait. Raises Stop if the run's time ends before that."""
        if seconds <= 0:
            return
        self.left.check(seconds)
        if self.on_wait and not quiet:
            self.on_wait(seconds)
        self.waited += seconds
        self.clocks.sleep(seconds)

    def spend(self, seconds: float) -> None:
        """Note the seconds that a request took."""
        self.seconds_sending += 0.0 if self.overlaps else seconds


# -- the clocks of a run, and the time on its server


@dataclass(slots=True)
class Clocks:
    """The caller's clocks: `clock` gives seconds since 1970, `timer` seconds for measuring; `sleep` waits."""

    clock: Callable[[], float]
    timer: Callable[[], float]
    sleep: Callable[[float], None]
    moved_s: float = 0.0
    """The time, in seconds, by which the operator's clock was moved."""

    def now(self) -> float:
        """Return the server's time: the caller's clock, shifted as the operator's clock was."""
        return self.clock() + self.moved_s


# -- the time that a run may still take


OUT_OF_TIME = "the time that --max-time allows is over"
UNDO_S, SHORTEST_S, CUT_SLACK_S = 5.0, 0.05, 0.1
"""Three times in seconds: for a request that undoes something at the run's end, for any request at the least,
and between two clocks.
"""


class Unanswered(Unavailable):
    """Raised for a request whose answer the run could not wait for, so that it may have had its effect."""


class TimeLeft:
    """Knows when a run must end. `until` is that time as a value of the timer, in seconds; None is without
    end.
    """

    def __init__(self, timer: Callable[[], float], until: float | None, budget: RequestBudget) -> None:
        self._timer, self._until, self._budget = timer, until, budget
        self.cut = ""
        """A note about the request that the end of the run interrupted; empty if it interrupted none."""
        self.lease_ended = ""
        """Why the lease lets nothing more be sent; empty while it lasts."""
        self._ends_at: float | None = None
        """The timer's value at which even clean-up ends; None unless the run was interrupted."""

    def hurry(self, seconds: float) -> None:
        """Leave so many seconds for everything that is still sent."""
        self._ends_at = self._timer() + seconds

    def check(self, seconds: float = 0.0) -> None:
        """Raise Stop if the run must end within so many seconds. While cleaning, only `hurry` ends it, or the
        end of the lease.
        """
        if (lease := find_lease()) is not None and (problem := lease.problem):
            self._end(problem)
        if self._ends_at is not None and self._timer() + seconds > self._ends_at:
            raise Stop("the time for undoing what was made is over")
        if not self._budget.cleaning and self._is_over(seconds):
            raise Stop(OUT_OF_TIME)

    @property
    def is_over(self) -> bool:
        """True if the run must end now. Clean-up may go on."""
        return self._is_over(0.0)

    def _is_over(self, seconds: float) -> bool:
        return self._until is not None and self._timer() + seconds >= self._until

    def _end(self, problem: str) -> NoReturn:
        """Raise Stop, as the lease has ended."""
        self.lease_ended = self.lease_ended or problem
        raise Stop(problem)

    def find_seconds(self) -> float | None:
        """Return the seconds that the next request may take, so that it ends when the run must; None if
        nothing limits it. A request that undoes something may take UNDO_S even if less time is left.
        """
        left: float | None = None
        if self._ends_at is not None:
            left = min(UNDO_S, self._ends_at - self._timer())
        elif self._until is not None:
            left = max(self._until - self._timer(), UNDO_S if self._budget.cleaning else 0.0)
        return None if left is None else max(SHORTEST_S, left)

    def check_answer(self, answer: Response | Silence) -> None:
        """Raise Stop or Unavailable for a request that the end of the run, or of the lease, interrupted: its
        silence proves nothing.
        """
        if not isinstance(answer, Silence):
            return
        if answer.kind == UNSENT:
            self._end(answer.detail)
        if answer.kind == CUT:
            self.check()
            raise Unanswered(answer.detail)
        if answer.kind != "timeout":
            return
        ends_at = self._ends_at if self._ends_at is not None else self._until
        if ends_at is not None and self._timer() + CUT_SLACK_S > ends_at:
            came = (
                "status and headers had come, and the body had not ended"
                if answer.begun
                else "nothing had come"
            )
            self.cut = f"the last request was cut off: {came}"
            raise Stop(OUT_OF_TIME)
        if self._ends_at is not None:
            raise Unanswered(f"no answer within {UNDO_S:g} s, and no time is left to wait for it")


# -- the budget of requests


TOO_FEW_LEFT = "too few requests are left for this probe: give a larger --max-requests"
"""The reason why a probe's contracts are untested. A cheaper probe after it may still run."""


@dataclass(slots=True)
class RequestBudget:
    """The requests that a run may send, and those that it has sent.

    `most` is the number that may count. `apart` is the number of requests for removing and repeating that do
    not count.
    """

    most: int
    apart: int = 0
    sent: int = 0
    waiting: int = 0
    """The number of requests that wait until others are answered."""
    unanswered: int = 0
    """The number of requests on their way beside others that may make something, which is removed later."""
    aside: int = 0
    """The number of requests that removed something or repeated an earlier request. Some of them do not
    count.
    """
    cleaning: bool = False
    """True while the run only removes its own instances. The budget does not count these requests."""

    def count(self, owed: int = 0) -> int:
        """Return how many requests count against the budget, with `owed` further ones for undoing.

        Up to `apart` requests that undo or repeat are not counted.
        """
        owed += self.unanswered
        return self.sent + self.waiting + owed - min(self.aside + owed, self.apart)

    @property
    def is_spent(self) -> bool:
        """True if no request is left."""
        return self.count() >= self.most

    def note_repeat(self) -> None:
        """Note that the next request repeats an earlier one. Clean-up's requests are noted as such."""
        self.aside += not self.cleaning


# -- repeated calls, and the wait before each


MAX_REPEATS = 6
MOST_WAITS, WAITS_OF_AN_ANSWER = 4, 0.5
"""A run waits for limited calls so many times `--max-wait`, and so many for each answer without a limit."""
STARTING_S = 0.2
"""Seconds after which a call is repeated that a server refused before its first answer."""
YEAR_S = 365 * 24 * 3600.0
"""A longer wait is probably a point in time, written where the length of a wait belongs."""
SAFE = ("GET", "HEAD", "OPTIONS")
REFUSED_FROM = 400


def may_write(call: Call, request: Request) -> bool:
    """True if a request may change something. Safe methods and calls of free reading actions cannot."""
    if call.endpoint is None or not call.raw.is_empty:
        return request.method not in SAFE
    return not call.endpoint.action.only_reads


def is_repeatable(call: Call) -> bool:
    """True if a call that may have arrived can be sent again.

    It is a free read, or a write whose idempotency key prevents a second effect.
    """
    if call.endpoint is None:
        return (call.raw.method or "GET") in SAFE
    action, method = call.endpoint.action, call.raw.method or call.endpoint.method
    reads = method in SAFE and (action.only_reads or method != call.endpoint.method)
    return reads or str(action.idempotency) in call.input


def is_harmless_to_repeat(call: Call, answer: Silence) -> bool:
    """True if the server cannot have acted on a call, or if a second effect changes nothing."""
    reads = call.endpoint is None or call.endpoint.action.only_reads
    return not answer.begun and (answer.kind == "refused" or (answer.kind == "reset" and reads))


class Repeats:
    """Decides by its answer whether a call is repeated. `notes` are for the report."""

    def __init__(self, model: Model, pacer: Pacer, budget: RequestBudget, silences: Silences) -> None:
        self._model, self.pacer, self._budget, self._silences = model, pacer, budget, silences
        self.notes: list[str] = []
        self._too_long: set[str] = set()
        """The places of calls that asked for a longer wait than the caller allows."""
        self._answering: set[str] = set()
        """Methods and paths that did something: a refusal of an argument may come before a 503 for good."""
        self._in_vain: set[str] = set()
        """Those of them that answered a 503 until the last repeat."""
        self._switched_off: set[str] = set()
        """Those that answered nothing but a 503 or a limit.

        Without Retry-After a second 503 is enough; else the last repeat decides.
        """
        self._waited_s, self._answers = 0.0, 0
        """The waits so far, and the number of answers that were not limited."""
        self._undocumented: set[str] = set()
        """The places that were limited with a status that their action does not document."""

    def decide_repeat(self, call: Call, role: str, answer: Response | Silence, attempt: int) -> float | None:
        """Update the pacer by the answer's limit; return the seconds after which to repeat (None: the answer
        stands).
        """
        if isinstance(answer, Response) and not call.plain:
            bucket = call.endpoint.action.bucket if call.endpoint else None
            self.pacer.after(role, call.surface, bucket, answer)
        if isinstance(answer, Silence):
            last = attempt or (not self._budget.cleaning and self._budget.is_spent)
            return None if last else self._find_wait_after_silence(call, answer)
        return self._find_wait(call, answer, attempt, limited=self._is_limited(answer))

    def find_delay(self, exchange: Exchange, attempt: int) -> float | None:
        """Return the seconds after which a tool that was put off is called again; None if it is not."""
        if not isinstance(exchange.told, Response):
            return None
        return self._find_wait(exchange.call, exchange.told, attempt, limited=exchange.limited)

    def _find_wait(self, call: Call, answer: Response, attempt: int, *, limited: bool) -> float | None:
        """Return the seconds after which a call that was limited or answered 503 is repeated, if it is."""
        if self._is_in_vain(call, answer, attempt, limited=limited):
            return None
        if attempt >= MAX_REPEATS or (not self._budget.cleaning and self._budget.is_spent):
            return None
        if not (limited or answer.status == UNAVAILABLE) or (call.burst and limited):
            return None
        wait = self.pacer.retry(answer, attempt)
        most_s = self.pacer.max_wait_s * (MOST_WAITS + WAITS_OF_AN_ANSWER * self._answers)
        if wait is not None and self._waited_s + wait > most_s:
            note = "the run waited for limited calls as long as it may; --max-wait lets it wait longer"
            self.notes += [] if note in self.notes else [note]
            return None
        self._waited_s += wait or 0.0
        if wait is not None and limited:
            self._note_undocumented(call, answer)
        if wait is None and call.place not in self._too_long:
            self._too_long.add(call.place)
            self.notes.append(f"{call.place} {self.describe_long_wait(answer)}")
        return wait

    def _is_in_vain(self, call: Call, answer: Response, attempt: int, *, limited: bool) -> bool:
        """Note an answer; return True if no wait brings another: its operation is switched off, or refuses by
        503.
        """
        operation = _name_operation(call)
        if answer.status != UNAVAILABLE and not limited:
            self._answers += 1
            if answer.status < REFUSED_FROM:
                self._answering.add(operation)
                self._switched_off.discard(operation)
            return False
        waits = limited or answer.header("Retry-After") is not None
        if operation in self._answering or call.burst:
            # one that answers other calls may mean a refusal by 503: only the first is awaited to the end
            if attempt >= MAX_REPEATS and not waits:
                self._in_vain.add(operation)
            return attempt > 0 and not waits and operation in self._in_vain
        if attempt >= (MAX_REPEATS if waits else 1) and operation not in self._switched_off:
            self._switched_off.add(operation)
            said = f"{operation} answers {answer.status} whenever it is called"
            self.notes.append(f"{said}: is it switched off?" if not waits else f"{said}, and is not awaited")
        return operation in self._switched_off

    def _note_undocumented(self, call: Call, answer: Response) -> None:
        """Note once that an action is limited with a status that it does not document.

        The call is sent again, so no check sees this answer.
        """
        endpoint = call.endpoint
        if endpoint is None or not endpoint.on_rest or endpoint.place in self._undocumented:
            return
        codes = (*endpoint.action.errors, *self._model.always())
        classes = {int(name[0]) for name in endpoint.action.other_statuses}
        if answer.status // 100 not in classes and all(code.status != answer.status for code in codes):
            self._undocumented.add(endpoint.place)
            said = f"{endpoint.action.name} answered {answer.status}, which is not documented"
            self.notes.append(f"{said}, and was called again")

    def describe_long_wait(self, answer: Response | Silence) -> str:
        """Return how much longer a wait is asked for than the caller allows; empty if it is not longer."""
        if isinstance(answer, Silence):
            return ""
        asked = self.pacer.find_asked(answer)
        if asked <= self.pacer.max_wait_s:
            return ""
        time = "; is it a time? Retry-After takes seconds or an HTTP date" if asked > YEAR_S else ""
        most = f"--max-wait allows {self.pacer.max_wait_s:g}"
        return f"asked for a wait of {asked:,.0f} s, and {most}{time}"

    def _find_wait_after_silence(self, call: Call, answer: Silence) -> float | None:
        """Return the seconds after which to repeat a call that got no answer; None if it is not repeated."""
        if answer.stale:
            return 0.0 if is_repeatable(call) else None
        # a server that starts refuses at first; one that has answered refuses for a reason
        early = not self._silences.answered
        return STARTING_S if early and is_harmless_to_repeat(call, answer) else None

    def _is_limited(self, answer: Response) -> bool:
        """True if an answer says that a rate limit was met."""
        reader = self._model.limit_reader
        if answer.status not in reader.statuses:
            return False
        error = self._model.error_reader.read(answer.status, read_json(answer.body).value)
        return reader.is_limited(answer.status, answer.header, error)


def _name_operation(call: Call) -> str:
    """Return a tool's name, else method and path, by which calls of no action count with the action's."""
    endpoint = call.endpoint
    if call.surface == MCP:
        return call.place
    path = endpoint.path if endpoint is not None else (call.raw.target or call.place).partition("?")[0]
    method = call.raw.method or (endpoint.method if endpoint is not None else "GET")
    return f"{method} {path}"  # an unknown method is answered by a library


# -- a store that is eventually consistent


class Lag:
    """Lets a read wait until it must show what was written before, as `behaviour.reads_lag_s` says."""

    def __init__(self, model: Model, timer: Callable[[], float]) -> None:
        self._seconds, self._timer, self._over_at = model.behaviour.reads_lag_s, timer, 0.0

    def note_answer(self, call: Call, request: Request) -> None:
        """Note that a call was answered, which may have written something."""
        if self._seconds and may_write(call, request):
            self._over_at = self._timer() + self._seconds

    def find_due(self, call: Call, request: Request) -> float:
        """Return the timer's value at which a call may be sent. What no action answers does not lag."""
        shows = call.intent not in ("framework", "document") and not may_write(call, request)
        return self._over_at if shows else 0.0


# -- a server that is gone


REFUSED, RESET = "refused", "reset"
MAX_SILENCES = 4
MAX_BROKEN_OFF = 12


class Silences:
    """Counts the answers of a server, and its silences and broken-off answers since the last whole one."""

    def __init__(self) -> None:
        self.answered = 0
        self.era = 0
        """The number of the server's returns so far."""
        self._silent = self._broken_off = 0

    def forget(self) -> None:
        """Begin to count silences anew."""
        self._silent = self._broken_off = 0

    def is_lost(self, answer: Response | Silence) -> bool:
        """True if a server that has answered before refused a connection, or ended it before the answer did.

        Such a call is examined (`lost_answers`).
        """
        return self.answered > 0 and isinstance(answer, Silence) and answer.kind in (REFUSED, RESET)

    def count(self, answer: Response | Silence) -> None:
        """Count an answer or a silence. Raises Stop if the server is gone."""
        if isinstance(answer, Response):
            self.forget()
            self.answered += 1
        elif answer.begun:
            self._silent, self._broken_off = 0, self._broken_off + 1
            self.answered += 1
            if self._broken_off > (MAX_SILENCES if answer.kind == "timeout" else MAX_BROKEN_OFF):
                raise Stop(
                    f"the server broke off its last {self._broken_off} answers ({answer.kind}: "
                    f"{answer.detail})"
                )
        else:
            self._silent += 1
            if self._silent >= MAX_SILENCES or (self._silent >= 2 and not self.answered):
                said = "never answered" if not self.answered else "stopped answering"
                raise Stop(
                    f"the server {said} ({answer.kind}{': ' + answer.detail if answer.detail else ''})"
                )
