"""One exchange: the call, its request, and the answer, which is parsed once for all checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.base.http import Json, Request, Response, Silence, media_type_of
from pgagents.catalogue.decoding.medium import is_json, kind_of, medium_of, read_as
from pgagents.catalogue.encoding.medium import File
from pgagents.catalogue.model.answers import NO_ERROR, Code, ErrorReader, LimitReader, Output
from pgagents.verify.wire.call import Call

CONFLICT, CONDITION, UNAVAILABLE = 409, 428, 503
BEHIND = (502, 504, *range(520, 528), 530)
"""Statuses of a gateway that cannot reach its server; those above 504 are Cloudflare's."""
REDIRECTED, REFUSED = 300, 400
INVENTED = "PGVERIFY"
"""A method that no API has. A real method that the document does not list may exist, and could delete
something.
"""
UNKNOWN_METHOD = (REFUSED, 501)
"""Statuses of HTTP libraries that refuse an unknown method themselves.

Node's parser sends 400, others 501 (RFC 9110, 15.6.2).
"""
_UNSOUND = frozenset(("no_crashes", "documented_status"))
"""Checks whose verdict on an exchange is given as soon as it is answered."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The meaning of a lost answer, whose connection ended before it began.

    | `verdict` | the request |
    |---|---|
    | `repeated` | was sent once more, alone, and its answer was lost again |
    | `gone` | was the last one, or one of the last, before the server was gone for good |
    | `suspect` | is one of those that may have been the cause |
    | `open` | proves nothing, at least not yet |

    `says` tells it in a sentence. `before` are the exchanges that a finding shows before this one. `alone`
    says what came of sending the request once more, alone.
    """

    verdict: Literal["repeated", "gone", "suspect", "open"]
    says: str
    before: tuple[Exchange, ...] = ()
    alone: str = ""


class Exchange:
    """A call with its request and answer.

    `input` has live ids and defaults filled in; `sent` has what was sent of it. `sent_at` is the caller's
    clock in epoch seconds. `base` is the base URL, if it is not the target's.
    """

    __slots__ = (
        "answer",
        "base",
        "body",
        "call",
        "code",
        "codes",
        "disguised",
        "doubt",
        "error",
        "fits",
        "found",
        "in_company",
        "input",
        "intention",
        "json",
        "known",
        "limited",
        "located",
        "loss",
        "lost",
        "moot",
        "number",
        "order",
        "outdated",
        "output",
        "overlapped",
        "place",
        "printed",
        "probe",
        "put_off",
        "referred",
        "refused",
        "repeats",
        "reported",
        "request",
        "said",
        "seconds",
        "sent",
        "sent_at",
        "server_ended",
        "status",
        "subject",
        "tainted",
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
        self.sent = input
        self.seconds, self.sent_at, self.subject, self.codes, self.base = (
            seconds,
            sent_at,
            subject,
            codes,
            base,
        )
        self.place = call.place
        self.tainted: list[str] = []
        """The checks that found an error in it, in the order in which they ran."""
        self.reported: list[str] = []
        """Those of them whose findings the run reports; `--only` may leave the others out."""
        self.probe = 0
        """The number of its probe."""
        self.order = 0
        """The position of its probe in the plan."""
        self.overlapped = False
        """True if a request of another probe was in progress at the same time."""
        self.in_company = False
        """True if other probes ran beside its own probe."""
        self.fits = False
        """True if the body is valid under the schema of the action's answer."""
        self.found: frozenset[str] = frozenset()
        """The resources of which it names an instance that was there before this run."""
        self.located = ""
        """The step of its Location below its own path, if the answer has no body; empty without one."""
        self.loss: Loss | None = None
        """The meaning of its lost answer; None if the answer was not lost."""
        self.intention = 0
        """The number of its line in the journal; 0 if it has none."""
        self.lost = False
        """True if the server's end may be the reason why no answer, or no whole one, came."""
        self.server_ended = False
        """True if its answer was lost, and nothing took a connection right after it."""
        self.repeats = 0
        """The number of times it was sent before, because the server was busy."""
        self.put_off = ""
        """Why the call was not sent again although the server put it off: the wait that it asked for.

        It is empty if the server did not put it off, or named no wait that is too long.
        """
        self.known: Any = None
        """The instance as it was known before the call; laws read it as `before`."""
        self.outdated = False
        """True if a write since then may have changed what is known of it."""
        self.referred: Mapping[str, Any] = {}
        """The instances that arguments name, as they were known before the call; laws read them as `ref`."""
        self.printed = ""
        """The text that the server's process printed meanwhile, if the run started it.

        It is empty unless the server failed.
        """
        self.moot = ""
        """The reason why the answer proves nothing.

        The call named an invented id, and the documented answer is that the id does not exist.
        """
        self.doubt = ""
        """Why the document's own schema does not say that the call was right, or wrong, as it was meant."""
        self.disguised: Code | None = None
        """The documented error whose body came with the status of a success."""
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
        """Set the error in the answer, if it is one."""
        self.refused: bool = errors.is_error(self.status, self.body)
        """True if it is an error: by its status, or by the sign in `errors.when`."""
        own = self.call.endpoint.action.errors if self.call.endpoint is not None else ()
        read = errors.read(self.status, self.body, own) if self.refused else NO_ERROR
        self.said: str | None = read.said
        """The error code as it stands in the body."""
        self.code: str | None = (
            read.code.name if read.code else None if read.said in self.codes else read.said
        )
        """The name of the catalogue's code. If the catalogue lacks the code, the text in the body."""
        if self.refused:
            self.output = None
        self.limited: bool = limits.is_limited(self.status, self.header, read)
        """True if the call was refused because of a rate limit."""

    def _may_be_empty(self) -> bool:
        """True if the documented body is a text or a file, which may have no bytes."""
        output, told = self.output, self.told
        if output is None or output.schema is None:
            return False
        if output.any_type and isinstance(told, Response):
            return medium_of(told, output).name != "json"
        return not is_json(output.content_type)

    @property
    def answered_at(self) -> float:
        """When the answer had come, by the caller's clock in epoch seconds."""
        return self.sent_at + self.seconds

    @property
    def is_of_library(self) -> bool:
        """True if the server's HTTP library refused a method that it cannot parse, so that the API never saw
        the call.
        """
        return self.request.method == INVENTED and self.status in UNKNOWN_METHOD and self.said is None

    @property
    def shown(self) -> Any:
        """Return the body as laws read it. A file is a data URL, so that laws can read its type."""
        output, answer = self.output, self.told
        if output is None or output.schema is None or not isinstance(answer, Response):
            return self.body
        on_rest = self.call.endpoint is not None and self.call.endpoint.on_rest
        if not on_rest or kind_of(output).name != "file":
            return self.body
        media = media_type_of(answer.header("Content-Type") or output.content_type)
        return File(media, answer.body).url

    @property
    def size_problem(self) -> str:
        """Return how the body exceeds the size that the catalogue promises; empty if it does not."""
        most = self.output.max_bytes if self.output is not None else None
        on_rest = self.call.endpoint is not None and self.call.endpoint.on_rest
        size = len(self.told.body) if on_rest and isinstance(self.told, Response) else 0
        return f"{size:,} bytes" if most is not None and size > most else ""

    @property
    def time_problem(self) -> str:
        """Return how a stream exceeded the time that the catalogue promises; empty if it did not."""
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

    def is_tainted_by(self, check: str) -> bool:
        """True if this check found an error in the exchange."""
        return check in self.tainted

    @property
    def unsound(self) -> bool:
        """True if the API documents no such answer. Then no other check can judge it."""
        return not _UNSOUND.isdisjoint(self.tainted)

    @property
    def response(self) -> Response | None:
        """The answer, or None if no complete one came."""
        return None if isinstance(self.answer, Silence) else self.answer

    @property
    def success(self) -> bool:
        """True if the status is 2xx and the body is not an error."""
        return 200 <= self.status < 300 and not self.refused and self.disguised is None

    @property
    def sent_on(self) -> bool:
        """True if it is a redirect that the action documents."""
        endpoint = self.call.endpoint
        if endpoint is None or not endpoint.on_rest or not REDIRECTED <= self.status < REFUSED:
            return False
        return any(output.status == self.status for output in endpoint.action.outputs)

    @property
    def void(self) -> bool:
        """True if it proves nothing about the call: no answer, a rate limit, a 503, or an invented id."""
        return self.error or self.busy or bool(self.moot)

    @property
    def busy(self) -> bool:
        """True if the server put the call off: a rate limit, or a 503."""
        return self.limited or self.status == UNAVAILABLE

    @property
    def unjudged(self) -> str:
        """Why the answer shows nothing of the call: it was put off, or there is none; empty if one came.

        An answer that a check provoked, such as that of a burst, has no such reason.
        """
        call, endpoint = self.call, self.call.endpoint
        if not (self.busy or self.error) or call.burst or call.plain:
            return ""
        name = endpoint.action.name if endpoint is not None else "a call of no action"
        if self.error:
            return f"{name} got {self.outcome}"
        needs = ": start or switch on what it needs" if self.status == UNAVAILABLE else ""
        return f"{name} answered {self.outcome}{f' and {self.put_off}' if self.put_off else needs}"

    @property
    def cached(self) -> bool:
        """True if a cache stored the answer, so that it has the headers of an earlier one (RFC 9111, 5.1)."""
        return self.header("Age") is not None

    @property
    def is_conflict(self) -> bool:
        """True if it was refused because of the state of something: by a documented 409.

        Several codes of that status may have no value in the body that tells them apart.
        """
        declared, endpoint = self.codes.get(self.code or ""), self.call.endpoint
        if declared is not None or self.code or endpoint is None:
            return declared is not None and declared.status == self.status == CONFLICT
        own = (code.status for code in endpoint.action.errors if code.code_at is None)
        return self.status == CONFLICT and CONFLICT in own

    @property
    def outcome(self) -> str:
        """Describe the answer in a few words: its status and code, or the reason why there is none."""
        if isinstance(self.answer, Silence):
            whole = "complete " if self.answer.begun or self.answer.kind == "too-large" else ""
            detail = f": {self.answer.detail}" if self.answer.detail else ""
            return f"no {whole}answer ({self.answer.kind}{detail})"
        return f"{self.status}{' ' + self.said if self.said else ''}"

    def header(self, name: str) -> str | None:
        """Return a header of the answer, or None."""
        return None if isinstance(self.answer, Silence) else self.answer.header(name)

    @property
    def media_type(self) -> str:
        """The media type of the answer, in lower case and without parameters; empty if there is none."""
        return "" if isinstance(self.answer, Silence) else self.answer.media_type


def got(value: Any, path: str | Iterable[str]) -> Any:
    """Return the member at a path (names, or one text with dots), or None. Never raises."""
    for step in path.split(".") if isinstance(path, str) else path:
        if isinstance(value, dict | Mapping):  # an abstract class takes long to ask
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def put(value: Any, path: Sequence[str], member: Any) -> Any:
    """Return the value with another member at a path of names; missing objects on the way are added."""
    if not path:
        return member
    members = dict(value) if isinstance(value, Mapping) else {}
    return {**members, path[0]: put(members.get(path[0]), path[1:], member)}
