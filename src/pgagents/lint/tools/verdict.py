"""Judge a tool list, or the tools of an MCP server, and return the findings at their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgagents.base.errors import Diagnostic, PgagentsError, Severity
from pgagents.base.jsonschema.agreement import find_clashes
from pgagents.base.places import Pointer, Source, plain
from pgagents.lint.document import Judged
from pgagents.lint.facts import requirements
from pgagents.lint.tools.tool_judge import Found, Tool, list_judges, parts, tools


def judge(source: Source, name: str) -> Judged:
    """Judge the functions of a list; other kinds of tools are skipped. Raises PgagentsError if there is no
    function.
    """
    chosen = list_judges()[name]
    listed = list(tools(source.data))
    if not listed:
        raise PgagentsError(
            f"{source.file} lists no function tools", "give the list as it goes into the request"
        )
    lines = (
        (
            f"{len(listed)} function{'' if len(listed) == 1 else 's'}: "
            f"{', '.join(tool.shown for tool in listed)}"
        ),
    )
    diagnostics = make_diagnostics(name, listed, source)
    shown = {"functions": [{"name": tool.shown} for tool in listed]}
    return Judged(source, name, chosen.title, diagnostics, lines, shown)


def make_diagnostics(name: str, listed: Sequence[Tool], source: Source) -> tuple[Diagnostic, ...]:
    """Return a judge's findings about these tools, each once."""
    found = [*_twice(listed), *list_judges()[name].judge(listed, source.data)]
    found += _list_clashes(listed, {one.pointer for one in found})
    found += [*_list_long(listed), *_find_markup(listed)]
    return tuple(dict.fromkeys(_diagnostic(one, name, source) for one in _join_causes(found, listed)))


def _twice(listed: Sequence[Tool]) -> Iterator[Found]:
    first: dict[str, str] = {}
    for tool in listed:
        if isinstance(tool.name, str):
            known = tool.name.lower() in first
            other = first.setdefault(tool.name.lower(), tool.name)
            if known and other == tool.name:
                yield Found(
                    "catalogue.distinct-names",
                    f"`{tool.shown}` stands here again",
                    (*tool.at, "name"),
                    "rename one",
                )
            elif known:
                said = f"`{tool.shown}` and `{other[:80]}` differ only in case"
                yield Found("catalogue.distinct-names", said, (*tool.at, "name"), "rename one", "warning")


def _list_clashes(listed: Sequence[Tool], told: Collection[Pointer]) -> Iterator[Found]:
    """Yield keywords that contradict each other, without the places of which the vendor's judge tells."""
    for tool in listed:
        for node, at, _ in parts(tool.schema, tool.schema_at):
            for clash in find_clashes(node):
                here = (*at, clash.keyword)
                if here not in told:
                    says = f"in `{tool.shown}`, {clash.message}"
                    yield Found("catalogue.keywords-agree", says, here, "write one of the two otherwise")


MOST_CHARACTERS = 10_000
"""The most characters of a tool that nobody is told of: about 2,500 tokens, which a model reads at each turn.

The largest tool of the shipped catalogues has 6,700 (measured 2026-11-26).
"""
_MARKUP = re.compile(
    r"</?(?:p|br|a|b|i|em|strong|ul|ol|li|div|span|table|tr|td|code|pre|h[1-6])(?:\s[^<>]{0,200})?/?>", re.I
)


def _list_long(listed: Sequence[Tool]) -> Iterator[Found]:
    for tool in listed:
        size = len(json.dumps(plain(tool.members), ensure_ascii=False, separators=(",", ":"), default=str))
        if size > MOST_CHARACTERS:
            says = f"`{tool.shown}` has {size:,} characters, which a model reads at each turn"
            help = f"shorten it to {MOST_CHARACTERS:,}: fewer optional arguments, and texts of one sentence"
            yield Found("catalogue.short-tools", says, tool.at, help)


def _find_markup(listed: Sequence[Tool]) -> Iterator[Found]:
    """Yield one finding for all descriptions with HTML, at the first of them."""
    marked: list[tuple[Tool, Pointer, str]] = []
    for tool in listed:
        texts = [(tool.description, (*tool.at, "description"))]
        texts += [
            (node.get("description"), (*at, "description"))
            for node, at, _ in parts(tool.schema, tool.schema_at)
        ]
        for text, at in texts:
            if isinstance(text, str) and (found := _MARKUP.search(text)):
                marked.append((tool, at, found[0]))
    if marked:
        tool, at, tag = marked[0]
        count = "a description" if len(marked) == 1 else f"{len(marked)} descriptions"
        says = f"{count} with markup, such as `{tag[:40]}` in `{tool.shown}`"
        yield Found("catalogue.short-tools", says, at, "write plain text: models read the tags too")


def _join_causes(found: Sequence[Found], listed: Sequence[Tool]) -> list[Found]:
    """Return the findings with one for each cause: a part of a schema that several tools have is one cause.

    Generators write a named schema into each tool that uses it, so that each would be told of it. So is a
    note that says the same of several tools.
    """
    first: dict[tuple[Any, ...], int] = {}
    joined: list[Found] = []
    others: dict[int, list[str]] = {}
    for one in found:
        tool = next((tool for tool in listed if one.pointer[: len(tool.at)] == tool.at), None)
        cause = _find_cause(one, tool) if tool is not None else None
        if tool is None or cause is None:
            joined.append(one)
            continue
        key = (one.requirement, one.severity, one.help, *cause)
        if key in first:
            others.setdefault(first[key], []).append(tool.shown)
        else:
            first[key] = len(joined)
            joined.append(one)
    for place, names in others.items():
        named = ", ".join(f"`{name}`" for name in dict.fromkeys(names[:3]))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        joined[place] = replace(joined[place], message=f"{joined[place].message}; the same in {named}{more}")
    return joined


def _find_cause(found: Found, tool: Tool) -> tuple[str, str] | None:
    """Return what two findings of one cause have in common; None for a finding that stands alone."""
    if (part := _find_part(tool, found.pointer)) is not None:
        return (str(found.pointer[-1]), part)
    if _grade(found) == "note":
        return ("", found.message.replace(f"`{tool.shown}`", ""))
    return None


def _find_part(tool: Tool, pointer: Pointer) -> str | None:
    """Return the text of the schema that a finding is about; None for one about the tool or its root."""
    node: Any = tool.schema
    inside = pointer[len(tool.schema_at) : -1] if pointer[: len(tool.schema_at)] == tool.schema_at else ()
    for step in inside:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return None
    if not inside or not isinstance(node, Mapping):
        return None
    return json.dumps(plain(node), sort_keys=True, default=str)


def _grade(found: Found) -> Severity:
    must = requirements()[found.requirement].level == "MUST"
    return found.severity or ("error" if must else "warning")


def _diagnostic(found: Found, judge: str, source: Source) -> Diagnostic:
    row = requirements()[found.requirement]
    severity = _grade(found)
    id = f"{judge}/{row.id.partition('.')[2]}"
    return Diagnostic(source.locate(found.pointer), id, severity, found.message, found.help, (row.cited,))


# -- a server's MCP tools.
#
# A client puts name, description and input schema into the vendor's form, without `$schema` and never
# strict.


MCP = "mcp-tools"
_STYLES = {"anthropic-tools": "input_schema", "gemini-tools": "parametersJsonSchema"}
"""The member that holds the schema, if it is not `parameters`."""
_SAYS_STRICT = frozenset(("openai-tools",))
"""Vendors whose clients state that a tool is not strict."""


def judge_server(source: Source, own: Sequence[Diagnostic], only: str | None, place: str) -> list[Judged]:
    """Judge a list of tools for MCP clients, and for each vendor's models or one vendor's.

    `own` are further findings about the list. A vendor's finding is left out if its line already has an error
    or a warning. `place` is the server's URL or command, which only the first result names.
    """
    listed = list(tools(source.data))
    first = (*make_diagnostics(MCP, listed, source), *own)
    count = f"{len(listed)} tool{'' if len(listed) == 1 else 's'}"
    lines = (f"{count}: {', '.join(tool.shown for tool in listed)}",) if listed else ("no tools",)
    judged = [Judged(source, MCP, list_judges()[MCP].title, _once(first, set()), lines)]
    told = {d.span.line for d in judged[0].found if d.severity != "note"}
    sound = [tool for tool in listed if isinstance(tool.schema, dict)]
    for name, judge in list_judges().items():
        if name != MCP and only in (None, name):
            found = make_diagnostics(name, [_give(tool, name) for tool in sound], source)
            judged.append(Judged(source, name, judge.title, _once(found, told)))
    first_chosen, *others = [one for one in judged if only in (None, one.judge)]
    where = (place,) if place else ()
    return [replace(first_chosen, lines=(*where, *first_chosen.lines)), *others]


def _once(found: Sequence[Diagnostic], told: set[int]) -> tuple[Diagnostic, ...]:
    """Return findings without those at lines in `told`. If a line has several errors, keep the first."""
    lines = set(told)
    kept = []
    for one in dict.fromkeys(found):
        if one.severity != "note" and one.span.line in lines and one.span.line > 1:
            continue
        kept.append(one)
        if one.severity != "note":
            lines.add(one.span.line)
    return tuple(kept)


def _give(tool: Tool, judge: str) -> Tool:
    """Return a tool in a vendor's form. Its places stay those of the list."""
    style = _STYLES.get(judge, "parameters")
    schema: dict[str, Any] = {key: value for key, value in tool.schema.items() if key != "$schema"}
    if not schema.get("properties") and judge != "openai-tools":
        schema["additionalProperties"] = False  # a model gives a tool without arguments none anyway
    given = {"name": tool.name, "description": tool.description, style: schema}
    members = {key: value for key, value in given.items() if value is not None}
    strict = False if judge in _SAYS_STRICT else None
    return replace(tool, members=members, schema=schema, style=style, strict=strict)
