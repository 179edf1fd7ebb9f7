"""One exchange: the call, the request as sent, and the answer, parsed once for all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pgagents.decoding.medium import find, is_json, plainly, read_as
from pgagents.encoding.file import File
from pgagents.http import Json, Request, Response, Silence
from pgagents.model.action import Code, Output
from pgagents.model.answers.error_reader import NO_ERROR, ErrorReader
from pgagents.model.answers.limit_reader import LimitReader
from pgagents.verify.wire.call import Call

UNAVAILABLE = 503
REDIRECTED, REFUSED = 300, 400
INVENTED = "PGVERIFY"
"""A method that no API has. A real method that the document does not list may exist and delete something."""
UNKNOWN_METHOD = (REFUSED, 501)
"""HTTP libraries answer it themselves: Node's parser 400, others 501 (RFC 9110, 15.6.2)."""
_UNSOUND = frozenset(("no_crashes", "documented_status"))
JUDGED_AT_ONCE = _UNSOUND | {"response_schema"}
"""Checks whose verdict on an exchange is known as soon as it is answered."""


class Exchange:
    """A call with its request and answer.

    `input` has live ids and defaults filled in; `sent_at` is the caller's clock in epoch seconds. `void` is
    true if it proves nothing about the call (such as 429 or 503 to the end). `base` is another base URL than
    the target's, if one was used. `flush`, if set, lets those watchers judge it that have not yet.
    """

    __slots__ = (
        "_tainted",
        "answer",
        "base",
        "body",
        "call",
        "code",
        "codes",
        "error",
        "fits",
        "flush",
        "in_company",
        "input",
        "json",
        "known",
        "limited",
        "moot",
        "number",
        "order",
        "output",
        "overlapped",
        "place",
        "probe",
        "refused",
        "repeats",
        "request",
        "said",
        "seconds",
        "sent_at",
        "status",
        "subject",
        "told",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        call: Call,
        input: Mapping[str, Any],
        request: Request,
        answer: Response | Silence,
        *,
        seconds: float,
        sent_at: float,
        codes: Mapping[str, Code],
        errors: ErrorReader,
        limits: LimitReader,
        subject: Mapping[str, Any] | None = None,
        base: str = "",
    ) -> None:
        self.number, self.call, self.input, self.request, self.answer = number, call, input, request, answer
        self.seconds, self.sent_at, self.subject, self.codes, self.base = (
            seconds,
            sent_at,
            subject,
            codes,
            base,
        )
        self.place = call.place
        self._tainted: list[str] = []
        self.flush: Callable[[], None] | None = None
        self.probe = 0
        """The number of the probe that it belongs to."""
        self.order = 0
        """The place of its probe in the plan."""
        self.overlapped = False
        """True if another probe's request was on its way at the same time."""
        self.in_company = False
        """True if other probes ran beside its own."""
        self.fits = False
        """True if the body satisfies the schema of the action's answer."""
        self.repeats = 0
        """Number of times it was sent before, to a server that was busy."""
        self.known: Any = None
        """The instance as it was known before the call, which laws read as `before`."""
        self.moot = ""
        """Why the answer proves nothing: the call named an invented id, and the documented answer is that
        it does not exist.
        """
        self.error = isinstance(answer, Silence)
        self._read(answer)
        self._find_errors(errors, limits)

    def _read(self, answer: Response | Silence) -> None:
        """Set the API's own answer and its parsed body."""
        endpoint = self.call.endpoint
        told = answer
        if endpoint is not None and isinstance(answer, Response):
            told = endpoint.read(answer)
        self.told: Response | Silence = told
        self.status = 0 if isinstance(told, Silence) else told.status
        self.output: Output | None = self._output()
        on_rest = endpoint is not None and endpoint.on_rest
        self.json: Json = (
            Json(problem="the body is empty")
            if isinstance(told, Silence) or not (told.body or (on_rest and self._may_be_empty()))
            else read_as(told, self.output if on_rest else None)
        )
        self.body: Any = self.json.value

    def _find_errors(self, errors: ErrorReader, limits: LimitReader) -> None:
        """Set the error that the answer means, if it is one."""
        self.refused: bool = errors.is_error(self.status, self.body)
        """True if it is an error: by its status, or by the sign that `errors.when` names."""
        read = errors.read(self.status, self.body) if self.refused else NO_ERROR
        self.said: str | None = read.said
        """The error code in the body, as it stands there."""
        self.code: str | None = (
            read.code.name if read.code else None if read.said in self.codes else read.said
        )
        """The name of the catalogue's code; for any other code, the body's own text."""
        if self.refused:
            self.output = None
        self.limited: bool = limits.is_limited(self.status, self.header, read)
        """True if it refuses the call for a rate limit."""

    def _may_be_empty(self) -> bool:
        """True if the promised body is a text or a file, which may have no bytes."""
        output = self.output
        return output is not None and output.schema is not None and not is_json(output.content_type)

    @property
    def is_of_library(self) -> bool:
        """True if the server's HTTP library refused a method that it cannot parse, before the API saw it."""
        return self.request.method == INVENTED and self.status in UNKNOWN_METHOD and self.said is None

    @property
    def shown(self) -> Any:
        """Return the body as laws read it: a file as a data URL, so that they read its type too."""
        output, answer = self.output, self.told
        if output is None or output.schema is None or not isinstance(answer, Response):
            return self.body
        on_rest = self.call.endpoint is not None and self.call.endpoint.on_rest
        if not on_rest or find(output.content_type).name != "file":
            return self.body
        media = plainly(answer.header("Content-Type") or output.content_type)
        return File(media, answer.body).url

    @property
    def size_problem(self) -> str:
        """Return how the body is larger than the catalogue promises; empty if it is not."""
        most = self.output.max_bytes if self.output is not None else None
        on_rest = self.call.endpoint is not None and self.call.endpoint.on_rest
        size = len(self.told.body) if on_rest and isinstance(self.told, Response) else 0
        return f"{size:,} bytes" if most is not None and size > most else ""

    @property
    def time_problem(self) -> str:
        """Describe how long a stream took to end, if it was longer than the catalogue promises; else
        empty.
        """
        most = self.output.ends_within_s if self.output is not None else None
        on_rest = self.call.endpoint is not None and self.call.endpoint.on_rest
        return f"{self.seconds:.1f} s" if on_rest and most is not None and self.seconds > most else ""

    def _output(self) -> Output | None:
        endpoint = self.call.endpoint
        if endpoint is None or not 200 <= self.status < 300:
            return None
        if not endpoint.on_rest:
            return endpoint.action.success if self.status == 200 else None
        return next((o for o in endpoint.action.outputs if o.status == self.status), None)

    @property
    def tainted(self) -> list[str]:
        """The checks that found an error in it, in the order they ran."""
        if self.flush is not None:
            self.flush()
        return self._tainted

    def is_tainted_by(self, check: str) -> bool:
        """True if this check found an error in the exchange."""
        return check in (self._tainted if check in JUDGED_AT_ONCE else self.tainted)

    @property
    def unsound(self) -> bool:
        """True if the API does not document such an answer, so that no other check can judge it."""
        return not _UNSOUND.isdisjoint(self._tainted)

    @property
    def response(self) -> Response | None:
        """The answer, or None if no complete one came."""
        return None if isinstance(self.answer, Silence) else self.answer

    @property
    def success(self) -> bool:
        """True if the status is 2xx, and the body is no error."""
        return 200 <= self.status < 300 and not self.refused

    @property
    def sent_on(self) -> bool:
        """True if it is a redirect that the action documents."""
        endpoint = self.call.endpoint
        if endpoint is None or not endpoint.on_rest or not REDIRECTED <= self.status < REFUSED:
            return False
        return any(output.status == self.status for output in endpoint.action.outputs)

    @property
    def void(self) -> bool:
        """True if it proves nothing about the call: no answer, a limit, a 503, or an invented id."""
        return self.error or self.limited or self.status == UNAVAILABLE or bool(self.moot)

    @property
    def outcome(self) -> str:
        """Describe the answer in a few words: status and code; without an answer, the reason."""
        if isinstance(self.answer, Silence):
            return f"no answer ({self.answer.kind}{': ' + self.answer.detail if self.answer.detail else ''})"
        return f"{self.status}{' ' + self.said if self.said else ''}"

    def header(self, name: str) -> str | None:
        """Return a header of the answer, or None."""
        return None if isinstance(self.answer, Silence) else self.answer.header(name)


def got(value: Any, path: str | Iterable[str]) -> Any:
    """Return the member at a dotted path, or at the names of one, or None. Never raises."""
    for step in path.split(".") if isinstance(path, str) else path:
        if isinstance(value, dict | Mapping):  # an abstract class takes long to ask
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
