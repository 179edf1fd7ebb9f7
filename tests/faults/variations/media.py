"""Odd but legal forms of answers that are not JSON."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from pgagents.base.http import EVENT_STREAM, Request, Response
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context, variation


def _media(answer: Response) -> str:
    return answer.media_type if answer.status < 300 else ""


def _has_columns(action: Action | None, status: int) -> bool:
    """Return whether the catalogue names the columns of this answer of an action."""
    return action is not None and any(
        output.columns is not None for output in action.outputs if output.status == status
    )


@variation().edit_answers
def csv_laid_out(context: Context, request: Request, answer: Response) -> Response:
    """CSV has a byte order mark, every cell in quotes, its columns the other way round, and a column more.
    CSV that the catalogue calls a text is left alone: its columns stand in a fixed order.
    """
    if _media(answer) != "text/csv" or not _has_columns(context.reader.action(request), answer.status):
        return answer
    rows = [row for row in csv.reader(io.StringIO(answer.body.decode())) if row]
    text = io.StringIO()
    further = ["pgagents_note", *[""] * (len(rows) - 1)]
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [[*reversed(row), more] for row, more in zip(rows, further, strict=True)]
    )
    return replace(answer, body=b"\xef\xbb\xbf" + text.getvalue().encode())


@variation().edit_answers
def text_in_latin_1(_context: Context, _request: Request, answer: Response) -> Response:
    """Texts whose characters Latin-1 has are in Latin-1, and say so."""
    media = _media(answer)
    if not media.startswith("text/"):
        return answer
    text = answer.body.decode("utf-8")
    body = text.encode("latin-1", "ignore")
    if len(body) != len(text):
        return answer
    return replace(answer, body=body).with_header("Content-Type", f'{media}; charset="ISO-8859-1"')


@variation().edit_answers
def file_to_save(context: Context, request: Request, answer: Response) -> Response:
    """A file has a name to save it under, and its type in capitals with a parameter. One that is made for
    the call has bytes after its end.
    """
    media = _media(answer)
    if not media.startswith(("image/", "application/pdf")):
        return answer
    named = answer.with_header("Content-Disposition", 'attachment; filename="a.bin"')
    action = context.reader.action(request)
    stored = action is not None and bool(action.success.media)
    body = answer.body if stored else answer.body + b"\r\n"
    return replace(named, body=body).with_header("Content-Type", f"{media.upper()}; q=1")


@variation().edit_answers
def json_suffix_charset(_context: Context, _request: Request, answer: Response) -> Response:
    """JSON of a type with the suffix `+json` says its charset."""
    media = answer.header("content-type") or ""
    return (
        answer.with_header("Content-Type", f"{media}; charset=UTF-8") if media.endswith("+json") else answer
    )


@variation().edit_answers
def stream_laid_out(_context: Context, _request: Request, answer: Response) -> Response:
    """An event stream has comments, retry times, an event of another name, CRLF line ends, and ids if it has
    none of its own.
    """
    if _media(answer) != EVENT_STREAM:
        return answer
    lines, text = [": keep-alive", "retry: 3000", ""], answer.body.decode()
    has_ids = any(line.startswith("id:") for line in text.split("\n"))
    for number, event in enumerate(text.split("\n\n")):
        parts = [line.replace(": ", ":", 1) for line in event.split("\n") if line]
        lines += [*parts, *([] if has_ids else [f"id: {number}"]), ""] if parts else []
    lines += ["event: pgagents_ping", "data: one", "data: two", "", ":", ""]
    return replace(answer, body="\r\n".join([*lines, ""]).encode())
