"""Judge Gemini's function declarations, in the API's own Schema or in JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.lint.tools.tool_judge import Found, Tool, ToolJudge, parts, types

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}", re.A)
_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.A)
_KEYS_WORDS = "name description parameters parametersJsonSchema response responseJsonSchema behavior"
_KEYS = frozenset(_KEYS_WORDS.split())
_SCHEMA_WORDS = """
type title description nullable format enum items minItems maxItems properties required minProperties
maxProperties minimum maximum minLength maxLength pattern example anyOf propertyOrdering default
"""
_SCHEMA = frozenset(_SCHEMA_WORDS.split())
_JSON_SCHEMA_WORDS = "$id $defs $ref $anchor prefixItems oneOf additionalProperties"
_JSON_SCHEMA = _SCHEMA | frozenset(_JSON_SCHEMA_WORDS.split())
_TYPES_WORDS = "STRING NUMBER INTEGER BOOLEAN ARRAY OBJECT NULL"
_TYPES = frozenset(_TYPES_WORDS.split())
_FORMATS = {
    "string": ("enum", "date-time"),
    "integer": ("int32", "int64", "enum"),
    "number": ("float", "double", "int32", "int64"),
}
_WELL, _LOW, _HIGH = 20, 128, 512


def judge(tools: Sequence[Tool], whole: Any) -> Iterator[Found]:
    """Yield the objections of the API, its packages and its documents to the declarations."""
    yield from _count(len(tools), whole)
    for tool in tools:
        yield from _name(tool)
        for key in tool.members.keys() - _KEYS - {"parameters_json_schema", "response_json_schema"}:
            yield Found(
                "google.no-foreign-keys",
                f"`{key}` of `{tool.shown}`: Extra inputs are not permitted",
                (*tool.at, key),
                "leave it out",
            )
        styles = [
            key
            for key in ("parameters", "parametersJsonSchema", "parameters_json_schema")
            if key in tool.members
        ]
        if len(styles) > 1:
            yield Found(
                "google.one-style",
                f"`{tool.shown}` has {' and '.join(styles)}",
                tool.at,
                "keep one of the two",
            )
        for node, at, _ in parts(tool.schema, tool.schema_at):
            yield from _own(tool, node, at) if tool.style == "parameters" else _json(tool, node, at)


def _count(count: int, whole: Any) -> Iterator[Found]:
    if isinstance(whole, list) and len(whole) > 1:
        yield Found(
            "google.one-tool", f"{len(whole)} tool objects", (), "put all declarations into one", "warning"
        )
    if count > _HIGH:
        yield Found(
            "google.most-declarations",
            f"{count} declarations; Gemini takes at most {_HIGH}",
            (),
            "offer fewer",
        )
    elif count > _LOW:
        said = f"{count} declarations; one reference says at most {_LOW}, another {_HIGH}"
        yield Found("google.most-declarations", said, (), "offer fewer", "warning")
    elif count > _WELL:
        yield Found(
            "google.few-active-tools",
            f"{count} declarations; ideally no more than {_WELL} are active",
            (),
            "offer fewer",
            "note",
        )


def _name(tool: Tool) -> Iterator[Found]:
    at = (*tool.at, "name")
    if not isinstance(tool.name, str) or not _NAME.fullmatch(tool.name):
        yield Found(
            "google.function-name",
            f"function name `{tool.shown}` is refused",
            at,
            "letters, digits and `_`, at most 64",
        )
    elif not _SAFE.fullmatch(tool.name):
        said = f"function name `{tool.shown}` is taken by some of Google's interfaces only"
        yield Found("google.function-name", said, at, "letters, digits and `_`, at most 64", "warning")


def _own(tool: Tool, node: dict[str, Any], at: tuple[Any, ...]) -> Iterator[Found]:
    for key in node.keys() - _SCHEMA:
        said = f"`{key}` in `{tool.shown}` is not a member of Gemini's Schema"
        yield Found(
            "google.schema-keywords",
            said,
            (*at, key),
            "leave it out, or give the schema as `parametersJsonSchema`",
        )
    kind = node.get("type")
    if isinstance(kind, list) or (isinstance(kind, str) and kind.upper() not in _TYPES):
        yield Found(
            "google.upper-types",
            f"type {kind!r} in `{tool.shown}` is refused",
            (*at, "type"),
            "one type; `nullable: true` for null",
        )
    elif isinstance(kind, str) and kind not in _TYPES:
        said = f"type `{kind}` in `{tool.shown}` is in small letters, which the wire format refuses"
        yield Found("google.upper-types", said, (*at, "type"), f"write `{kind.upper()}`", "warning")
    enum = node.get("enum")
    if isinstance(enum, list) and not all(isinstance(v, str) and v for v in enum):
        yield Found(
            "google.enum-of-strings",
            f"an enum of `{tool.shown}` holds what is not a text",
            (*at, "enum"),
            "texts only, none empty",
        )
    if isinstance(enum, list) and types(node) != {"string"}:
        yield Found(
            "google.enum-type",
            f"an enum of `{tool.shown}` stands beside type {kind!r}; it is only allowed for STRING",
            (*at, "enum"),
            "make it `STRING`, or say the values in the description",
        )
    beside = node.keys() - {"anyOf", "description", "nullable", "title", "default", "example"}
    if "anyOf" in node and beside:
        said = f"`{min(beside)}` in `{tool.shown}` stands beside `anyOf`, where it is ignored or refused"
        yield Found("google.schema-keywords", said, (*at, min(beside)), "put it into the branches", "warning")
    if types(node) == {"object"} and not node.get("properties"):
        yield Found(
            "google.object-needs-properties",
            f"an object of `{tool.shown}` has no properties",
            at,
            "name them, or leave it out",
        )
    if types(node) == {"array"} and "items" not in node:
        yield Found("google.schema-keywords", f"an array of `{tool.shown}` has no items", at, "add `items`")
    yield from _names_and_formats(tool, node, at)


def _names_and_formats(tool: Tool, node: dict[str, Any], at: tuple[Any, ...]) -> Iterator[Found]:
    members = node.get("properties") if isinstance(node.get("properties"), dict) else {}
    for name in members or ():
        if not _SAFE.fullmatch(name):
            said = f"argument `{name[:80]}` of `{tool.shown}` is not a name that Gemini takes"
            yield Found("google.parameter-name", said, (*at, "properties", name), "letters, digits and `_`")
    for key in ("required", "propertyOrdering"):
        listed = node.get(key)
        strangers = (
            [str(n) for n in listed if not isinstance(n, str) or n not in (members or {})]
            if isinstance(listed, list)
            else []
        )
        if strangers:
            yield Found(
                "google.schema-keywords",
                f"`{key}` of `{tool.shown}` names {strangers[0][:80]}, which is not a property",
                (*at, key),
                "correct it",
            )
    allowed = _FORMATS.get(next(iter(types(node)), ""))
    if allowed and isinstance(node.get("format"), str) and node["format"] not in allowed:
        said = (
            f"format `{node['format'][:40]}` in `{tool.shown}`: only "
            f"{' and '.join(repr(f) for f in allowed)} are supported"
        )
        yield Found("google.string-formats", said, (*at, "format"), "say it in the description", "warning")


def _json(tool: Tool, node: dict[str, Any], at: tuple[Any, ...]) -> Iterator[Found]:
    for key in node.keys() - _JSON_SCHEMA:
        said = f"`{key}` in `{tool.shown}` is not among the documented keywords; Gemini may ignore it"
        yield Found("google.json-schema-keywords", said, (*at, key), "say it in the description too", "note")
    if "$ref" in node and any(not key.startswith("$") for key in node):
        yield Found(
            "google.json-schema-keywords",
            f"`$ref` in `{tool.shown}` stands beside other members",
            at,
            "leave it alone there",
            "warning",
        )


JUDGE = ToolJudge("the Gemini API", judge, "google")
