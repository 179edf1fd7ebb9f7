"""The MCP server lists exactly the catalogue's tools, as in the generated `mcp/tools.json`, and in the same
order every time.

`tools/list` is read twice. Texts, schemas and hints must be equal; a tool may have more annotations and
metadata than were built. A tool that only the MCP server has must mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.places import plain
from pgagents.generate.actions import list_offered
from pgagents.report.contract import Contract, Rank
from pgagents.verify.projections import build_file
from pgagents.verify.promise import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.tools import (
    ask_page,
    find_difference,
    find_other_meaning,
    read_page,
    read_pages,
    show_member,
)
from pgagents.verify.wire.endpoint import MCP, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "mcp_tools"
FILE = "mcp/tools.json"
CITE = ("MCP 2025-11-25, server/tools",)


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each tool, one about further tools, and one about the order."""
    if not setting.tools:
        return
    origin = setting.model.surfaces[MCP].origin
    for endpoint in setting.tools:
        says = f"tools/list has {endpoint.action.name} with the texts, schemas and hints of {FILE}"
        yield promise(NAME, "listed", endpoint, says, endpoint.action.origin, CITE)
    if setting.model.behaviour.other_tools == "none":
        yield promise_at(
            NAME,
            "no_other",
            f"@{MCP}",
            "tools/list has no tool that the catalogue does not have",
            origin,
            CITE,
        )
    yield promise_at(
        NAME,
        "order",
        f"@{MCP}",
        f"tools/list has the order of {FILE}, and the same when it is asked again",
        origin,
        CITE,
    )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe that reads the list twice."""
    del roles
    if not setting.tools:
        return
    yield Probe(f"{NAME}/list@{MCP}", 1, _covers(setting), 2, partial(_run, setting), role="")


def _covers(setting: Setting) -> tuple[str, ...]:
    each = [f"{NAME}/listed/{d.place}" for d in setting.tools]
    others = [f"{NAME}/no_other@{MCP}"] if setting.model.behaviour.other_tools == "none" else []
    return (*each, *others, f"{NAME}/order@{MCP}")


def _run(setting: Setting) -> Conversation:
    listed, problem, closed = yield from read_pages(setting)
    first = list(listed)
    if not problem and not closed:
        again: Exchange = yield ask_page(None)
        page, cursor, problem = read_page(again)
        first = page if not cursor else listed
    if closed:
        yield from (judge_untested(contract, closed) for contract in _covers(setting))
    else:
        yield from _judge_tools(setting, listed, first, problem)


def _judge_tools(setting: Setting, listed: list[Any], again: list[Any], problem: str) -> Conversation:
    document = build_file(setting, FILE)
    expected = plain(document.data["tools"]) if document is not None else []
    found = {t.get("name"): t for t in reversed(listed) if isinstance(t, Mapping)}
    every = list_offered(setting.model.surfaces[MCP])
    own = [tool for action, tool in zip(every, expected, strict=True) if action.alias_of is None]
    for endpoint, tool in zip(setting.tools, own, strict=True):
        contract, name = f"{NAME}/listed/{endpoint.place}", tool["name"]
        if problem:
            yield judge_broken(contract, f"the tool {name}", problem)
        elif name not in found:
            yield judge_broken(contract, f"the tool {name}", f"{name} is not listed")
        elif where := _compare(setting, endpoint, tool, found[name]):
            yield judge_broken(
                contract,
                f"{name} as built, {where}: {show_member(tool, where)}",
                f"{where} differs: {show_member(found[name], where)}",
            )
        else:
            yield judge_kept(contract)
    names = [t.get("name") if isinstance(t, Mapping) else None for t in listed]
    known = [t["name"] for t in expected]
    if problem:
        return
    if setting.model.behaviour.other_tools == "none":
        others = [str(n) for n in names if n not in known]
        others += [f"{n} twice" for n in known if names.count(n) > 1]
        contract = f"{NAME}/no_other@{MCP}"
        yield (
            judge_broken(contract, "the catalogue's tools", f"also listed: {', '.join(others)[:200]}")
            if others
            else judge_kept(contract)
        )
    contract = f"{NAME}/order@{MCP}"
    ours = [n for n in names if n in known]
    if ours != [n for n in known if n in ours]:
        yield judge_broken(contract, ", ".join(known), f"it lists {', '.join(map(str, ours))}")
    elif [t.get("name") if isinstance(t, Mapping) else None for t in again] != names:
        yield judge_broken(contract, "the same list again", "the second list is another")
    else:
        yield judge_kept(contract)


def _compare(setting: Setting, endpoint: Endpoint, expected: Any, found: Any) -> str:
    """Return where a listed tool differs from the built one.

    If only the MCP server has the tool, only a difference in meaning counts.
    """
    if setting.model.is_only_tool(endpoint.action):
        return find_other_meaning(expected, found)
    return find_difference(expected, found)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    tools=True,
    rank=Rank.UNDOCUMENTED,
)
