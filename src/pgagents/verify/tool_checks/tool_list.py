"""The list of tools can be read to its end, its names are unique, and it is the same when it is read again.

Recommended are tools that a model can keep in view: at most 128, and 100,000 characters for all definitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pgagents.base.http import json_bytes
from pgagents.report.contract import Contract, Rank
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
)
from pgagents.verify.setting import Setting
from pgagents.verify.tools import judging, send_message, server_contract
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.mcp_link import LIST_METHOD, ToolListing
from pgagents.verify.wire.mcp_messages import result_of

NAME = "tool_list"
MOST_TOOLS, MOST_CHARACTERS = 128, 100_000
"""The most functions that OpenAI's API takes, and a quarter of a context of 100,000 tokens."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts about the whole list."""
    if setting.listing is None:
        return
    yield server_contract(
        NAME, "pages", "tools/list can be read to its end, and each page is a list of tools"
    )
    yield server_contract(NAME, "unique", "each name in tools/list is the name of one tool")
    yield server_contract(NAME, "again", "tools/list has the same tools in the same order again", advice=True)
    yield server_contract(NAME, "count", f"there are at most {MOST_TOOLS} tools", advice=True)
    says = f"all definitions together have at most {MOST_CHARACTERS:,} characters"
    yield server_contract(NAME, "size", says, advice=True)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield a probe that judges the pages that were read, and one that reads the first page again."""
    del roles
    own = [f"{NAME}/{kind}@{MCP}" for kind in ("pages", "unique", "count", "size")]
    yield from judging(setting, f"{NAME}/list", own, _judge)
    if setting.listing is not None:
        contract = f"{NAME}/again@{MCP}"
        yield Probe(contract, 2, (contract,), 1, lambda: _read_again(setting, contract), role="")


def _judge(listing: ToolListing) -> Iterator[Judgement]:
    pages, unique, count, size = (f"{NAME}/{kind}@{MCP}" for kind in ("pages", "unique", "count", "size"))
    wrong = [n for n, tool in enumerate(listing.tools) if not isinstance(tool, Mapping)]
    if listing.problem:
        yield judge_broken(pages, "a list of tools with an end", listing.problem)
    elif wrong:
        yield judge_broken(pages, "a list of tools", "item {value} is no object", value=wrong[0])
    else:
        yield judge_kept(pages)
    names = Counter(str(tool.get("name")) for tool in listing.tools if isinstance(tool, Mapping))
    twice = [name for name, times in names.items() if times > 1]
    if listing.problem:
        yield judge_untested(unique, f"the list was not read to its end: {listing.problem}")
    elif twice:
        listed = ", ".join(name[:80] for name in twice[:5])
        yield judge_broken(unique, "each name once", "listed twice: {listed}", listed=listed)
    else:
        yield judge_kept(unique)
    many, characters = len(listing.tools), len(json_bytes(list(listing.tools)).decode())
    yield (
        judge_broken(count, f"at most {MOST_TOOLS} tools", "it lists {many:,} tools", many=many)
        if many > MOST_TOOLS
        else judge_kept(count)
    )
    yield (
        judge_broken(
            size,
            f"at most {MOST_CHARACTERS:,} characters",
            "they have {characters:,} characters",
            characters=characters,
        )
        if characters > MOST_CHARACTERS
        else judge_kept(size)
    )


def _read_again(setting: Setting, contract: str) -> Conversation:
    listing = setting.listing
    assert listing is not None
    exchange = yield send_message(LIST_METHOD, None, "the tools that it lists, once more")
    result = result_of(exchange.answer)
    found = result.get("tools") if result is not None else None
    if not isinstance(found, list):
        yield judge_untested(contract, exchange.outcome)
        return
    first = [_name(tool) for tool in listing.tools[: len(found)]]
    again = [_name(tool) for tool in found]
    if again != first or (listing.pages == 1 and len(found) != len(listing.tools)):
        same = sorted(first) == sorted(again)
        yield judge_broken(contract, "the same list", "another order" if same else "other tools than before")
    else:
        yield judge_kept(contract)


def _name(tool: object) -> str:
    return str(tool.get("name")) if isinstance(tool, Mapping) else "?"


CHECK = Check(NAME, __doc__, promises, probes=probes, tools=True, rank=Rank.UNDOCUMENTED)
