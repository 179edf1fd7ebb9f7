"""The forms in which vendors accept function tools, recognised by their content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.source.source import Pointer

GEMINI = ("functionDeclarations", "function_declarations")


@dataclass(frozen=True, slots=True)
class Tool:
    """One function. `at` is the place of its members, `schema_at` that of its arguments' schema.

    `style` is the name of the member that holds this schema.
    """

    name: Any
    description: Any
    schema: Any
    strict: Any
    members: Mapping[str, Any]
    at: Pointer
    schema_at: Pointer
    style: str

    @property
    def shown(self) -> str:
        """The name for messages."""
        return self.name[:80] if isinstance(self.name, str) else "?"


def kind(data: Any) -> str | None:
    """Return the name of the judge for a tool list, by its first tool; None for any other document."""
    if isinstance(data, dict) and any(key in data for key in GEMINI):
        return "gemini-tools"
    listed, _ = _find_tools(data)
    first = listed[0] if listed else None
    if not isinstance(first, dict):
        return None
    if any(key in first for key in GEMINI):
        return "gemini-tools"
    if "inputSchema" in first:
        return "mcp-tools"
    if "input_schema" in first:
        return "anthropic-tools"
    if first.get("type") == "function" and ("function" in first or "name" in first):
        return "openai-tools"
    return None


def tools(data: Any) -> Iterator[Tool]:
    """Yield every function of the list, in any form. Other kinds of tools are skipped."""
    listed, at = (
        ([data], ()) if isinstance(data, dict) and any(key in data for key in GEMINI) else _find_tools(data)
    )
    for n, item in enumerate(listed):
        here: Pointer = at if item is data else (*at, n)
        if not isinstance(item, dict):
            continue
        key = next((key for key in GEMINI if key in item), None)
        if key is not None:
            declared = item[key]
            for m, one in enumerate(declared if isinstance(declared, list) else ()):
                if isinstance(one, dict):
                    yield _tool(one, (*here, key, m))
        elif item.get("type") == "function" and isinstance(item.get("function"), dict):
            yield _tool(item["function"], (*here, "function"))
        elif (
            item.get("type", "function") in ("function", "custom")
            or "inputSchema" in item
            or "input_schema" in item
        ):
            yield _tool(item, here)


def _find_tools(data: Any) -> tuple[list[Any], Pointer]:
    if isinstance(data, list):
        return data, ()
    inside = data.get("tools") if isinstance(data, dict) else None
    return (inside, ("tools",)) if isinstance(inside, list) else ([], ())


_STYLES = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema", "parameters_json_schema")


def _tool(members: Mapping[str, Any], at: Pointer) -> Tool:
    style = next((key for key in _STYLES if key in members), "")
    return Tool(
        members.get("name"),
        members.get("description"),
        members.get(style),
        members.get("strict"),
        members,
        at,
        (*at, style) if style else at,
        style,
    )
