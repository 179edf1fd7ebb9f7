"""Count what a server's tool list still says of the document's operations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.bench.peers.document import Operation
from evaluation.bench.peers.keywords import asks, find_kept, members, same_place

Tool = dict[str, Any]
HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
ROWS = {
    "tools": ("tools", "how many are listed"),
    "names": ("names", "the first of them and the longest"),
    "size": ("characters of the list", "of the tools as compact JSON"),
    "titles": (
        "`title` is the summary",
        "operations whose tool has the document's `summary` as its `title`, or as its annotations' `title`",
    ),
    "descriptions": ("description kept whole", "operations whose `description` stands whole in the tool's"),
    "member_descriptions": (
        "inputs' descriptions kept whole",
        "the same for each parameter and member of a body",
    ),
    "input": (
        "input constraints kept",
        "`type`, bounds, lengths, `pattern`, `format`, `enum`, `required`, `default`, closed inner objects",
    ),
    "closed": ("tool closed to unknown arguments", "`additionalProperties: false` at the root of its input"),
    "examples": (
        "example values of inputs kept",
        "in an `examples`, `example` or `default`, or in the input's or the tool's description",
    ),
    "output": ("`outputSchema`", "of the operations that answer with a body"),
    "output_asks": ("output constraints kept", "the same keywords, of the answers' schemas"),
    "hints": ("annotation hints given", "four for each tool"),
    "read_only": ("`readOnlyHint: true` on GETs", "and on how many writes, where there is one"),
    "destructive": ("`destructiveHint` not left to its default", "on the operations that are not GET"),
    "scopes": (
        "OAuth scopes named",
        "operations whose scope stands in their tool's description or `_meta`, beside the word scope",
    ),
    "confirm": (
        "question to ask before a write",
        "writes whose tool tells the host or the model to ask; the document has none, a catalogue has",
    ),
    "errors": (
        "statuses of errors named",
        "of the document's error answers, their status anywhere in the tool",
    ),
}


def listing(tools: Sequence[Tool], operations: Sequence[Operation], document: Any) -> dict[str, str]:
    """A cell for each of ROWS."""
    found = match_tools(tools, operations)
    pairs = [(operation, found.get(operation.id, {})) for operation in operations]
    writes = [(operation, tool) for operation, tool in pairs if operation.method != "GET"]
    names = [tool["name"] for tool in tools]
    return {
        "tools": f"{len(tools)} for {len(operations)}",
        "names": f"`{names[0]}`; at most {max(map(len, names))} characters" if names else "none",
        "size": f"{len(json.dumps(list(tools), separators=(',', ':'), ensure_ascii=False)):,}",
        "titles": _share(operation.summary in _titles(tool) for operation, tool in pairs),
        "descriptions": _share(
            _flat(operation.description) in _flat(tool.get("description")) for operation, tool in pairs
        ),
        "member_descriptions": _of(
            *_sums(_count_descriptions(operation, tool, document) for operation, tool in pairs)
        ),
        "input": _of(
            *_sums(
                _count_asks(operation.inputs, tool.get("inputSchema"), document) for operation, tool in pairs
            )
        ),
        "closed": _share(
            tool.get("inputSchema", {}).get("additionalProperties") is False for _, tool in pairs
        ),
        "examples": _of(*_sums(_count_examples(operation, tool) for operation, tool in pairs)),
        "output": _share("outputSchema" in tool for operation, tool in pairs if operation.output),
        "output_asks": _of(
            *_sums(_count_asks(o.output, t.get("outputSchema"), document) for o, t in pairs if o.output)
        ),
        "hints": _share(hint in tool.get("annotations", {}) for _, tool in pairs for hint in HINTS),
        "read_only": _read_only(pairs),
        "destructive": _share("destructiveHint" in tool.get("annotations", {}) for _, tool in writes),
        "scopes": _share(
            any(_names_scope(tool, scope) for scope in o.scopes) for o, tool in pairs if o.scopes
        ),
        "confirm": _share(_asks_first(tool) for _, tool in writes),
        "errors": _share(
            re.search(rf"\b{status}\b", json.dumps(tool)) is not None
            for o, tool in pairs
            for status in o.errors
        ),
    }


def match_tools(tools: Sequence[Tool], operations: Sequence[Operation]) -> Mapping[str, Tool]:
    """Return each operation's tool: matched by id in any spelling, else by description, else by summary."""
    found: dict[str, Tool] = {}
    for operation in operations:
        for way in (_by_id, _by_description, _by_summary):
            tool = next((tool for tool in tools if way(tool, operation)), None)
            if tool is not None:
                found[operation.id] = tool
                break
    return found


def _by_id(tool: Tool, operation: Operation) -> bool:
    return _letters(tool["name"]) == _letters(operation.id)


def _by_description(tool: Tool, operation: Operation) -> bool:
    return bool(operation.description) and _flat(operation.description) in _flat(tool.get("description"))


def _by_summary(tool: Tool, operation: Operation) -> bool:
    return operation.summary in (*_titles(tool), tool.get("description"))


def _count_asks(wanted: Any, found: Any, document: Any) -> tuple[int, int]:
    whole = set(asks(wanted, document))
    return len(find_kept(whole, set(asks(found or {}, found or {})))), len(whole)


def _count_descriptions(operation: Operation, tool: Tool, document: Any) -> tuple[int, int]:
    schema = tool.get("inputSchema", {})
    there = list(members(schema, schema))
    wanted = [
        (place, one["description"])
        for place, one in members(operation.inputs, document)
        if one.get("description")
    ]
    good = sum(
        any(same_place(place, at) and _flat(text) in _flat(one.get("description")) for at, one in there)
        for place, text in wanted
    )
    return good, len(wanted)


def _count_examples(operation: Operation, tool: Tool) -> tuple[int, int]:
    """Count the example values that the tool shows, and all of them, one for each input and value."""
    schema = tool.get("inputSchema", {})
    there = list(members(schema, schema))
    wanted = {
        (name, json.dumps(value))
        for example in operation.examples
        for name, value in example.items()
        if name in _list_arguments(operation)
    }
    good = 0
    for name, text in wanted:
        value = json.loads(text)
        own = [one for at, one in there if same_place((name,), at)]
        good += any(_shows(one, value) for one in own) or (
            len(text) > 3 and text in (tool.get("description") or "")
        )
    return good, len(wanted)


def _shows(schema: dict[str, Any], value: Any) -> bool:
    several = schema.get("examples", [])
    listed = [schema.get("example"), schema.get("default"), *(several if isinstance(several, list) else [])]
    text = value if isinstance(value, str) else json.dumps(value)
    return value in listed or (len(text) > 3 and text in schema.get("description", ""))


def _list_arguments(operation: Operation) -> set[str]:
    return {name for name, place in operation.places.items() if place != "header"}


def _titles(tool: Tool) -> tuple[Any, Any]:
    return tool.get("title"), tool.get("annotations", {}).get("title")


def _asks_first(tool: Tool) -> bool:
    return (
        "confirm" in json.dumps(tool.get("_meta", {}))
        or "ask the user before" in _flat(tool.get("description")).lower()
    )


def _read_only(pairs: Sequence[tuple[Operation, Tool]]) -> str:
    marked = [(o.method == "GET", bool(tool.get("annotations", {}).get("readOnlyHint"))) for o, tool in pairs]
    wrong = sum(hint for get, hint in marked if not get)
    return _share(hint for get, hint in marked if get) + (f", and on {wrong} writes" if wrong else "")


def _names_scope(tool: Tool, scope: str) -> bool:
    said = f"{tool.get('description', '')} {json.dumps(tool.get('_meta', {}))}"
    return "scope" in said.lower() and re.search(rf"(?<![\w:]){re.escape(scope)}(?![\w:])", said) is not None


def _sums(pairs: Any) -> tuple[int, int]:
    several = list(pairs)
    return sum(one for one, _ in several), sum(all for _, all in several)


def _share(truths: Any) -> str:
    several = list(truths)
    return _of(sum(several), len(several))


def _of(good: int, all: int) -> str:
    return f"{good} of {all}"


def _flat(text: Any) -> str:
    return " ".join(str(text or "").split())


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
