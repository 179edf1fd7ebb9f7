"""Answers of a deprecated action give the catalogue's days: Deprecation (RFC 9745) and Sunset (RFC 8594).

Any time of that day in UTC is right. `response_headers` judges that the headers are there and have the right
form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pgagents.report.contract import Rank
from pgagents.verify.promise import Case, Judgement, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.exchange import Exchange

_SECONDS = re.compile(r"@(-?\d{1,12})")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each day of each deprecated action, which `about` has."""
    del roles
    for endpoint in setting.endpoints:
        end = endpoint.action.deprecation if endpoint.on_rest else None
        days = {"Deprecation": end.since, "Sunset": end.sunset} if end is not None else {}
        for header, day in days.items():
            if end is not None and day:
                says = f"{header} of {endpoint.action.name} is on {day}"
                yield Case(endpoint, says, end.origin, detail=header.lower(), about=day)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the days in the answers of deprecated actions."""
    if not exchange.success or exchange.call.intent == "framework":
        return
    for header in ("Deprecation", "Sunset"):
        trial = CHECK.find_trial(memory.setting, exchange.place, header.lower())
        text = exchange.header(header)
        moment = _read(header, text) if text is not None else None
        if trial is None or moment is None:
            continue
        if moment.date().isoformat() == trial.case.about:
            yield trial.kept()
        else:
            actual = f"{header}: {{text}}, which is {{date}}"
            yield trial.broken(f"{header} on {trial.case.about}", actual, text=text, date=moment.date())


def _read(header: str, text: str) -> datetime | None:
    """Return the time in a header; None if it has another form.

    A Sunset without a zone or with `-0000` has one: Python would read it as a time of this machine's zone.
    """
    try:
        if header == "Sunset":
            moment = parsedate_to_datetime(text)
            return moment.astimezone(UTC) if moment.tzinfo is not None else None
        seconds = _SECONDS.fullmatch(text.strip())
        return datetime.fromtimestamp(int(seconds[1]), UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


CHECK = make_check("deprecation", __doc__, cases, watch=watch, of_any_input=True, rank=Rank.UNDOCUMENTED)
