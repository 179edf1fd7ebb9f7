"""Compare what tools that only read show before and after each of them is called.

The run makes nothing that these tools show, so it compares their answers as they are. One round calls all
tools of a group between two readings. Only if an answer changed, the tools are called one by one. A change
counts if three trials show it, each beside a control in which nothing is called for as long. A number that
rises may count calls, and an answer that changes with every other tool is a record of calls. Neither counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.http import json_bytes, read_json
from pgagents.verify.judgement import conclude
from pgagents.verify.promise import Trial
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Alone, Call, Sleep
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import result_of, text_of

SAME = "the same before and after it, in three trials"
TRIALS = 3
MOST_SOURCES = 12
"""The most tools whose answers are compared, and the most that are tried in one group."""
MOST_CALLS = 5
"""The most calls of one tool, each with other arguments."""
MOST_PLACES, MOST_ITEMS, MOST_DEEP = 400, 50, 6
LEAST_CONTROL_S = 0.05
ABSENT = "nothing"
ITEMS = "the number of items"
NEXT_STEP = "give its schema `examples`"


@dataclass(frozen=True, slots=True)
class ReadingTool:
    """A tool that says that it only reads. `calls` are valid calls of it, the usual one first.

    `trial` judges it; None if it is only a source here.
    """

    name: str
    calls: tuple[Call, ...]
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A member of a tool's answer that changed, with its values as short texts."""

    source: str
    path: str
    before: str
    after: str


Answer = Mapping[str, Any]
"""The values of an answer by their paths."""


def cut_groups(tools: Sequence[ReadingTool]) -> Iterator[Sequence[ReadingTool]]:
    """Yield the tools in groups that are tried together."""
    for start in range(0, len(tools), MOST_SOURCES):
        yield tools[start : start + MOST_SOURCES]


def try_tools(sources: Sequence[ReadingTool], tried: Sequence[ReadingTool]) -> None:
    """Call the tools between two readings of the sources, and judge each by the answers of the others."""
    succeeded: set[str] = set()
    before = _read_all(sources, succeeded)
    for tool in tried:
        _call(tool, succeeded)
    after = _read_all(sources, succeeded)
    shown = [source for source in sources if source.name in before and source.name in after]
    changed = [source for source in shown if _find_places(before[source.name], after[source.name])]
    changes: dict[str, Change] = {}
    if changed:
        ask(Alone())
    for source in changed:
        blamed = _find_blamed(source, tried)
        changes = {**blamed, **changes}
    for tool in tried:
        others = [source.name for source in shown if source.name != tool.name]
        assert tool.trial is not None
        if (change := changes.get(tool.name)) is not None:
            actual = f"{change.path or 'the answer'} of {change.source} was {{before}} and is {{after}}"
            conclude(tool.trial.broken(SAME, actual, before=change.before, after=change.after))
        elif tool.name not in succeeded:
            conclude(tool.trial.unseen(f"it refused its calls: {NEXT_STEP}"))
        elif not others:
            conclude(tool.trial.unseen("no other tool that only reads answered with a success"))
        else:
            conclude(tool.trial.kept())


def _find_blamed(source: ReadingTool, tried: Sequence[ReadingTool]) -> dict[str, Change]:
    """Return the change of the source's answer by each tool that causes one; none for a record of calls."""
    blamed: dict[str, Change] = {}
    others = [tool for tool in tried if tool.name != source.name]
    for tool in others:
        change = _compare(source, tool)
        if change is not None:
            blamed[tool.name] = change
    return {} if len(blamed) == len(others) > 1 else blamed


def _compare(source: ReadingTool, tool: ReadingTool) -> Change | None:
    """Return a member of the source's answer that each trial of the tool changes, and no control."""
    places: set[str] | None = None
    change = None
    for _ in range(TRIALS):
        before = _read(source, "before what only reads")
        seconds = _call(tool, set(), again=True)
        after = _read(source, "after what only reads")
        ask(Sleep(max(seconds, LEAST_CONTROL_S), quiet=True))
        control = _read(source, "as the control")
        if before is None or after is None or control is None:
            return None
        moved = _find_places(before, after) - _find_places(after, control)
        moved = {
            path for path in moved if path.startswith(ITEMS) or not _rises(before.get(path), after.get(path))
        }
        places = moved if places is None else places & moved
        if not places:
            return None
        path = min(places)
        change = Change(
            source.name, path, _shorten(before.get(path, ABSENT)), _shorten(after.get(path, ABSENT))
        )
    return change


def _call(tool: ReadingTool, succeeded: set[str], *, again: bool = False) -> float:
    """Make all calls of a tool, and note if one succeeded. Return the seconds that they took."""
    seconds = 0.0
    for call in tool.calls:
        exchange = ask(replace(call, again=again))
        seconds += exchange.seconds
        if read_answer(exchange) is not None:
            succeeded.add(tool.name)
    return seconds


def _read_all(sources: Sequence[ReadingTool], succeeded: set[str]) -> dict[str, Answer]:
    answers = {}
    for source in sources:
        exchange = ask(source.calls[0])
        if (answer := read_answer(exchange)) is not None:
            answers[source.name] = answer
            succeeded.add(source.name)
    return answers


def _read(source: ReadingTool, why: str) -> Answer | None:
    exchange = ask(replace(source.calls[0], why=why, again=True))
    return read_answer(exchange)


def read_answer(exchange: Exchange) -> Answer | None:
    """Return the values of a tool's result by their paths; None if it is not a success."""
    result = result_of(exchange.answer)
    if exchange.void or result is None or result.get("isError") is True:
        return None
    if result.get("resultType") == "input_required":
        return None
    data = result.get("structuredContent")
    if data is None:
        text = text_of(result)
        parsed = read_json(text.encode())
        data = text if parsed.problem else parsed.value
    places: dict[str, Any] = {}
    _flatten(data, "", 0, places)
    return places


def _flatten(value: Any, path: str, depth: int, places: dict[str, Any]) -> None:
    if len(places) >= MOST_PLACES:
        return
    if depth < MOST_DEEP and isinstance(value, Mapping) and value:
        for name, member in value.items():
            _flatten(member, f"{path}.{name}" if path else str(name), depth + 1, places)
    elif depth < MOST_DEEP and isinstance(value, list) and value:
        places[f"{ITEMS} in {path}" if path else ITEMS] = len(value)
        for number, item in enumerate(value[:MOST_ITEMS]):
            _flatten(item, f"{path}.{number}" if path else str(number), depth + 1, places)
    else:
        places[path] = value


def _find_places(before: Answer, after: Answer) -> set[str]:
    """Return the paths at which two answers differ."""
    paths = before.keys() | after.keys()
    return {path for path in paths if before.get(path, ABSENT) != after.get(path, ABSENT)}


def _rises(before: Any, after: Any) -> bool:
    """True for a number that became larger, such as a count of calls."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (before, after))
    return numbers and after > before


def _shorten(value: Any) -> str:
    text = json_bytes(value).decode()
    return text if len(text) <= 60 else f"{text[:59]}…"
