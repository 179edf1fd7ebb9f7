"""A call of a tool that says that it only reads changes nothing that other such tools show.

All tools with `readOnlyHint`, and those that `--reads` names, are called between two readings of what twelve
of them show. If an answer changed, they are called one by one. A change counts only if three trials show it,
each with a control. A number that rises does not count, and neither does what every other tool changes,
because both may be a record of calls. Others may use the server at the same time, so a change is only odd. A
tool is never judged by its own answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.tool_effects import MOST_CALLS, ReadingTool, cut_groups, try_tools
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import ListedTool, call_tool, list_tools
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.mcp_link import find_hints

WHY = "a call that only reads"
ALONE = (Verdict.NOT_APPLICABLE, "no other tool that only reads could show a change")
NO_ARGUMENTS = (Verdict.UNTESTED, "no arguments fit its schema: give its schema `examples`")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each tool that says that it only reads; an attempt tries a group of them."""
    del roles
    listing = setting.listing
    if listing is None:
        return
    named = [
        tool
        for tool in list_tools(setting)
        if tool.name in listing.reads or find_hints(tool.definition).get("readOnlyHint") is True
    ]
    readers = [
        ReadingTool(tool.name, calls)
        for tool in named
        if tool.withheld is None and (calls := _list_calls(tool))
    ]
    attempts: dict[str, Attempt] = {}
    for number, group in enumerate(cut_groups(readers) if len(readers) > 1 else ()):
        sources = next(cut_groups(readers))
        cost = sum(len(tool.calls) for tool in group) + 2 * len(sources)
        attempt = Attempt(
            together=partial(_try, sources, {tool.name: tool for tool in group}),
            stage=6,
            cost=cost,
            role="",
            probe=f"tool_effects/group-{number + 1}@mcp",
        )
        attempts |= dict.fromkeys((tool.name for tool in group), attempt)
    for tool in named:
        says = f"{tool.name} changes nothing that other tools that only read show"
        attempt_of_tool = attempts.get(tool.name)
        settled = None
        if attempt_of_tool is None:
            settled = ALONE if any(reader.name == tool.name for reader in readers) else NO_ARGUMENTS
        yield tool.case("", says, attempt_of_tool, part="annotations", advice=True, settled=settled)


def _list_calls(tool: ListedTool) -> tuple[Call, ...]:
    """Return valid calls of a tool: the required arguments, all, and each value of an enum."""
    arguments = tool.arguments
    if arguments is None:
        return ()
    several = [arguments.make_ordinary(), arguments.make_whole(), *arguments.list_chosen()]
    different: list[Mapping[str, Any]] = []
    for values in several:
        if values is not None and values not in different:
            different.append(values)
    return tuple(call_tool(tool.name, values, WHY) for values in different[:MOST_CALLS])


def _try(sources: Sequence[ReadingTool], group: Mapping[str, ReadingTool], trials: Sequence[Trial]) -> None:
    tools = [
        ReadingTool(tool.name, tool.calls, trial) for tool, trial in zip(group.values(), trials, strict=True)
    ]
    try_tools(sources, tools)


CHECK = make_check("tool_effects", __doc__, cases, tools=True, rank=Rank.EXPOSED)
