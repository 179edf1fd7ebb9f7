"""Judge tools as an MCP server lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.base.jsonschema.schema import list_problems
from pgagents.lint.tools.tool_judge import Found, Tool, ToolJudge, parts

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.A)
_KEY = re.compile(r"idempoten(?:t|cy)", re.I)
"""The names of idempotency keys."""
_HINTS = {
    "readOnlyHint": "false",
    "destructiveHint": "true",
    "idempotentHint": "false",
    "openWorldHint": "true",
}


def judge(tools: Sequence[Tool], _whole: Any) -> Iterator[Found]:
    """Yield violations of the specification, and problems of its clients."""
    for tool in tools:
        if not isinstance(tool.name, str) or not _NAME.fullmatch(tool.name):
            said = f"tool name `{tool.shown}` is not of letters, digits, `_`, `-` and `.`, at most 128"
            yield Found("mcp.tool-name-characters", said, (*tool.at, "name"), "rename it")
        if not isinstance(tool.description, str) or not tool.description.strip():
            yield Found(
                "mcp.tool-name",
                f"`{tool.shown}` has no description, without which no model calls it",
                tool.at,
                "add `description`",
            )
        if not isinstance(tool.schema, dict) or tool.schema.get("type") != "object":
            said = (
                f"`inputSchema` of `{tool.shown}` is not an object schema; one such tool makes the whole "
                "list fail"
            )
            yield Found("mcp.input-object", said, tool.schema_at, "`type: object`")
        answer = tool.members.get("outputSchema")
        if isinstance(answer, dict) and answer.get("type") != "object":
            what = f"`outputSchema` of `{tool.shown}`"
            said = f"{what} is not an object schema, which clients up to 2025-11-25 refuse"
            yield Found(
                "mcp.output-object", said, (*tool.at, "outputSchema"), "put it into a member of an object"
            )
        yield from _invalid(tool)
        yield from _hints(tool)
        yield from _repeats(tool)


def _invalid(tool: Tool) -> Iterator[Found]:
    for schema, at in (
        (tool.schema, tool.schema_at),
        (tool.members.get("outputSchema"), (*tool.at, "outputSchema")),
    ):
        if isinstance(schema, dict):
            for path, message in list_problems(schema)[:5]:
                said = f"the schema of `{tool.shown}` is not a JSON Schema: {message[:160]}"
                yield Found("mcp.input-object", said, (*at, *path), "correct it")
            for node, place, _ in parts(schema, at):
                if isinstance(node.get("$ref"), str) and not node["$ref"].startswith("#"):
                    said = f"`$ref` of `{tool.shown}` leads out of the tool; clients must not fetch it"
                    yield Found("mcp.input-object", said, (*place, "$ref"), "write the schema in")


def _hints(tool: Tool) -> Iterator[Found]:
    written = tool.members.get("annotations")
    hints = written if isinstance(written, dict) else {}
    idle = (
        ("destructiveHint", "idempotentHint") if hints.get("readOnlyHint") is True else ()
    )  # these hints mean nothing for a tool that only reads
    missing = [hint for hint in _HINTS if hint not in hints and hint not in idle]
    if missing:
        rows = {
            "readOnlyHint": "mcp.read-only",
            "destructiveHint": "mcp.destructive",
            "idempotentHint": "mcp.idempotent",
        }
        told = ", ".join(f"{hint} ({_HINTS[hint]})" for hint in missing)
        said = f"`{tool.shown}` leaves {told} to their defaults, the pessimistic ones"
        yield Found(
            rows.get(missing[0], "mcp.open-world"),
            said,
            tool.at,
            "say all that are not so" if not hints.get("readOnlyHint") else "say it",
            "note",
        )


def _repeats(tool: Tool) -> Iterator[Found]:
    """Yield a note if a tool claims to be idempotent, and only a key that a call may lack makes it so."""
    hints, schema = tool.members.get("annotations"), tool.schema
    if not isinstance(hints, dict) or not isinstance(schema, dict):
        return
    if hints.get("idempotentHint") is not True or hints.get("readOnlyHint") is True:
        return
    members, required = schema.get("properties"), schema.get("required")
    for name in members if isinstance(members, dict) else ():
        if _KEY.search(str(name)) and name not in (required if isinstance(required, list) else ()):
            said = f"`{tool.shown}` says idempotentHint: true, and a call may lack `{str(name)[:80]}`"
            help = "require the key, or say false unless equal calls without it are one"
            yield Found("mcp.idempotent", said, (*tool.at, "annotations", "idempotentHint"), help, "note")


JUDGE = ToolJudge("MCP clients", judge, "mcp")
