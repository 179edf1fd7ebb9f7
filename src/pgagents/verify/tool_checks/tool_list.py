"""The list of tools can be read to its end, its names are unique, and it is the same when it is read again.

An empty `nextCursor` is a cursor: the page behind it is read. Recommended are an end without a `nextCursor`,
and a refusal of cursors that the server never gave (-32602). So are tools that a model can keep in view: at
most 128, and 100,000 characters for all definitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import ask_page, judge_busy, judge_without_calls, server_case
from pgagents.verify.wire.mcp_link import ToolListing, list_names
from pgagents.verify.wire.mcp_messages import INVALID_PARAMS, error_of, result_of

MOST_TOOLS, MOST_CHARACTERS = 128, 100_000
"""The most functions that OpenAI's API takes, and a quarter of a context of 100,000 tokens."""
PAGES = ("MCP 2025-11-25, server/utilities/pagination",)
NO_CURSOR = "pgv_no_such_cursor_7f3a9c51d2e84b06"
"""A cursor that no server gives."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases about the whole list. Its pages were read before; the first one is read again."""
    del roles
    listing = setting.listing
    if listing is None:
        return
    attempt = judge_without_calls("tool_list/list")
    unread = (Verdict.UNTESTED, f"the list was not read to its end: {listing.unread}")
    says = "tools/list can be read to its end, and each page is a list of tools"
    expected, problem, values = "a list of tools with an end", listing.problem, dict[str, Any]()
    wrong = [number for number, tool in enumerate(listing.tools) if not isinstance(tool, Mapping)]
    if wrong and not problem:
        expected, problem, values = "a list of tools", "item {value} is not an object", {"value": wrong[0]}
    unjudged = unread if listing.limit and not problem else None
    yield server_case("pages", says, attempt, settled=unjudged, about=(expected, problem, values))
    says = "each name in tools/list is the name of one tool"
    names = Counter(list_names([tool for tool in listing.tools if isinstance(tool, Mapping)]))
    twice = ", ".join([name[:80] for name, times in names.items() if times > 1][:5])
    yield server_case(
        "unique",
        says,
        attempt,
        settled=unread if listing.unread else None,
        about=("each name once", "listed twice: {listed}" if twice else "", {"listed": twice}),
    )
    says = "the last page of tools/list has no nextCursor"
    problem = (
        "`nextCursor` is an empty text, which many clients follow without end" if listing.blank_end else ""
    )
    yield server_case("end", says, attempt, cite=PAGES, advice=True, about=("no `nextCursor`", problem, {}))
    says = "a cursor that the server never gave is refused with JSON-RPC error -32602"
    unpaged = Verdict.NOT_APPLICABLE, "its list has one page, so that it gives no cursor"
    yield server_case(
        "cursor",
        says,
        Attempt(_send_unknown_cursor, stage=2, role=""),
        cite=PAGES,
        advice=True,
        settled=unread if listing.problem else unpaged if listing.pages == 1 else None,
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


def _read_again(listing: ToolListing, trial: Trial) -> None:
    answer = trial.ask(ask_page(None, "the tools that it lists, once more"))
    result = result_of(answer.answer)
    tools = result.get("tools") if result is not None else None
    if not isinstance(tools, list):
        raise Untested(answer.outcome)
    first, again = list_names(listing.tools[: len(tools)]), list_names(tools)
    if again != first or (listing.pages == 1 and len(tools) != len(listing.tools)):
        reordered = sorted(first) == sorted(again)
        conclude(trial.broken("the same list", "another order" if reordered else "other tools than before"))
    else:
        conclude(trial.kept())


def _send_unknown_cursor(trial: Trial) -> None:
    answer = trial.ask(ask_page(NO_CURSOR, "a cursor that the server never gave"))
    error = error_of(answer.answer)
    if answer.busy:
        conclude(judge_busy(answer, [trial]))
    elif error == INVALID_PARAMS:
        conclude(trial.kept())
    elif error is not None:
        conclude(trial.broken(f"JSON-RPC error {INVALID_PARAMS}", f"JSON-RPC error {error}"))
    else:
        page = result_of(answer.answer) is not None
        conclude(
            trial.broken(f"JSON-RPC error {INVALID_PARAMS}", "a page of tools" if page else answer.outcome)
        )


CHECK = make_check("tool_list", __doc__, cases, tools=True, rank=Rank.UNDOCUMENTED)
