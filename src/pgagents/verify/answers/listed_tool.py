"""Compare a tool with its entry in `tools/list`.

A tool of an action that the API offers too must equal the entry. A tool of the MCP server alone must only
mean the same. Such a server is rarely made from the catalogue, so its schemas have other forms. Two schemas
mean the same if they allow and refuse the same values. Titles are optional, and so are the hints on
idempotency and on an open world.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.http import json_bytes
from pgagents.jsonschema.schema import foreign_validator
from pgagents.verify.cases.tool_arguments import ToolArguments, inline_references

HINTS = {"readOnlyHint": False, "destructiveHint": True}
"""The default values of the hints that follow from an action's effect."""
IDLE = ("destructiveHint", "idempotentHint")
"""The hints that have no meaning for a tool that only reads."""
OPTIONAL = ("idempotentHint", "openWorldHint")
"""The hints that are compared only if the server sends them."""
MOST_SHOWN = 80
SETS = ("required", "enum", "type")
"""Keywords of a schema whose list is a set: its order does not matter."""
MORE = ("_meta", "icons", "execution", "annotations")
"""Members of a tool that a server may extend beyond the generated file."""


def find_other_meaning(built: Mapping[str, Any], listed: Mapping[str, Any]) -> str:
    """Return the JSON pointer of the first part of a listed tool with a different meaning; empty if all
    agree.
    """
    if _words(built.get("description")) != _words(listed.get("description")):
        return "#/description"
    hints = listed.get("annotations")
    hints = hints if isinstance(hints, Mapping) else {}
    titles = [t for t in (listed.get("title"), hints.get("title")) if isinstance(t, str) and t]
    if titles and built.get("title") not in titles:
        return "#/title"
    ours = built["annotations"]
    for hint in (*HINTS, *(name for name in OPTIONAL if name in hints)):
        idle = hint in IDLE and ours.get("readOnlyHint") is True
        if not idle and ours.get(hint) != hints.get(hint, HINTS.get(hint)):
            return f"#/annotations/{hint}"
    if "outputSchema" in built and not isinstance(listed.get("outputSchema"), Mapping):
        return "#/outputSchema"
    return _find_other_arguments(built["inputSchema"], listed.get("inputSchema"))


def _find_other_arguments(built: Mapping[str, Any], listed: Any) -> str:
    at = "#/inputSchema"
    if not isinstance(listed, Mapping):
        return at
    ours, theirs = _members(built), _members(listed)
    for name in [*ours, *(n for n in theirs if n not in ours)]:
        if name not in ours or name not in theirs:
            return f"{at}/properties/{name}"
        said = [_words(part.get("description")) for part in (ours[name], theirs[name])]
        if said[0] != said[1]:
            return f"{at}/properties/{name}/description"
    try:
        tests = [foreign_validator(_open(schema)) for schema in (built, listed)]
        values = [*_list_values(built), *_list_values(listed)]
    except ValueError:
        return at
    for value in values:
        if tests[0].is_valid(value) != tests[1].is_valid(value):
            return at
    return ""


def _list_values(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield arguments that a schema allows, and some that it refuses."""
    made = ToolArguments(schema)
    yield from (value for value in (made.make_ordinary(), made.make_whole()) if value is not None)
    yield from made.list_chosen()
    yield from (wrong.arguments for wrong in made.list_wrong())


def _open(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of arguments without `additionalProperties`, on which servers and SDKs differ."""
    return {key: value for key, value in schema.items() if key != "additionalProperties"}


def _members(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = inline_references(schema).get("properties")
    members = found.items() if isinstance(found, Mapping) else ()
    return {str(name): part for name, part in members if isinstance(part, Mapping)}


def _words(text: Any) -> str:
    return " ".join(text.split()) if isinstance(text, str) else ""


def find_difference(expected: Any, found: Any, path: str = "#", depth: int = 0) -> str:
    """Return the JSON pointer of the first difference between the listed and the built tool; empty if they
    are equal.
    """
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        open_ended = depth == 1 and path.rpartition("/")[2] in MORE
        for name in [*expected, *(k for k in found if k not in expected)]:
            at = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name not in expected and (open_ended or (depth == 0 and name in MORE) or name == "$schema"):
                continue
            if name not in found or name not in expected:
                return at
            if where := find_difference(expected[name], found[name], at, depth + 1):
                return where
        return ""
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return path
        if path.rpartition("/")[2] in SETS:
            return "" if sorted(expected, key=repr) == sorted(found, key=repr) else path
        pairs = enumerate(zip(expected, found, strict=True))
        return next(
            (where for i, (a, b) in pairs if (where := find_difference(a, b, f"{path}/{i}", depth + 1))), ""
        )
    same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
    return "" if same else path


def show_member(tool: Any, pointer: str) -> str:
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
