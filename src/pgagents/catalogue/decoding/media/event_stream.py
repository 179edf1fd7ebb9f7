"""Event streams, read to their end: a list of events with their name under `event`, `data`, and perhaps `id`.

https://html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import Any

from pgagents.base.http import EVENT_STREAM, Json, read_json
from pgagents.base.text import decode
from pgagents.catalogue.decoding.medium import Medium
from pgagents.catalogue.model.answers import Output

_LINE_END = re.compile(r"\r\n|\n|\r")
_DEFAULT = "message"


def _read(body: bytes, _content_type: str, output: Output) -> Json:
    try:
        text = decode(body)
    except UnicodeDecodeError as error:
        return Json(problem=f"byte {error.start} is not UTF-8")
    if output.events is None:
        return Json(text)
    events: list[dict[str, Any]] = []
    fields: dict[str, list[str]] = {}
    lines = _LINE_END.split(text)
    if not lines[-1]:  # the text after the last line end is not a line
        lines.pop()
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            if name:  # a line that begins with a colon is a comment
                fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if "data" in fields:
            event = _event(fields, output.events, len(events))
            if isinstance(event, str):
                return Json(problem=event)
            events.append(event)
        fields = {}
    if "data" in fields:
        return Json(problem="its last event is not followed by an empty line, so clients drop it")
    return Json(events)


def _event(fields: dict[str, list[str]], declared: Any, number: int) -> dict[str, Any] | str:
    """Return an event, or the reason why it cannot be read."""
    name = fields.get("event", [_DEFAULT])[-1] or _DEFAULT
    data: Any = "\n".join(fields["data"])
    if declared.get(name):
        read = read_json(data.encode(), paired=True)
        if read.problem:
            return f"event {number}, `{name}`: its data is {read.problem}"
        data = read.value
    return {"event": name, "data": data, **({"id": fields["id"][-1]} if "id" in fields else {})}


MEDIUM = Medium("event_stream", (EVENT_STREAM,), _read, "text")
