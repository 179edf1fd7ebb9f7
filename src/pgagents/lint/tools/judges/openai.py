"""Judge function tools for OpenAI's chat completions (nested) and responses (flat), strict and not strict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.base.jsonschema.agreement import find_clashes
from pgagents.base.places import read_step
from pgagents.lint.tools.tool_judge import Found, Tool, ToolJudge, context, parts, types

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MOST = 128
_UNSUPPORTED_WORDS = """
$anchor $dynamicAnchor $dynamicRef $recursiveAnchor $recursiveRef allOf not dependentRequired dependentSchemas
if then else oneOf patternProperties prefixItems contains minContains maxContains minProperties maxProperties
uniqueItems unevaluatedItems unevaluatedProperties propertyNames contentEncoding contentMediaType
contentSchema additionalItems dependencies
"""
_UNSUPPORTED = frozenset(_UNSUPPORTED_WORDS.split())
_FORMATS_WORDS = "date-time time date duration email hostname ipv4 ipv6 uuid"
_FORMATS = frozenset(_FORMATS_WORDS.split())
_PROPERTIES, _DEPTH, _CHARACTERS, _ENUMS = 5000, 10, 120_000, 1000


def judge(tools: Sequence[Tool], _whole: Any) -> Iterator[Found]:
    """Yield the API's objections to the list, verbatim if its messages are known."""
    if len(tools) > _MOST:
        said = "Invalid 'tools': array too long. Expected an array with maximum length "
        said += f"{_MOST}, but got an array with length {len(tools)} instead."
        yield Found("openai.tools-most", said, (), "offer fewer functions in one request")
    for tool in tools:
        if not isinstance(tool.name, str) or not _NAME.fullmatch(tool.name):
            said = f"function name `{tool.shown}` is not of letters, digits, `_` and `-`, at most 64"
            yield Found(
                "openai.tools-name", said, (*tool.at, "name"), "rename it; dots are the usual culprit"
            )
        yield from (_strict if tool.strict is True else _loose)(tool)
        if tool.strict is None and "function" not in tool.at and tool.style:
            said = (
                f"`{tool.shown}` does not say `strict`; a response then tries to hold the model to the schema"
            )
            yield Found(
                "openai.tools-silence-is-strict", said, tool.at, "say `strict: true` or `false`", "note"
            )


def _loose(tool: Tool) -> Iterator[Found]:
    for node, at, _ in parts(tool.schema, tool.schema_at):
        begin = f"Invalid schema for function '{tool.shown}': In context={context(at, tool.schema_at)!r}, "
        if "object" in types(node) and not isinstance(node.get("properties"), dict):
            yield Found(
                "openai.tools-properties",
                f"{begin}object schema missing properties.",
                at,
                "add `properties`, empty at least",
            )
        if "array" in types(node) and "items" not in node:
            yield Found("openai.tools-items", f"{begin}array schema missing items.", at, "add `items`")


def _strict(tool: Tool) -> Iterator[Found]:
    root = tool.schema if isinstance(tool.schema, dict) else {}
    if types(root) != {"object"} or "anyOf" in root:
        yield Found(
            "openai.strict-root",
            f"the arguments of `{tool.shown}` are not a plain object",
            tool.schema_at,
            "make the root `type: object`",
        )
    names = characters = enums = deepest = 0
    for node, at, depth in parts(root, tool.schema_at):
        yield from _strict_part(tool, node, at)
        members = node.get("properties") if isinstance(node.get("properties"), dict) else {}
        choices = node.get("enum") if isinstance(node.get("enum"), list) else []
        names += len(members or ())
        enums += len(choices or ())
        texts = [*map(str, members or ()), *(c for c in choices or () if isinstance(c, str))]
        characters += sum(map(len, texts))
        deepest = max(deepest, depth)
    for count, most, what, row in (
        (names, _PROPERTIES, "members", "openai.strict-size"),
        (deepest, _DEPTH, "levels", "openai.strict-size"),
        (characters, _CHARACTERS, "characters of names and choices", "openai.strict-size"),
        (enums, _ENUMS, "choices", "openai.strict-enums"),
    ):
        if count > most:
            yield Found(
                row,
                f"`{tool.shown}` has {count:,} {what}; strict mode takes {most:,}",
                tool.schema_at,
                "make it smaller, or not strict",
            )


def _strict_part(tool: Tool, node: dict[str, Any], at: tuple[Any, ...]) -> Iterator[Found]:
    if "object" in types(node):
        if node.get("additionalProperties") is not False:
            said = f"an object of `{tool.shown}` does not say `additionalProperties: false`"
            yield Found("openai.strict-closed", said, at, "add it, or set `strict: false`")
        members = node.get("properties") if isinstance(node.get("properties"), dict) else {}
        required = node.get("required") if isinstance(node.get("required"), list) else []
        missing = [str(name) for name in members or () if name not in (required or [])]
        if missing:
            said = f"`{tool.shown}` does not require {', '.join(missing[:5])}"
            yield Found(
                "openai.strict-all-required", said, at, "require every member; let an optional one be null"
            )
    for key in node.keys() & _UNSUPPORTED:
        yield Found(
            "openai.strict-keywords",
            f"`{key}` in `{tool.shown}` is not supported by strict mode",
            (*at, key),
            "leave it out",
        )
    for clash in find_clashes(node):
        if clash.keyword in ("enum", "const") and clash.wrong_type:
            said = f"Invalid schema for function '{tool.shown}': {clash.message}"
            yield Found("openai.strict-values", said, (*at, clash.keyword), "write values of the type")
    if "$id" in node and at != tool.schema_at:
        said = f"`$id` inside the schema of `{tool.shown}` is not supported by strict mode"
        yield Found("openai.strict-keywords", said, (*at, "$id"), "leave it out")
    if isinstance(node.get("$ref"), str) and not _leads(tool.schema, node["$ref"]):
        said = f"`$ref` {node['$ref'][:60]!r} of `{tool.shown}` leads to nothing inside its schema"
        yield Found("openai.strict-keywords", said, (*at, "$ref"), "put what it names under `$defs`")
    if isinstance(node.get("format"), str) and node["format"] not in _FORMATS:
        said = f"format `{node['format'][:40]}` in `{tool.shown}` is not supported by strict mode"
        yield Found(
            "openai.strict-formats",
            said,
            (*at, "format"),
            f"use one of {', '.join(sorted(_FORMATS))}, or none",
        )


def _leads(schema: Any, ref: str) -> bool:
    """True if the reference leads to a part of the schema."""
    if not ref.startswith("#"):
        return False
    for step in ref.removeprefix("#").split("/")[1:]:
        name = read_step(step)
        schema = schema.get(name) if isinstance(schema, dict) else None
    return schema is not None


JUDGE = ToolJudge("OpenAI's API", judge, "openai")
