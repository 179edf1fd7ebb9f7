"""The outcome of a call: the API's data, or a problem that a model and a person can act on.

A problem has the declared members of the API's envelope and nothing else of the answer: no trace, no header,
no key. For a 5xx even the message may reveal internals, so the catalogue's meaning of the code replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pgagents.base.http import Response, Silence, media_type_of, read_json
from pgagents.catalogue.decoding.medium import find, medium_of, text_of
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code, value_at
from pgagents.catalogue.model.model import Model
from pgagents.client.attempts import list_unasked

MAX_MESSAGE = 400
SHORTEST = 4
"""Shorter secrets are not masked in a message, because ordinary words would contain them."""
Secrets = tuple[str, ...]
_SILENCES = {
    "refused": ("unreachable", "the API cannot be reached"),
    "timeout": ("timeout", "the API did not answer in time"),
    "reset": ("connection_lost", "the API broke off the connection"),
    "tls": ("untrusted", "the API's certificate is not trusted"),
    "too-large": ("answer_too_large", "the API's answer is too large to take"),
    "protocol": ("unreadable_answer", "the API's answer is not HTTP that can be read"),
}
UNKNOWN_EFFECT = "It is not known whether the call took effect: look before calling again."


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a call returned no data.

    `status` is None if the API gave no answer or was not called. `sent` is False if it was not called.
    """

    code: str
    message: str
    status: int | None = None
    request_id: str | None = None
    field: str | None = None
    scope: str | None = None
    retry_after_s: float | None = None
    note: str | None = None
    sent: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the known members, as a model sees them."""
        known = {
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "request_id": self.request_id,
            "field": self.field,
            "scope": self.scope,
            "retry_after_s": self.retry_after_s,
            "note": self.note,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one call.

    `data` is the body of a success, None if there is no body. For a file it is the media type and the number
    of bytes.
    """

    action: str
    status: int | None
    data: Any
    problem: Problem | None = None
    request_id: str | None = None
    file: bytes | None = None
    """The bytes of a file."""
    next: Mapping[str, Any] | None = None
    """The argument that requests the next page; None on the last page."""

    @property
    def ok(self) -> bool:
        """Return whether the call succeeded."""
        return self.problem is None


def make_refusal(action: str, code: str, message: str, **more: Any) -> Answer:
    """Return our own answer to a call that was not sent."""
    return Answer(action, None, None, Problem(code, message, sent=False, **more))


def answer_of(
    model: Model,
    action: Action,
    came: Response | Silence,
    *,
    secrets: Secrets,
    uncertain: bool,
    retry_after_s: float | None,
) -> Answer:
    """Make the answer from a response.

    `uncertain` means that an earlier attempt may have had an effect. `retry_after_s` is the wait in seconds
    that the API requested.
    """
    if isinstance(came, Silence):
        sent = not action.only_reads and (uncertain or came.kind not in ("refused", "tls"))
        code, message = _SILENCES.get(came.kind, _SILENCES["protocol"])
        problem = Problem(code, message, note=UNKNOWN_EFFECT if sent else None)
        return Answer(action.name, None, None, problem)
    request_id = _plain(_header(model, came), secrets)
    if 200 <= came.status < 300 and not _is_error(model, came):
        return _success(action, came, request_id)
    found = _problem(model, action, came, request_id, secrets)
    made = Problem(
        found.code,
        found.message,
        found.status,
        found.request_id,
        found.field,
        found.scope,
        retry_after_s,
        _note_effect(model, action, came, uncertain=uncertain),
    )
    return Answer(action.name, came.status, None, made, made.request_id)


def _note_effect(model: Model, action: Action, came: Response, *, uncertain: bool) -> str | None:
    """Return a note that a refused call may have had an effect; None if it had none."""
    if uncertain and came.status in (404, 409):
        return (
            f"An earlier attempt of this call went unanswered, and this may be its effect. {UNKNOWN_EFFECT}"
        )
    unasked = list_unasked(model)
    broken = came.status >= 500 and not action.only_reads and came.status not in unasked
    return UNKNOWN_EFFECT if uncertain or broken else None


def _is_error(model: Model, came: Response) -> bool:
    """Return whether the body of a 2xx answer marks it as an error."""
    reader = model.error_reader
    return reader.sign is not None and reader.is_error(came.status, read_json(came.body).value)


def _success(action: Action, came: Response, request_id: str | None) -> Answer:
    output = next((o for o in action.outputs if o.status == came.status), action.success)
    if not came.body and (output.schema is None or came.status == 204):
        return Answer(action.name, came.status, None, None, request_id)
    told = came.header("Content-Type") or ""
    shown = medium_of(came, output).shown
    if output.media and find(told).shown == "text" and not text_of(came.body, told).problem:
        shown = "text"
    if shown == "size":
        facts = {"content_type": media_type_of(told) or output.content_type, "bytes": len(came.body)}
        return Answer(action.name, came.status, facts, None, request_id, came.body)
    read = text_of(came.body, told) if shown == "text" else read_json(came.body)
    if not read.problem:
        return Answer(action.name, came.status, read.value, None, request_id)
    note = "The call took effect." if action.effect == "write" else None
    message = "the API answered with a success whose body cannot be read"
    return Answer(
        action.name,
        came.status,
        None,
        Problem("unreadable_answer", message, came.status, request_id, note=note),
        request_id,
    )


def _problem(
    model: Model, action: Action, came: Response, request_id: str | None, secrets: Secrets
) -> Problem:
    body = read_json(came.body).value
    errors, read = model.errors, model.error_reader.read(came.status, body)
    known = read.code or _only(model, action, came.status)
    message_at = read.code.message_at if read.code else errors.message_at
    message = None if came.status >= 500 else _plain(value_at(body, message_at), secrets)
    if not message:
        message = str(known.meaning) if known and known.meaning else _phrase(came.status)
    return Problem(
        _plain(read.said, secrets) or (read.code.name if read.code else f"http_{came.status}"),
        message,
        came.status,
        _plain(value_at(body, errors.request_id_at), secrets) or request_id,
        _plain(value_at(body, errors.field_at), secrets),
        _plain(value_at(body, errors.scope_at), secrets),
    )


def _plain(value: Any, secrets: Secrets) -> str | None:
    """Return a text on one line, of limited length, without secrets; None for other values."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = " ".join("".join(c if c.isprintable() else " " for c in value[: 4 * MAX_MESSAGE]).split())
    for secret in (s for s in secrets if len(s) >= SHORTEST):
        text = text.replace(secret, "[key]")
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def _only(model: Model, action: Action, status: int) -> Code | None:
    """Return the only code that the action may answer with this status; None unless there is exactly one."""
    found = {c.name: c for c in (*action.errors, *model.always()) if c.status == status}
    return next(iter(found.values())) if len(found) == 1 else None


def _phrase(status: int) -> str:
    if 300 <= status < 400:
        return "the API sent the call elsewhere, and a key is not taken there"
    try:
        return f"the API answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"the API answered {status}"


def _header(model: Model, came: Response) -> str | None:
    """Return the answer's request id from its header; None without such a header."""
    name = next((h.name for h in model.headers if "request-id" in h.name.lower()), "X-Request-Id")
    return came.header(name)
