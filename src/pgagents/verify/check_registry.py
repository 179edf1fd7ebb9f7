"""The registry of checks: each module in `verify/checks/<area>` and `verify/tool_checks` has one, `CHECK`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pgagents.base import registry
from pgagents.verify.promise import Check
from pgagents.verify.setting import Setting

CHECKS = "pgagents.verify.checks"
CHECKS_OF_TOOLS = "pgagents.verify.tool_checks"
SHARED = ("mcp_transport",)
"""Checks without a need for a catalogue. A server with a catalogue is held to them, too."""


@cache
def collect() -> Mapping[str, Check]:
    """Return all checks by name, in the order in which their watchers run: by turn, then by name."""
    found: dict[str, Check] = {
        name: module.CHECK for name, module in registry.collect_by_name(CHECKS).items()
    }
    misnamed = sorted(name for name, check in found.items() if check.name != name)
    assert not misnamed, f"checks whose name is not that of their module: {misnamed}"
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: (item[1].turn, item[0]))))


@cache
def collect_of_tools() -> Mapping[str, Check]:
    """Return the checks of an MCP server that no catalogue describes, by name."""
    found = {name: module.CHECK for name, module in registry.collect_by_name(CHECKS_OF_TOOLS).items()}
    found |= {name: collect()[name] for name in SHARED}
    return MappingProxyType(dict(sorted(found.items())))


def checks_for(setting: Setting) -> Mapping[str, Check]:
    """Return the checks of a run by name: those of a catalogue, or those of an MCP server without one."""
    return collect() if setting.listing is None else collect_of_tools()
