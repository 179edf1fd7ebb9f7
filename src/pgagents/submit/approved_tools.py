"""Call the tools of an MCP server that no catalogue describes, by the definitions that a store has approved.

Nothing but the two schemas of a tool says which values a call may have. So the same values are sent in a call
by the new schema, too. Only if the server takes that one does a refusal count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.base.places import Pointer
from pgagents.diff.listings import SCANNING, Package
from pgagents.lint.document import read
from pgagents.submit.approved import Approved, find_schema_problem, read_tools
from pgagents.submit.approved_calls import (
    MOST_READS,
    MOST_SHOWN,
    MOST_WORDS,
    WHY,
    ApprovedCall,
    Kind,
    find_member,
    find_misfit,
)
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting
from pgagents.verify.tools import ListedTool, ToolArguments, call_tool, list_tools
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import error_of, result_of, text_of

PACKAGE = Package("", "")
"""Stands for the package, of which a list of tools says nothing."""
NO_VALUES = "no valid arguments are known: give its schema `examples`"
MAY_WRITE = "its hints or its name do not say that it only reads: --allow TOOL calls it, --reads TOOL says so"
MADE_UP = "the server refuses an ordinary call, whose values may be made up: give its schema `examples`"
PLACES: tuple[Pointer, ...] = (("tools",), ("result", "tools"))
"""The places of the list in the result of `tools/list` and in its message. Else the file is the list."""
HELP = "give the answer of `tools/list`, as the store had it"


def read_list(raw: bytes, named: str) -> Approved:
    """Read a list of tools that a store approved: the answer of `tools/list`, its result, or the bare list.

    Raises InputError with the place of what is wrong, and PgagentsError for a file with no tool.
    """
    source = read(raw, named)
    at = next((at for at in PLACES if source.has(at)), ()) if isinstance(source.data, Mapping) else ()
    tools = read_tools(source, at)
    if not tools:
        raise PgagentsError(f"{named}: it lists no tool", HELP)
    packages = dict.fromkeys(sorted(SCANNING), PACKAGE)
    return Approved(named, tools, source, packages, {}, tools_at=at)


@dataclass(slots=True)
class ApprovedTools:
    """A companion of a run against an MCP server alone: calls each approved tool that may be called.

    `approved` and `listed` are definitions by name. `witnesses` are arguments by tool that an approved schema
    allows and the listed one does not.
    """

    approved: Mapping[str, Mapping[str, Any]]
    listed: Mapping[str, Mapping[str, Any]]
    witnesses: Mapping[str, Mapping[str, Any]]
    calls: list[ApprovedCall] = field(default_factory=list)
    untried: dict[str, str] = field(default_factory=dict)
    """The reasons for tools whose calls could not be made, by name."""
    _redact: Callable[[str], str] = field(default=str)

    @property
    def most_requests(self) -> int:
        """The number of requests that its probes may take beyond the plan's."""
        return (MOST_READS + 1) * len(self.approved)

    def begin(self, redact: Callable[[str], str]) -> None:
        """Receive the function that masks secrets in a text."""
        self._redact = redact

    def note(self, exchange: Exchange) -> None:
        """Receive an exchange of the run; only its own calls matter, whose probes get them."""

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        """Yield a probe for each approved tool that the server lists and that may be called."""
        del roles
        for tool in list_tools(setting):
            if tool.name not in self.approved or find_schema_problem(tool.definition):
                continue
            if tool.withheld is not None:
                self.untried[tool.name] = MAY_WRITE
                continue
            chosen = self._choose(tool.name)
            run = partial(self._converse, tool, chosen)
            tell = partial(self.untried.__setitem__, tool.name)
            yield Probe(
                f"approved/{tool.name}/{tool.name}@{MCP}", 9, (), len(chosen) + 1, run, role="", tell=tell
            )

    def _choose(self, name: str) -> list[dict[str, Any]]:
        """Return the arguments of the approved calls, the usual ones first."""
        then, now = ToolArguments(self.approved[name]["inputSchema"]), self._make_new(name)
        members = self.approved[name]["inputSchema"].get("properties")
        known = members if isinstance(members, Mapping) else {}
        usual = dict(then.find_example() or then.make_ordinary() or {})
        usual |= {n: v for n, v in (now or {}).items() if n in usual and _fits(known.get(n), v)}
        several: list[dict[str, Any]] = [usual]
        witness = self.witnesses.get(name)
        if witness is not None:
            several += [{**witness, **{n: v for n, v in usual.items() if n in witness}}, dict(witness)]
        base = then.make_ordinary() or {}
        several += [{**usual, **_differ(base, one)} for one in then.list_chosen()]
        whole = then.make_whole()
        several += [{**whole, **usual}] if whole is not None else []
        test = foreign_validator(self.approved[name]["inputSchema"])
        chosen: list[dict[str, Any]] = []
        for one in several:
            if one not in chosen and test.is_valid(one):
                chosen.append(one)
        return chosen[:MOST_READS]

    def _make_new(self, name: str) -> Mapping[str, Any] | None:
        """Return the arguments of an ordinary call by the listed schema; None if none are known."""
        now = ToolArguments(self.listed[name]["inputSchema"])
        return now.find_example() or now.make_ordinary()

    def _converse(self, tool: ListedTool, chosen: Sequence[Mapping[str, Any]]) -> None:
        """Call the tool by its new schema first, and then by the approved one."""
        new = self._make_new(tool.name)
        if new is None or not chosen:
            self.untried[tool.name] = NO_VALUES
            return
        first = ask(call_tool(tool.name, new, WHY))
        works = read_kind(first)[0] == "taken"
        for arguments in chosen:
            exchange = first
            if arguments != new:
                exchange = ask(call_tool(tool.name, arguments, WHY))
            self.calls.append(self._judge(tool.name, arguments, exchange, works=works))

    def _judge(
        self, name: str, arguments: Mapping[str, Any], exchange: Exchange, *, works: bool
    ) -> ApprovedCall:
        listed = self.listed[name]["inputSchema"]
        breaks = not foreign_validator(listed).is_valid(arguments)
        kind, words = read_kind(exchange)
        member = find_member(arguments, listed) if breaks else ""
        if kind == "taken":
            result = result_of(exchange.answer)
            assert result is not None
            member, problem = find_misfit(self.approved[name], result)
            kind, words = ("other answer", problem) if problem else ("taken", "")
        elif kind == "refused" and not (breaks and works):
            kind, words = "not shown", MADE_UP
        shown = self._redact(json.dumps(arguments, ensure_ascii=False, default=str))[:MOST_SHOWN]
        words = self._redact(" ".join(words.split()))[:MOST_WORDS]
        return ApprovedCall(name, kind, shown, words, member, breaks)


def read_kind(exchange: Exchange) -> tuple[Kind, str]:
    """Return what a server made of a call of a tool, and its words."""
    result, error = result_of(exchange.answer), error_of(exchange.answer)
    if exchange.busy or (result is None and error is None):
        return "not shown", f"no answer: {exchange.outcome}"
    if result is None:
        return "refused", str(error.get("message") if isinstance(error, Mapping) else error)
    return ("refused" if result.get("isError") is True else "taken"), text_of(result)


def _differ(usual: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments in which a call differs from the usual one."""
    return {name: value for name, value in other.items() if usual.get(name) != value}


def _fits(schema: Any, value: Any) -> bool:
    try:
        return isinstance(schema, Mapping) and bool(foreign_validator(schema).is_valid(value))
    except ValueError:
        return False
