"""The MCP server lists exactly the catalogue's tools, as in the generated `mcp/tools.json`, and in the same
order every time.

`tools/list` is read twice. Texts, schemas and hints must be equal; a tool may have more annotations and
metadata than were built. A tool that only the MCP server has must mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.generate.formerly import list_offered
from pgagents.http import json_bytes
from pgagents.model.contract import Contract
from pgagents.source.origin import plain
from pgagents.verify.answers.listed_tool import find_other_meaning
from pgagents.verify.answers.tool_pages import ask_page, read_page, read_pages
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
    promise_at,
)
from pgagents.verify.check.memory import Setting
from pgagents.verify.projections.documents import build_file
from pgagents.verify.wire.endpoint import MCP, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "mcp_tools"
FILE = "mcp/tools.json"
CITE = ("MCP 2025-11-25, server/tools",)
MOST_SHOWN = 80
SETS = ("required", "enum", "type")
"""Keywords of a schema whose list has no order."""
MORE = ("_meta", "icons", "execution", "annotations")
"""Members of a tool that may hold more than was built."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each tool, one about other tools, and one about the order."""
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
    yield Probe(f"{NAME}/list@{MCP}", 1, _covers(setting), 2, _run(setting), role="")


def _covers(setting: Setting) -> tuple[str, ...]:
    each = [f"{NAME}/listed/{d.place}" for d in setting.tools]
    others = [f"{NAME}/no_other@{MCP}"] if setting.model.behaviour.other_tools == "none" else []
    return (*each, *others, f"{NAME}/order@{MCP}")


def _run(setting: Setting) -> Callable[[], Conversation]:
    def run() -> Conversation:
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

    return run


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
                f"{name} as built, {where}: {_at(tool, where)}",
                f"{where} differs: {_at(found[name], where)}",
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
    """Return where a listed tool differs: in meaning if only the MCP server has it, else in anything."""
    if setting.model.is_only_tool(endpoint.action):
        return find_other_meaning(expected, found)
    return _difference(expected, found)


def _difference(expected: Any, found: Any, path: str = "#", depth: int = 0) -> str:
    """Return the JSON pointer at which a listed tool first differs from the built one; empty if it does
    not.
    """
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        open_ended = depth == 1 and path.rpartition("/")[2] in MORE
        for name in [*expected, *(k for k in found if k not in expected)]:
            at = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name not in expected and (open_ended or (depth == 0 and name in MORE) or name == "$schema"):
                continue
            if name not in found or name not in expected:
                return at
            if where := _difference(expected[name], found[name], at, depth + 1):
                return where
        return ""
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return path
        if path.rpartition("/")[2] in SETS:
            return "" if sorted(expected, key=repr) == sorted(found, key=repr) else path
        pairs = enumerate(zip(expected, found, strict=True))
        return next(
            (where for i, (a, b) in pairs if (where := _difference(a, b, f"{path}/{i}", depth + 1))), ""
        )
    same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
    return "" if same else path


def _at(tool: Any, pointer: str) -> str:
    """Return the value at a JSON pointer as short text."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(tool, Mapping) and name in tool:
            tool = tool[name]
        elif isinstance(tool, list) and name.isdecimal() and int(name) < len(tool):
            tool = tool[int(name)]
        else:
            return "nothing"
    text = json_bytes(tool).decode()
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    tools=True,
)
