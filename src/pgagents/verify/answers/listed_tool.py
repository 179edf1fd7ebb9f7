"""Compare a tool that only an MCP server has with its entry in `tools/list`: by meaning, not by letter.

Such a server is rarely made from the catalogue, so its schemas have other forms. They mean the same if they
allow and refuse the same values. A server need not have titles, nor say whether a call is idempotent or
reaches an open world.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.jsonschema.schema import foreign_validator
from pgagents.verify.cases.tool_arguments import ToolArguments, inline_references

HINTS = {"readOnlyHint": False, "destructiveHint": True}
"""The hints that follow from an action's effect, with their defaults."""
IDLE = ("destructiveHint", "idempotentHint")
"""The hints that mean nothing of a tool that only reads."""
OPTIONAL = ("idempotentHint", "openWorldHint")
"""The hints that are compared only where a server has them."""


def find_other_meaning(built: Mapping[str, Any], listed: Mapping[str, Any]) -> str:
    """Return the JSON pointer at which a listed tool first means something else; empty if it does not."""
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
    """Yield arguments that a schema allows, and some that it does not."""
    made = ToolArguments(schema)
    yield from (value for value in (made.make_ordinary(), made.make_whole()) if value is not None)
    yield from made.list_chosen()
    yield from (wrong.arguments for wrong in made.list_wrong())


def _open(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of arguments without its word on further ones, on which servers and SDKs differ."""
    return {key: value for key, value in schema.items() if key != "additionalProperties"}


def _members(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = inline_references(schema).get("properties")
    members = found.items() if isinstance(found, Mapping) else ()
    return {str(name): part for name, part in members if isinstance(part, Mapping)}


def _words(text: Any) -> str:
    return " ".join(text.split()) if isinstance(text, str) else ""
