"""Answers of a deprecated action give the catalogue's days: Deprecation (RFC 9745) and Sunset (RFC 8594).

Any time of that day in UTC is right. `response_headers` judges that the headers are there and have the right
form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pgagents.report.contract import Contract
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, promise
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "deprecation"
_SECONDS = re.compile(r"@(-?\d{1,12})")


def _days(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    """Yield the deprecation headers of an endpoint's answers, each with its day."""
    end = endpoint.action.deprecation if endpoint.on_rest else None
    if end is not None:
        yield from ((name, day) for name, day in (("Deprecation", end.since), ("Sunset", end.sunset)) if day)


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each day of each deprecated action."""
    for endpoint in setting.endpoints:
        for header, day in _days(endpoint):
            action = endpoint.action
            says = f"{header} of {action.name} is on {day}"
            assert action.deprecation is not None
            yield promise(NAME, header.lower(), endpoint, says, action.deprecation.origin, action.cite)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the days in the answers of deprecated actions."""
    del memory
    endpoint = exchange.call.endpoint
    if endpoint is None or not exchange.success or exchange.call.intent == "framework":
        return
    for header, day in _days(endpoint):
        text = exchange.header(header)
        found = _read(header, text) if text is not None else None
        if found is None:
            continue
        contract = f"{NAME}/{header.lower()}/{endpoint.place}"
        if found.date().isoformat() == day:
            yield judge_kept(contract)
        else:
            yield judge_broken(contract, f"{header} on {day}", f"{header}: {text}, which is {found.date()}")


def _read(header: str, text: str) -> datetime | None:
    """Return the time in a header; None if it has another form.

    A Sunset without a zone or with `-0000` has one: Python would read it as a time of this machine's zone.
    """
    try:
        if header == "Sunset":
            found = parsedate_to_datetime(text)
            return found.astimezone(UTC) if found.tzinfo is not None else None
        seconds = _SECONDS.fullmatch(text.strip())
        return datetime.fromtimestamp(int(seconds[1]), UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


CHECK = Check(NAME, __doc__, promises, watch=watch, of_any_input=True)
