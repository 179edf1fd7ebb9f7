"""The list of tools can be read to its end, its names are unique, and it is the same when it is read again.

Recommended are tools that a model can keep in view: at most 128, and 100,000 characters for all definitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.promise import Attempt, Case, Conversation, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import ask_page, judge_without_calls, server_case
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_link import ToolListing
from pgagents.verify.wire.mcp_messages import result_of

MOST_TOOLS, MOST_CHARACTERS = 128, 100_000
"""The most functions that OpenAI's API takes, and a quarter of a context of 100,000 tokens."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases about the whole list. Its pages were read before; the first one is read again."""
    del roles
    listing = setting.listing
    if listing is None:
        return
    attempt = judge_without_calls("tool_list/list")
    says = "tools/list can be read to its end, and each page is a list of tools"
    expected, problem, values = "a list of tools with an end", listing.problem, dict[str, Any]()
    wrong = [number for number, tool in enumerate(listing.tools) if not isinstance(tool, Mapping)]
    if wrong and not problem:
        expected, problem, values = "a list of tools", "item {value} is no object", {"value": wrong[0]}
    yield server_case("pages", says, attempt, about=(expected, problem, values))
    says = "each name in tools/list is the name of one tool"
    names = Counter(_name(tool) for tool in listing.tools if isinstance(tool, Mapping))
    twice = ", ".join([name[:80] for name, times in names.items() if times > 1][:5])
    unread = (Verdict.UNTESTED, f"the list was not read to its end: {listing.problem}")
    yield server_case(
        "unique",
        says,
        attempt,
        settled=unread if listing.problem else None,
        about=("each name once", "listed twice: {listed}" if twice else "", {"listed": twice}),
    )
    says = "tools/list has the same tools in the same order again"
    again = Attempt(partial(_read_again, listing), stage=2, role="")
    yield server_case("again", says, again, advice=True)
    says, many = f"there are at most {MOST_TOOLS} tools", len(listing.tools)
    problem = "it lists {many:,} tools" if many > MOST_TOOLS else ""
    expected, values = f"at most {MOST_TOOLS} tools", {"many": many}
    yield server_case("count", says, attempt, advice=True, about=(expected, problem, values))
    says = f"all definitions together have at most {MOST_CHARACTERS:,} characters"
    characters = len(json_bytes(list(listing.tools)).decode())
    problem = "they have {characters:,} characters" if characters > MOST_CHARACTERS else ""
    expected, values = f"at most {MOST_CHARACTERS:,} characters", {"characters": characters}
    yield server_case("size", says, attempt, advice=True, about=(expected, problem, values))


def _read_again(listing: ToolListing, trial: Trial) -> Conversation:
    answer: Exchange = yield ask_page(None, "the tools that it lists, once more")
    result = result_of(answer.answer)
    tools = result.get("tools") if result is not None else None
    if not isinstance(tools, list):
        yield trial.untested(answer.outcome)
        return
    first = [_name(tool) for tool in listing.tools[: len(tools)]]
    again = [_name(tool) for tool in tools]
    if again != first or (listing.pages == 1 and len(tools) != len(listing.tools)):
        reordered = sorted(first) == sorted(again)
        yield trial.broken("the same list", "another order" if reordered else "other tools than before")
    else:
        yield trial.kept()


def _name(tool: object) -> str:
    return str(tool.get("name")) if isinstance(tool, Mapping) else "?"


CHECK = make_check("tool_list", __doc__, cases, tools=True, rank=Rank.UNDOCUMENTED)
