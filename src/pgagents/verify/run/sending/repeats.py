"""Decide whether a call is sent again, and after how many seconds."""

from __future__ import annotations

from pgagents.http import Request, Response, Silence, read_json
from pgagents.model.model import Model
from pgagents.verify.run.sending.request_budget import RequestBudget
from pgagents.verify.run.sending.silences import Silences
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange
from pgagents.verify.wire.pace import Pacer

MAX_REPEATS = 6
STARTING_S = 0.2
"""Seconds after which a call is repeated that a server refused before its first answer."""
YEAR_S = 365 * 24 * 3600.0
"""A longer wait is probably a point in time, written where the length of a wait belongs."""
SAFE = ("GET", "HEAD", "OPTIONS")


def may_write(call: Call, request: Request) -> bool:
    """True if a request may change something. Safe methods and calls of free reading actions cannot."""
    if call.endpoint is None or call.raw != Raw():
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

    def decide_repeat(self, call: Call, role: str, answer: Response | Silence, attempt: int) -> float | None:
        """Update the pacer by the answer's limit; return the seconds after which to repeat (None: the answer
        stands).
        """
        if isinstance(answer, Response) and not call.plain:
            bucket = call.endpoint.action.bucket if call.endpoint else None
            self.pacer.after(role, call.surface, bucket, answer)
        if attempt >= MAX_REPEATS or (not self._budget.cleaning and self._budget.is_spent):
            return None
        if isinstance(answer, Silence):
            return self._find_wait_after_silence(call, answer) if attempt == 0 else None
        limited = self._is_limited(answer)
        if not (limited or answer.status == UNAVAILABLE) or (call.burst and limited):
            return None
        wait = self.pacer.retry(answer, attempt)
        if wait is None and call.place not in self._too_long:
            self._too_long.add(call.place)
            self.notes.append(self._describe_long_wait(call.place, answer))
        return wait

    def _describe_long_wait(self, place: str, answer: Response) -> str:
        """Return a note on a wait that is longer than the caller allows, with its length."""
        asked = self.pacer.find_asked(answer)
        time = "; is it a time? Retry-After takes seconds or an HTTP date" if asked > YEAR_S else ""
        most = f"--max-wait allows {self.pacer.max_wait_s:g}"
        return f"{place} asked for a wait of {asked:,.0f} s, and {most}{time}"

    def _find_wait_after_silence(self, call: Call, answer: Silence) -> float | None:
        """Return the seconds after which to repeat a call that got no answer; None if it is not repeated."""
        if call.connection:
            return None  # a check may expect this TLS handshake to fail
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

    def find_delay(self, exchange: Exchange, attempt: int) -> float | None:
        """Return the seconds after which a rate-limited tool is to be called again; None if it is not."""
        if attempt >= MAX_REPEATS or self._budget.is_spent or not isinstance(exchange.told, Response):
            return None
        return self.pacer.retry(exchange.told, attempt) if exchange.busy else None
