"""Faults of answers that are not JSON: CSV, texts, files, and the Accept header."""

from __future__ import annotations

from dataclasses import replace

from pgagents.base.http import EVENT_STREAM, Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import successful

_TEXTS = ("text/", "application/xml")


def _media(answer: Response) -> str:
    """Return the media type of a successful answer; empty for any other, and for JSON."""
    media = answer.media_type
    return media if successful(answer) and not media.endswith("json") else ""


_REFUSED = {
    "content_type": "the refusal is a text",
    "error_envelope": "the refusal is a text",
    "valid_calls": "a valid call is refused",
}


@fault("documented_status", also=_REFUSED, needs=("accept-header",)).handle_requests
def accept_of_json_alone(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A call that accepts another type first is refused with 406, as by a framework that only knows JSON."""
    first = (request.header("Accept") or "*/*").partition(",")[0].partition(";")[0].strip()
    if first in ("*/*", "application/*", "application/json"):
        return handler(request)
    return Response(406, (("Content-Type", "text/plain"),), b"Not acceptable")


@fault("response_schema", also={"law": "a law reads the rows"}, needs=("answer-csv",)).edit_answers
def csv_header_lost(_context: Context, _request: Request, answer: Response) -> Response:
    """CSV comes without its header row."""
    return replace(answer, body=answer.body.partition(b"\n")[2]) if _media(answer) == "text/csv" else answer


@fault("response_schema", also={"law": "a law reads the rows"}, needs=("answer-csv",)).edit_answers
def csv_by_semicolons(_context: Context, _request: Request, answer: Response) -> Response:
    """Cells of CSV are separated by semicolons, as a spreadsheet in some countries writes them."""
    return replace(answer, body=answer.body.replace(b",", b";")) if _media(answer) == "text/csv" else answer


@fault("response_schema", needs=("answer-csv",)).edit_answers
def csv_cut_off(_context: Context, _request: Request, answer: Response) -> Response:
    """CSV ends in the middle of its last row."""
    return (
        replace(answer, body=answer.body.rstrip().rpartition(b",")[0])
        if _media(answer) == "text/csv"
        else answer
    )


@fault("response_schema", needs=("answer-text",)).edit_answers
def text_charset_lies(_context: Context, _request: Request, answer: Response) -> Response:
    """Texts are in Latin-1, and say that they are UTF-8."""
    media = _media(answer)
    if not media.startswith(_TEXTS):
        return answer
    body = answer.body.decode("utf-8", "replace").encode("latin-1", "replace")
    return replace(answer, body=body).with_header("Content-Type", f"{media}; charset=utf-8")


@fault("content_type", needs=("answer-text",)).edit_answers
def text_as_bytes(_context: Context, _request: Request, answer: Response) -> Response:
    """Texts are served as `application/octet-stream`."""
    is_text = _media(answer).startswith(_TEXTS)
    return answer.with_header("Content-Type", "application/octet-stream") if is_text else answer


def _is_file(answer: Response) -> bool:
    media = _media(answer)
    return bool(media) and not media.startswith(_TEXTS)


def _several(context: Context, request: Request, answer: Response) -> tuple[str, ...]:
    """Return the types that an answer with a file may have; empty if it has no choice."""
    action = context.reader.action(request) if successful(answer) else None
    return action.success.media if action is not None else ()


@fault("content_type", needs=("answer-file-of-several-types",)).edit_answers
def file_as_octets(context: Context, request: Request, answer: Response) -> Response:
    """A file of one of several types comes as `application/octet-stream`."""
    several = _several(context, request, answer)
    return answer.with_header("Content-Type", "application/octet-stream") if several else answer


@fault("law", needs=("answer-file-of-several-types",)).edit_answers
def file_sent_as_the_first(context: Context, request: Request, answer: Response) -> Response:
    """A file of one of several types always comes as the first of them."""
    several = _several(context, request, answer)
    return answer.with_header("Content-Type", several[0]) if several else answer


@fault("response_schema", needs=("answer-binary",)).edit_answers
def file_is_error_page(_context: Context, _request: Request, answer: Response) -> Response:
    """A file's bytes are those of an error page in HTML."""
    page = b"<!doctype html><title>502 Bad Gateway</title>"
    return replace(answer, body=page) if _is_file(answer) else answer


@fault("response_schema", needs=("answer-binary",)).edit_answers
def file_empty(_context: Context, _request: Request, answer: Response) -> Response:
    """A file has no bytes."""
    return replace(answer, body=b"") if _is_file(answer) else answer


@fault("response_schema", needs=("answer-binary",)).edit_answers
def file_cut_off(_context: Context, _request: Request, answer: Response) -> Response:
    """A file lacks its second half."""
    return replace(answer, body=answer.body[: len(answer.body) // 2]) if _is_file(answer) else answer


@fault("response_schema", needs=("answer-binary",)).edit_answers
def file_decoded(_context: Context, _request: Request, answer: Response) -> Response:
    """A file's bytes were taken for UTF-8 and written again, which garbles them."""
    return (
        replace(answer, body=answer.body.decode("utf-8", "replace").encode()) if _is_file(answer) else answer
    )


@fault("response_schema", needs=("answer-binary",)).edit_answers
def file_too_large(_context: Context, _request: Request, answer: Response) -> Response:
    """A file has two megabytes more than it should."""
    return replace(answer, body=answer.body + bytes(2_000_000)) if _is_file(answer) else answer


@fault(
    "no_crashes", also={"valid_calls": "a valid call has no answer"}, needs=("answer-binary",)
).handle_requests
def file_connection_lost(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The connection ends before as many bytes of a file have come as Content-Length says."""
    answer = handler(request)
    if not isinstance(answer, Response) or not _is_file(answer):
        return answer
    size = len(answer.body)
    return Silence("protocol", f"the connection was closed after {size // 2} of {size} bytes")


@fault("content_type", needs=("answer-json-suffix",)).edit_answers
def json_suffix_as_text(_context: Context, _request: Request, answer: Response) -> Response:
    """JSON of a type with the suffix `+json` is served as text/plain."""
    media = answer.header("content-type") or ""
    suffixed = successful(answer) and media.endswith("+json")
    return answer.with_header("Content-Type", "text/plain") if suffixed else answer


def _is_stream(answer: Response) -> bool:
    return _media(answer) == EVENT_STREAM


@fault("response_schema", also={"law": "a law reads the events"}, needs=("event-stream",)).edit_answers
def event_data_truncated(_context: Context, _request: Request, answer: Response) -> Response:
    """The data of every event lacks its last two characters."""
    lines = answer.body.split(b"\n") if _is_stream(answer) else []
    cut = [line[:-2] if line.startswith(b"data: ") else line for line in lines]
    return replace(answer, body=b"\n".join(cut)) if lines else answer


@fault("response_schema", also={"law": "a law reads the events"}, needs=("event-stream",)).edit_answers
def event_end_lost(_context: Context, _request: Request, answer: Response) -> Response:
    """The empty line after the last event is missing, so clients drop the event."""
    return replace(answer, body=answer.body.rstrip(b"\n") + b"\n") if _is_stream(answer) else answer


@fault("response_schema", also={"law": "a law reads the events"}, needs=("event-stream",)).edit_answers
def event_data_of_another(_context: Context, _request: Request, answer: Response) -> Response:
    """Every event has an empty object as its data."""
    lines = answer.body.split(b"\n") if _is_stream(answer) else []
    other = [b"data: {}" if line.startswith(b"data: ") else line for line in lines]
    return replace(answer, body=b"\n".join(other)) if lines else answer


@fault("response_schema", needs=("event-stream",)).handle_requests
def stream_ends_late(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A stream ends a minute later than it should."""
    answer = handler(request)
    if isinstance(answer, Response) and _is_stream(answer):
        context.sleep(60 + max((o.ends_within_s or 0) for a in context.model.actions for o in a.outputs))
    return answer


@fault(
    "no_crashes", also={"valid_calls": "a valid call has no answer"}, needs=("event-stream",)
).handle_requests
def stream_never_ends(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A stream goes on until the caller gives up."""
    answer = handler(request)
    if isinstance(answer, Response) and _is_stream(answer):
        return Silence("timeout", "no whole answer in time")
    return answer
