"""Open a fresh connection and ask for an unknown revision, as a client of another time would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.http import Silence
from pgagents.verify.wire.mcp import message
from pgagents.verify.wire.mcp.form import error_of, result_of
from pgagents.verify.wire.mcp.link import Link

OTHER_TIME = "1900-01-01"
"""A revision that no server supports."""
FIRST = "2024"
"""The year of the earliest revision."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """The answers on a fresh connection to `initialize` with an unknown revision, and then to `ping`.

    Either `result` or `error` is None. If both are, `silence` is the reason.
    """

    result: Mapping[str, Any] | None = None
    error: int | None = None
    silence: str = ""
    pong: Mapping[str, Any] | None = None


def introduce(link: Link) -> Introduction:
    """Begin a session on a link that has not been opened yet."""
    link.version = message.LEGACY
    asked = message.hello()
    asked["params"]["protocolVersion"] = OTHER_TIME
    answer = link.ask(asked)
    if isinstance(answer, Silence):
        return Introduction(silence=f"{answer.kind} {answer.detail}".strip())
    result = result_of(answer)
    if result is None:
        return Introduction(error=error_of(answer), silence="" if error_of(answer) else f"{answer.status}")
    link.session = answer.header(message.SESSION) or ""
    told = result.get("protocolVersion")
    link.version = told if isinstance(told, str) and told > FIRST else message.LEGACY
    link.ask({"method": message.INITIALIZED})
    return Introduction(result, pong=result_of(link.ask({"method": "ping"})))
