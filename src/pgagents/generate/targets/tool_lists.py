"""The lists of function tools that vendors' APIs take: one row of `TARGETS` a document.

A row names the vendor's dialect of JSON Schema and its limits, and one of the templates in
`templates/tool_list/`, which several vendors share. `templates/<id>.j2`, if there is one, is used instead.
All pages named here were read on 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import list_offered
from pgagents.generate.dialect import (
    ANTHROPIC,
    ANTHROPIC_STRICT,
    GEMINI,
    GEMINI_JSON,
    OPENAI,
    OPENAI_STRICT,
    PERPLEXITY,
    XAI,
    Dialect,
)
from pgagents.generate.functions import function, functions
from pgagents.generate.target import Function, Loss, Note, Target, View

USUAL_MOST = 128
"""The most tools that most vendors accept. It also counts for a vendor that names no limit."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A vendor's limits for one strict schema and for all strict schemas of a request. None means no known
    limit.
    """

    depth: int | None = None
    """Nesting of objects and arrays."""
    properties: int | None = None
    characters: int | None = None
    """Characters of member names and enum texts in one schema."""
    enum_values: int | None = None
    tools: int | None = None
    optional: int | None = None
    unions: int | None = None


def _tool_list(
    title: str,
    output: str,
    surface: str,
    dialect: Dialect,
    template: str,
    *,
    limited_by: str = "",
    marks_strict: bool = False,
    strict: tuple[Dialect, Budget] | None = None,
    schema_members: Mapping[str, str] | None = None,
) -> Target:
    """Return the target that offers a surface's actions as tools, laid out by `templates/tool_list/`.

    `limited_by` is the name of a vendor that takes `USUAL_MOST` tools; empty if it names no number.
    `marks_strict` is true if each tool says whether it is strict. `strict` are the dialect of strict tools
    and their limits; without it, no tool is strict. `schema_members` are a function declaration's members for
    the schemas of arguments and answer, for the one format that has a place for an answer.
    """

    def view(model: Model) -> View:
        offered = model.surfaces[surface]
        notes = _too_many(offered, USUAL_MOST, limited_by) if limited_by else ()
        if strict is not None:
            tools, losses = _strict_tools(model, offered, strict[0], dialect, strict[1])
        else:
            tools, losses = functions(model, offered, dialect, answers=schema_members is not None)
            if dialect.additional == "drop":
                notes = (*notes, *_list_unsendable(offered, tools, limited_by or title))
        context: dict[str, Any] = (
            {"tools": tools, "marks_strict": marks_strict}
            if schema_members is None
            else {"functions": tools, "schema_members": schema_members}
        )
        return View(context, losses, notes, functions=tools)

    return Target(
        title,
        (output,),
        view,
        surface=surface,
        for_models=True,
        most_actions=USUAL_MOST,
        describes="functions",
        template=f"tool_list/{template}",
    )


# for all tools of one request; a request over them is refused
_ANTHROPIC_BUDGET = Budget(tools=20, optional=24, unions=16)
# "a schema may have up to 5000 object properties total, with up to 10 levels of nesting", 120,000 characters,
# 1,000 enum values
_OPENAI_BUDGET = Budget(depth=10, properties=5000, characters=120_000, enum_values=1000)

TARGETS: Mapping[str, Target] = {
    # https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
    # Not strict: the schema guides the model, but is not enforced.
    "anthropic/tools": _tool_list(
        "Anthropic tools", "anthropic/tools.json", "anthropic", ANTHROPIC, "anthropic"
    ),
    # https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    "anthropic/tools_strict": _tool_list(
        "Anthropic tools (strict)",
        "anthropic/tools.strict.json",
        "anthropic",
        ANTHROPIC,
        "anthropic",
        marks_strict=True,
        strict=(ANTHROPIC_STRICT, _ANTHROPIC_BUDGET),
    ),
    # https://ai.google.dev/api/caching#FunctionDeclaration
    # The API's own Schema, a part of OpenAPI 3.0; one Tool object.
    "gemini/functions": _tool_list(
        "Gemini functions",
        "gemini/functions.json",
        "gemini",
        GEMINI,
        "gemini",
        limited_by="Gemini",
        schema_members={"parameters": "parameters", "response": "response"},
    ),
    # https://ai.google.dev/gemini-api/docs/function-calling
    # JSON Schema, the style that Google's own kits prefer; one Tool object.
    "gemini/functions_jsonschema": _tool_list(
        "Gemini functions in JSON Schema",
        "gemini/functions.jsonschema.json",
        "gemini",
        GEMINI_JSON,
        "gemini",
        limited_by="Gemini",
        schema_members={"parameters": "parametersJsonSchema", "response": "responseJsonSchema"},
    ),
    # https://platform.openai.com/docs/guides/function-calling
    # `strict: false` is written, because in the Responses API a missing `strict` means "strict if possible".
    "openai/tools_chat": _tool_list(
        "OpenAI tools (Chat Completions)",
        "openai/tools.chat.json",
        "openai_tools",
        OPENAI,
        "nested",
        limited_by="OpenAI",
        marks_strict=True,
    ),
    "openai/tools_responses": _tool_list(
        "OpenAI tools (Responses)",
        "openai/tools.responses.json",
        "openai_tools",
        OPENAI,
        "flat",
        limited_by="OpenAI",
        marks_strict=True,
    ),
    # https://platform.openai.com/docs/guides/structured-outputs
    # Strict: every member is always present, null if it is not given.
    "openai/tools_chat_strict": _tool_list(
        "OpenAI tools (Chat Completions, strict)",
        "openai/tools.chat.strict.json",
        "openai_tools",
        OPENAI,
        "nested",
        limited_by="OpenAI",
        marks_strict=True,
        strict=(OPENAI_STRICT, _OPENAI_BUDGET),
    ),
    "openai/tools_responses_strict": _tool_list(
        "OpenAI tools (Responses, strict)",
        "openai/tools.responses.strict.json",
        "openai_tools",
        OPENAI,
        "flat",
        limited_by="OpenAI",
        marks_strict=True,
        strict=(OPENAI_STRICT, _OPENAI_BUDGET),
    ),
    # https://docs.perplexity.ai/docs/agent-api/tools/custom-functions
    # The Agent API, in the subset of JSON Schema that all its vendors' models accept.
    "perplexity/tools": _tool_list(
        "Perplexity Agent API tools", "perplexity/tools.json", "perplexity", PERPLEXITY, "flat"
    ),
    # https://docs.x.ai/developers/tools/function-calling
    "xai/tools_chat": _tool_list(
        "Grok tools, chat completions", "xai/tools.chat.json", "xai", XAI, "nested", limited_by="xAI"
    ),
    "xai/tools_responses": _tool_list(
        "Grok tools, Responses", "xai/tools.responses.json", "xai", XAI, "flat", limited_by="xAI"
    ),
}
"""The targets by id; the vendor of each is the part before the slash."""


def _list_unsendable(surface: Surface, tools: tuple[Function, ...], vendor: str) -> Iterator[Note]:
    """Yield a note for each required argument that its function lacks, so that every call of it fails."""
    for action, tool in zip(list_offered(surface), tools, strict=True):
        members = tool.parameters.get("properties", {})
        for param in surface.params(action) if action.alias_of is None else ():
            if param.required and param.place != "header" and param.name not in members:
                yield Note(
                    param.origin,
                    f"{tool.name} requires `{param.name}`, which {vendor} cannot send",
                    f"take {action.name} off `surfaces.{surface.name}`, or do not require the argument",
                )


def _too_many(surface: Surface, most: int, vendor: str) -> tuple[Note, ...]:
    """Return a note if the surface has more actions, including former names, than the vendor accepts
    tools.
    """
    count = len(list_offered(surface))
    if count <= most:
        return ()
    at = (*surface.origin, "actions")
    return (
        Note(
            at,
            f"{count} tools; {vendor} takes at most {most}",
            f"offer fewer actions on `surfaces.{surface.name}`",
        ),
    )


# -- strict functions
#
# A strict schema names every member of every object. A function keeps its
# ordinary schema if its arguments cannot be expressed that way, or if it exceeds a limit. The choice depends
# on the catalogue alone, and each such function is listed as a loss.


@dataclass(slots=True)
class _Size:
    """The part of a budget that one or several schemas use."""

    depth: int = 0
    properties: int = 0
    characters: int = 0
    enum_values: int = 0
    tools: int = 0
    optional: int = 0
    unions: int = 0


_OF_ONE = ("depth", "properties", "characters", "enum_values")
_OF_ALL = ("tools", "optional", "unions")
_LIMIT_NAMES = {
    "depth": "levels", "properties": "members in one schema",
    "characters": ("characters of names and choices in one schema"),
    "enum_values": "choices in one schema", "tools": "strict tools",
    "optional": ("optional arguments in all strict tools"),
    "unions": "arguments of several types in all strict tools",
}  # fmt: skip


def _strict_tools(
    model: Model, surface: Surface, strict: Dialect, plain: Dialect, budget: Budget
) -> tuple[tuple[Function, ...], tuple[Loss, ...]]:
    """Return the surface's actions in order, each strict or not, and all losses.

    If the budget does not suffice for all, it goes first to actions that cost money, then to writes. Then the
    surface's order counts, and former names come last. If an action does not fit, a smaller later one may use
    the room.
    """
    losses: dict[Loss, None] = {}
    strict_functions: dict[str, Function] = {}
    spent = _Size()
    offered = list_offered(surface)
    for action in sorted(offered, key=lambda a: (a.alias_of is not None, not a.costs, a.effect != "write")):
        candidate, own_losses = function(model, surface, action, strict, answers=False)
        obstacle = _find_obstacle(candidate, own_losses, spent, budget)
        if obstacle is None:
            strict_functions[action.name] = replace(candidate, strict=True)
            losses.update(dict.fromkeys(own_losses))
        else:
            losses[Loss((*action.origin, "input"), "strict", "dropped", obstacle)] = None
    tools = []
    for action in offered:
        tool = strict_functions.get(action.name)
        if tool is None:
            tool, own_losses = function(model, surface, action, plain, answers=False)
            losses.update(dict.fromkeys(own_losses))
        tools.append(tool)
    return tuple(tools), tuple(losses)


def _find_obstacle(candidate: Function, losses: list[Loss], spent: _Size, budget: Budget) -> str | None:
    """Return why the function cannot be strict, or None after adding its size to `spent`."""
    narrowing = [loss for loss in losses if loss.went == "narrowed" or loss.gone]
    if narrowing:
        place = ".".join(map(str, narrowing[0].origin[2:])) or narrowing[0].constraint
        return f"{place}: {narrowing[0].detail}"
    size = _measure(candidate.parameters)
    for what in _OF_ONE:
        most = getattr(budget, what)
        if most is not None and getattr(size, what) > most:
            return f"more than {most:,} {_LIMIT_NAMES[what]}"
    for what in _OF_ALL:
        most = getattr(budget, what)
        if most is not None and getattr(spent, what) + getattr(size, what) > most:
            return f"more than {most:,} {_LIMIT_NAMES[what]}"
    for what in _OF_ALL:
        setattr(spent, what, getattr(spent, what) + getattr(size, what))
    return None


def _measure(schema: Mapping[str, Any]) -> _Size:
    size = _Size(tools=1)
    for part, depth in _parts(schema, 1):
        size.depth = max(size.depth, depth)
        members = part.get("properties", {})
        size.properties += len(members)
        size.optional += len(set(members) - set(part.get("required", ())))
        choices = part.get("enum", ())
        size.enum_values += len(choices)
        size.characters += sum(map(len, members)) + sum(len(c) for c in choices if isinstance(c, str))
        size.unions += "anyOf" in part or isinstance(part.get("type"), list)
    return size


def _parts(schema: Mapping[str, Any], depth: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Yield the schema and all schemas inside it, each with its nesting depth of objects and arrays."""
    yield schema, depth
    inside = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    for part in inside:
        yield from _parts(part, depth + 1 if "properties" in part or "items" in part else depth)
    for part in schema.get("anyOf", ()):
        yield from _parts(part, depth)
