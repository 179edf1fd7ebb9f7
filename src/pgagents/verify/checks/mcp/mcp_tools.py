"""The MCP server lists exactly the catalogue's tools, as in the generated `mcp/tools.json`, and in the same
order every time.

`tools/list` is read twice. Texts, schemas and hints must be equal; a tool may have more annotations and
metadata than were built, since MCP leaves `_meta` to servers. A tool that was imported from an MCP server
must mean the same: the import wrote its words in the catalogue's form.

Where an API has more operations than are listed, `pgagents mcp` has `search_tools`, `call_read` and
`call_write` beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.places import plain
from pgagents.generate.actions import list_offered
from pgagents.report.contract import Rank
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.projections import build_file
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import (
    ReadList,
    ask_page,
    find_difference,
    find_other_meaning,
    read_pages,
    show_member,
)
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.mcp_messages import result_of

FILE = "mcp/tools.json"
CITE = ("MCP 2025-11-25, server/tools",)
NO_OTHER, ORDER = "no_other", "order"
SEARCHING = frozenset(("search_tools", "call_read", "call_write"))


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each tool, one about further tools, and one about the order. One probe reads the list
    twice.
    """
    del roles
    if not setting.tools:
        return
    probe = f"mcp_tools/list@{MCP}"
    attempt = Attempt(together=_try, cost=2, role="", writes=False, endpoints=(), probe=probe)
    for endpoint in setting.tools:
        says = f"tools/list has {endpoint.action.name} with the texts, schemas and hints of {FILE}"
        yield Case(endpoint, says, endpoint.action.origin, attempt, "listed", CITE)
    origin, place = setting.model.surfaces[MCP].origin, f"@{MCP}"
    if setting.model.behaviour.other_tools == "none":  # `any` where a catalogue describes a part of a server
        says = "tools/list has no tool that the catalogue does not have"
        yield Case(None, says, origin, attempt, NO_OTHER, CITE, place=place)
    says = f"tools/list has the order of {FILE}, and the same when it is asked again"
    # advice, because servers only SHOULD keep one order, and may choose it (MCP 2026-07-28, server/tools)
    yield Case(None, says, origin, attempt, ORDER, CITE, place=place, advice=True)


def _try(trials: Sequence[Trial]) -> None:
    listing = read_pages(trials[0].setting)
    if listing.unread:
        conclude(trial.untested(listing.unread) for trial in trials)
    elif listing.problem:
        for trial, tool in _list_built(trials):
            conclude(trial.broken(f"the tool {tool['name']}", listing.problem))
    else:
        conclude(_judge(trials, list(listing.tools), _read_again(listing)))


def _read_again(listing: ReadList) -> list[Any] | None:
    """Return the list with its first page as it is when it is read again; None if it is not answered."""
    result = result_of(ask(ask_page(None)).answer)
    page = result.get("tools") if result is not None else None
    if not isinstance(page, list) or listing.pages == 1:
        return page if isinstance(page, list) else None
    return [*page, *listing.tools[len(page) :]]


def _list_built(trials: Sequence[Trial]) -> Iterator[tuple[Trial, Mapping[str, Any]]]:
    """Yield the trial of each listed tool, with the tool as it was built. A former name has none."""
    each = [trial for trial in trials if trial.case.endpoint is not None]
    offered = list_offered(each[0].model.surfaces[MCP])
    tools = zip(offered, _read_built(each[0].setting), strict=True)
    yield from zip(each, (tool for action, tool in tools if action.alias_of is None), strict=True)


def _read_built(setting: Setting) -> list[Any]:
    document = build_file(setting, FILE)
    return plain(document.data["tools"]) if document is not None else []


def _judge(trials: Sequence[Trial], listed: list[Any], again: list[Any] | None) -> Iterator[Judgement]:
    # of two with one name a client takes the first
    by_name = {str(tool.get("name")): tool for tool in reversed(listed) if isinstance(tool, Mapping)}
    for trial, tool in _list_built(trials):
        name = tool["name"]
        if name not in by_name:
            yield trial.broken(f"the tool {name}", f"{name} is not listed")
        elif where := _compare(trial, tool, by_name[name]):
            expected = f"{name} as built, {where}: {show_member(tool, where)}"
            value = show_member(by_name[name], where)
            yield trial.broken(expected, f"{where} differs: {{value}}", value=value)
        else:
            yield trial.kept()
    names, known = _list_names(listed), [tool["name"] for tool in _read_built(trials[0].setting)]
    ours = [name for name in names if name in known]  # others may stand anywhere
    for trial in trials:
        if trial.case.detail == NO_OTHER:
            beside = SEARCHING if set(map(str, names)) >= SEARCHING else ()
            others = [str(name) for name in names if name not in known and name not in beside]
            others += [f"{name} twice" for name in known if names.count(name) > 1]
            problem = "also listed: {others}" if others else ""
            yield trial.judge("the catalogue's tools", problem, others=", ".join(others)[:200])
        elif trial.case.detail == ORDER:
            if ours != [name for name in known if name in ours]:
                yield trial.broken(", ".join(known), "it lists {names}", names=", ".join(map(str, ours)))
            elif again is None:
                yield trial.untested("the list was not answered a second time")
            else:
                same = _list_names(again) == names
                yield trial.judge("the same list again", "" if same else "the second list is another")


def _list_names(tools: list[Any]) -> list[Any]:
    return [tool.get("name") if isinstance(tool, Mapping) else None for tool in tools]


def _compare(trial: Trial, built: Any, listed: Any) -> str:
    """Return where a listed tool differs from the built one.

    If only the MCP server has the tool, only a difference in meaning counts.
    """
    if trial.model.is_only_tool(trial.action):
        return find_other_meaning(built, listed)
    return find_difference(built, listed)


CHECK = make_check("mcp_tools", __doc__, cases, stage=1, tools=True, rank=Rank.UNDOCUMENTED)
