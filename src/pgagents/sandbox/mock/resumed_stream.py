"""A stream that a client resumes: the events after the one in `Last-Event-ID`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.sandbox.call import AcceptedCall

HEADER = "last-event-id"


def resume(call: AcceptedCall, answer: Any) -> Any:
    """Return the events after the one that the call names; all events if it names no existing one."""
    if call.action.success.events is None or not isinstance(answer, list):
        return answer
    name = next(
        (str(p.name) for p in call.action.params if p.place == "header" and p.wire.lower() == HEADER), ""
    )
    last = call.input.get(name)
    ids = [str(event.get("id", "")) if isinstance(event, Mapping) else "" for event in answer]
    return answer[ids.index(str(last)) + 1 :] if last and str(last) in ids else answer
