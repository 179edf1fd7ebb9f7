"""Find the judge of a function list by its form. A module under `judges` is one vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from pgagents.base.errors import Severity
from pgagents.base.jsonschema.walk import children
from pgagents.base.places import Pointer
from pgagents.base.registry import collect

# -- the forms in which vendors accept function tools


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


# -- the type of a finding


@dataclass(frozen=True, slots=True)
class Found:
    """A finding. `requirement` names the row of schemas/requirements.

    A MUST is an error and a SHOULD a warning, unless `severity` says otherwise.
    """

    requirement: str
    message: str
    pointer: Pointer
    help: str
    severity: Severity | None = None


PACKAGE = "pgagents.lint.tools.judges"


@dataclass(frozen=True, slots=True)
class ToolJudge:
    """One vendor's judge. Its name is that of its module, followed by `-tools`.

    `title` names the vendor's API in reports. `vendor` is the requirements file that findings refer to.
    `like_openai` is true for lists in OpenAI's form. Only a folder with the module's name, as in the output
    of `build`, distinguishes them.
    """

    title: str
    judge: Callable[[Sequence[Tool], Any], Iterator[Found]]
    vendor: str
    like_openai: bool = False


@cache
def list_judges() -> Mapping[str, ToolJudge]:
    """Return every judge of function lists by its name."""
    return MappingProxyType({f"{name}-tools": module.JUDGE for name, module in collect(PACKAGE).items()})


# -- the schemas of arguments, part by part


def parts(schema: Any, at: Pointer) -> Iterator[tuple[dict[str, Any], Pointer, int]]:
    """Yield the schema and all schemas inside it, each with its place and nesting depth.

    Values that are not mappings are skipped.
    """
    stack: list[tuple[Any, Pointer, int]] = [(schema, at, 1)]
    while stack:
        node, here, depth = stack.pop()
        if not isinstance(node, dict):
            continue
        yield node, here, depth
        found = [
            (inner.schema, (*here, *inner.steps), depth + (inner.kind != "value")) for inner in children(node)
        ]
        stack.extend(reversed(found))


def types(node: dict[str, Any]) -> set[str]:
    """Return the node's types in lower case."""
    kind = node.get("type")
    listed = kind if isinstance(kind, list) else [kind]
    return {k.lower() for k in listed if isinstance(k, str)}


def context(at: Pointer, root: Pointer) -> tuple[str, ...]:
    """Return the place inside the schema in the notation of OpenAI's API."""
    return tuple(str(step) for step in at[len(root) :])


def boolean_schemas(node: dict[str, Any]) -> list[str]:
    """Return the members whose schema is just true or false."""
    members = node.get("properties")
    return (
        [str(name) for name, part in members.items() if isinstance(part, bool)]
        if isinstance(members, dict)
        else []
    )
