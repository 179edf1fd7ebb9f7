"""Write a list of events as an event stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.http import json_bytes


def write(events: Any) -> bytes:
    """Return events as the lines of a stream, each with `event`, `data` and optionally `id`."""
    lines: list[str] = []
    for event in events if isinstance(events, list) else []:
        if not isinstance(event, Mapping):
            continue
        data = event.get("data")
        text = data if isinstance(data, str) else json_bytes(data).decode()
        lines += [f"id: {event['id']}"] if "id" in event else []
        lines += [
            f"event: {event.get('event', 'message')}",
            *(f"data: {part}" for part in text.split("\n")),
            "",
        ]
    return "".join(f"{line}\n" for line in lines).encode()
