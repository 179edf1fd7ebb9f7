"""Judge function tools for xAI's Grok, nested and flat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.lint.facts import XAI_ENFORCED
from pgagents.lint.tools.tool_judge import Found, Tool, ToolJudge, boolean_schemas, parts, types

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LOW, _HIGH = 128, 200
_PATTERN = re.compile(r"\(\?|\\[1-9bBpP]")


def judge(tools: Sequence[Tool], _whole: Any) -> Iterator[Found]:
    """Yield the objections of the API's documents to the list."""
    if len(tools) > _LOW:
        said = f"{len(tools)} tools; one page says at most {_LOW}, another {_HIGH}"
        yield Found("xai.most-tools", said, (), "offer fewer", None if len(tools) > _HIGH else "warning")
    for tool in tools:
        if not isinstance(tool.name, str) or not _NAME.fullmatch(tool.name):
            said = f"function name `{tool.shown}` is not what OpenAI's interface takes; xAI publishes no rule"
            yield Found(
                "xai.name", said, (*tool.at, "name"), "letters, digits, `_` and `-`, at most 64", "warning"
            )
        for key in ("description", "parameters"):
            if not tool.members.get(key):
                yield Found(
                    "xai.nested" if "function" in tool.at else "xai.flat",
                    f"`{tool.shown}` has no `{key}`",
                    tool.at,
                    f"add `{key}`",
                )
        if tool.strict is not None:
            yield Found(
                "xai.strict",
                f"`strict` of `{tool.shown}` is ignored",
                (*tool.at, "strict"),
                "leave it out",
                "note",
            )
        if tool.style:
            yield from _root(tool)
            for node, at, _ in parts(tool.schema, tool.schema_at):
                yield from _part(tool, node, at)


def _root(tool: Tool) -> Iterator[Found]:
    root = tool.schema if isinstance(tool.schema, dict) else {}
    union = next((root[key] for key in ("anyOf", "oneOf") if isinstance(root.get(key), list)), None)
    objects = union is not None and all(isinstance(b, dict) and types(b) == {"object"} for b in union)
    if types(root) != {"object"} and not objects:
        yield Found(
            "xai.root-object",
            f"the root of `{tool.shown}` is neither an object nor a choice of objects",
            tool.schema_at,
            "`type: object`",
        )


def _part(tool: Tool, node: dict[str, Any], at: tuple[Any, ...]) -> Iterator[Found]:
    for key in ("enum", "anyOf"):
        if node.get(key) == []:
            yield Found(
                "xai.keywords",
                f"`{key}` in `{tool.shown}` is empty, which is refused",
                (*at, key),
                "leave it out",
            )
    for key in ("minContains", "maxContains"):
        if key in node:
            yield Found("xai.keywords", f"`{key}` in `{tool.shown}` is refused", (*at, key), "leave it out")
    if isinstance(node.get("items"), list):
        yield Found(
            "xai.keywords",
            f"`items` in `{tool.shown}` is a list, which is refused",
            (*at, "items"),
            "use `prefixItems`",
        )
    for name in boolean_schemas(node):
        yield Found(
            "xai.keywords",
            f"the schema of `{name}` in `{tool.shown}` is true or false, which is refused",
            (*at, "properties", name),
            "write it out",
        )
    if "object" in types(node) and "additionalProperties" not in node and not node.get("properties"):
        said = f"an object of `{tool.shown}` names no members; Grok then takes none"
        yield Found("xai.additional-properties", said, at, "say `additionalProperties: true`", "warning")
    if isinstance(node.get("pattern"), str) and _PATTERN.search(node["pattern"]):
        said = f"the pattern in `{tool.shown}` looks around, refers back, or uses flags, `\\b` or `\\p`"
        yield Found(
            "xai.patterns", said, (*at, "pattern"), "write it without; it always matches the whole text"
        )
    for key, most in XAI_ENFORCED.items():
        if isinstance(node.get(key), int) and node[key] > most:
            yield Found(
                "xai.bounds",
                f"`{key}` {node[key]:,} in `{tool.shown}` is not enforced past {most:,}",
                (*at, key),
                "ask for less",
                "note",
            )


JUDGE = ToolJudge("xAI's API", judge, "xai", like_openai=True)
