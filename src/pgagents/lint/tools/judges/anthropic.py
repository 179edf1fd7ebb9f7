"""Judge tools for Anthropic's Messages API, strict and not strict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.lint.tools.tool_judge import Found, Tool, ToolJudge, parts, types

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_TOOLS, _OPTIONAL, _UNIONS = 20, 24, 16
_UNSUPPORTED_WORDS = (
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength maxItems"
)
_UNSUPPORTED = frozenset(_UNSUPPORTED_WORDS.split())
_FORMATS_WORDS = "date-time time date duration email hostname uri ipv4 ipv6 uuid"
_FORMATS = frozenset(_FORMATS_WORDS.split())
_EXAMPLES = 100
"""The most examples of a tool that are judged."""
_PATTERN = re.compile(r"\(\?[=!<]|\\[1-9bB]")


def judge(tools: Sequence[Tool], _whole: Any) -> Iterator[Found]:
    """Yield the API's objections to the list."""
    for n, tool in enumerate(tools):
        if not isinstance(tool.name, str) or not _NAME.fullmatch(tool.name):
            said = f"tools.{n}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            yield Found("anthropic.name", said, (*tool.at, "name"), f"rename `{tool.shown}`")
        if (
            tool.style != "input_schema"
            or not isinstance(tool.schema, dict)
            or tool.schema.get("type") != "object"
        ):
            yield Found(
                "anthropic.input-object",
                f"`input_schema` of `{tool.shown}` is not an object schema",
                tool.schema_at,
                "`type: object`",
            )
        if not isinstance(tool.description, str) or not tool.description.strip():
            yield Found(
                "anthropic.description",
                f"`{tool.shown}` has no description",
                tool.at,
                "say what it does, when, and what comes back",
            )
        yield from _examples(tool)
    strict = [tool for tool in tools if tool.strict is True]
    for tool in strict:
        for node, at, _ in parts(tool.schema, tool.schema_at):
            yield from _part(tool, node, at)
    yield from _budgets(strict)


def _examples(tool: Tool) -> Iterator[Found]:
    """Yield a finding for each example of the arguments that its own schema refuses."""
    examples = tool.members.get("input_examples")
    if examples is None:
        return
    at = (*tool.at, "input_examples")
    if not isinstance(examples, list) or not isinstance(tool.schema, dict):
        yield Found(
            "anthropic.input-examples",
            f"`input_examples` of `{tool.shown}` is not a list",
            at,
            "write a list",
        )
        return
    try:
        judge = foreign_validator(tool.schema)
    except ValueError:
        return  # other findings tell of a schema that is none
    for n, example in enumerate(examples[:_EXAMPLES]):
        error = next(iter(judge.iter_errors(example)), None)
        if error is not None:
            said = f"example {n + 1} of `{tool.shown}` does not fit its `input_schema`: "
            words = " ".join(error.message.split())[:200]
            yield Found("anthropic.input-examples", said + words, (*at, n), "correct it, or leave it out")


def _part(tool: Tool, node: dict[str, Any], at: tuple[Any, ...]) -> Iterator[Found]:
    if "object" in types(node) and node.get("additionalProperties") is not False:
        yield Found(
            "anthropic.strict-closed",
            f"an object of `{tool.shown}` does not say `additionalProperties: false`",
            at,
            "add it",
        )
    for key in node.keys() & _UNSUPPORTED:
        said = f"`{key}` in `{tool.shown}` is not supported by strict tools"
        yield Found("anthropic.strict-keywords", said, (*at, key), "say it in the description")
    if node.get("minItems", 0) not in (0, 1):
        yield Found(
            "anthropic.strict-min-items",
            f"`minItems` of `{tool.shown}` is past 1",
            (*at, "minItems"),
            "0 or 1",
        )
    if isinstance(node.get("format"), str) and node["format"] not in _FORMATS:
        said = f"format `{node['format'][:40]}` in `{tool.shown}` is not supported by strict tools"
        yield Found("anthropic.strict-formats", said, (*at, "format"), "leave it out")
    if isinstance(node.get("pattern"), str) and _PATTERN.search(node["pattern"]):
        said = f"the pattern in `{tool.shown}` looks around, refers back, or asks for a word's boundary"
        yield Found("anthropic.strict-patterns", said, (*at, "pattern"), "write it without")


def _budgets(strict: Sequence[Tool]) -> Iterator[Found]:
    optional = unions = 0
    for tool in strict:
        for node, _, _ in parts(tool.schema, tool.schema_at):
            members = node.get("properties")
            required = node.get("required")
            if isinstance(members, dict):
                optional += sum(
                    name not in required if isinstance(required, list) else True for name in members
                )
            unions += "anyOf" in node or isinstance(node.get("type"), list)
    for count, most, what, row in (
        (len(strict), _TOOLS, "strict tools", "anthropic.strict-tools"),
        (optional, _OPTIONAL, "optional arguments", "anthropic.strict-optional"),
        (unions, _UNIONS, "arguments of several types", "anthropic.strict-unions"),
    ):
        if count > most:
            yield Found(
                row, f"{count} {what} in all; a request takes {most}", strict[0].at, "make fewer tools strict"
            )


JUDGE = ToolJudge("Anthropic's API", judge, "anthropic")
