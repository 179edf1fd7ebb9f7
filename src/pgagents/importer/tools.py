"""Convert the tools that an MCP server lists into a catalogue whose actions exist on that server only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NoReturn

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Pointer
from pgagents.base.text import brief
from pgagents.importer.catalogue import Imported
from pgagents.importer.document import Document, Found, References
from pgagents.importer.invalid_parts import nothing_left, remove_invalid_parts, without_wrong_examples
from pgagents.importer.names import Notes, cut, identifier, is_name, one_line, sentence, snake, unique
from pgagents.importer.schemas import Schemas

MOST_TOOLS = 2_000
FAILED = "tool_error"
"""The name of the error that every tool may answer: a result with `isError`."""
INFERRED = {"inferred": True}
_VERSION = re.compile(r"\d+\.\d+\.\d+\Z")
_HOST = "mcp.example.com"


@dataclass(frozen=True, slots=True)
class Server:
    """A server's name and version, its own instructions, and its URL if it is hosted."""

    name: str
    version: str
    words: str = ""
    url: str = ""


def import_tools(server: Server, tools: Sequence[Any], examples: Mapping[str, Mapping[str, Any]]) -> Imported:
    """Return the catalogue of a server's tools. `examples` are arguments by tool name.

    Raises PgagentsError if no tool can be converted.
    """
    notes = Notes()
    document = Document("tools/list", "tools/list", {"tools": [_absolute(t, n) for n, t in enumerate(tools)]})
    references = References(document, _fetch_nothing, allowed=False)
    schemas = Schemas(references, notes, modern=True)
    made = _Tools(schemas, notes, examples)
    for found in references.root().at("tools").items()[:MOST_TOOLS]:
        made.take(found)
    if not made.actions:
        raise nothing_left(notes)
    schemas.finish()
    for action in made.actions.values():
        schemas.relax(action)
    data = _assemble(server, schemas, made, notes)
    known = without_wrong_examples(data, notes)
    text, model = remove_invalid_parts(data, notes, known)
    return Imported(data, text, model, tuple(notes.made), len(tools))


def _fetch_nothing(_location: str) -> NoReturn:
    raise PgagentsError("a tool's schema refers to another document", "nothing is fetched for it")


def _absolute(tool: Any, number: int) -> Any:
    """Return a copy of a tool whose references into its own schemas are absolute in the list of tools."""
    made = deepcopy(tool)
    for member in ("inputSchema", "outputSchema"):
        schema = made.get(member) if isinstance(made, dict) else None
        for node in _nodes(schema):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref.startswith("#"):
                node["$ref"] = f"#/tools/{number}/{member}{ref[1:]}"
    return made


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


class _Tools:
    """Convert tools into actions."""

    def __init__(self, schemas: Schemas, notes: Notes, examples: Mapping[str, Mapping[str, Any]]) -> None:
        self.schemas, self.notes, self.examples = schemas, notes, examples
        self.actions: dict[str, dict[str, Any]] = {}
        self.names: set[str] = set()

    def take(self, found: Found) -> None:
        """Add a tool's action, or a note if the language cannot express it."""
        tool = found.mapping()
        wire = tool.get("name")
        if not isinstance(wire, str) or not wire or wire in self.names:
            why = "it has no name" if not isinstance(wire, str) or not wire else "another tool has its name"
            self.notes.add_left_out(f"tool {brief(str(wire))}: {why}", found.pointer)
            return
        self.names.add(wire)
        name = wire if is_name(wire) and wire == snake(wire) else snake(wire)
        name = unique(name, list(self.actions))
        at: Pointer = ("actions", name)
        action = self._describe(tool, wire, name, at)
        inputs = self._inputs(found.at("inputSchema"), name, (*at, "input"))
        if inputs is None:
            return
        if inputs:
            action["input"] = inputs
        if found.at("inputSchema").mapping().get("additionalProperties") is not False:
            action["unknown"] = "ignored"
        action["output"] = {200: self._output(found.at("outputSchema"), (*at, "output", 200))}
        action["errors"] = [FAILED]
        self._add_example(wire, action, at)
        self.actions[name] = action

    def _add_example(self, wire: str, action: dict[str, Any], at: Pointer) -> None:
        """Add the example of a call, or a note that asks for one if a reading tool has none."""
        given = self.examples.get(wire)
        if given is not None and given.keys() <= action.get("input", {}).keys():
            action["examples"] = {"first": {"input": dict(given)}}
        elif action["effect"] == "read":
            self.notes.decide(at, "with which arguments does it succeed? `examples: {first: {input: {…}}}`")

    def _describe(self, tool: Mapping[str, Any], wire: str, name: str, at: Pointer) -> dict[str, Any]:
        hints = tool.get("annotations")
        hints = hints if isinstance(hints, Mapping) else {}
        title = next((t for t in (tool.get("title"), hints.get("title")) if isinstance(t, str) and t), "")
        words = tool.get("description")
        words = cut(words) if isinstance(words, str) else ""
        if not words:
            self.notes.decide((*at, "description"), "the tool has no description: say when to call it")
        action: dict[str, Any] = {
            "title": one_line(title, 120) or sentence(name),
            "description": words or sentence(name),
        }
        reads = hints.get("readOnlyHint") is True
        action["effect"] = "read" if reads else "write"
        if not reads and hints.get("destructiveHint") is not False:
            action["destructive"] = True
        if not reads and hints.get("idempotentHint") is True:
            action["idempotent"] = True
        if hints.get("openWorldHint") is not False:
            action["open_world"] = True
        if wire != name:
            action["texts"] = {"mcp": {"name": wire}}
        return action

    def _inputs(self, schema: Found, name: str, at: Pointer) -> dict[str, Any] | None:
        raw = schema.mapping()
        members, required = raw.get("properties", {}), raw.get("required", [])
        beside = sorted(raw.keys() & {"$ref", "allOf", "anyOf", "oneOf", "not", "if", "patternProperties"})
        if raw.get("type") != "object" or beside or not isinstance(members, dict):
            why = f"its arguments have `{beside[0]}`" if beside else "its input schema is none of an object"
            self.notes.add_left_out(f"tool {brief(name)}: {why}", schema.pointer)
            return None
        found: dict[str, Any] = {}
        for wire in members:
            if not is_name(wire):
                if isinstance(required, list) and wire in required:
                    self.notes.add_left_out(
                        f"tool {brief(name)}: `{brief(wire)}` is not a name of an argument"
                    )
                    return None
                self.notes.add_lost(at, f"`{brief(wire)}` is not a name of an argument ({identifier(wire)})")
                continue
            found[wire] = self._argument(schema.at("properties", wire), name, wire, (*at, wire))
            if isinstance(required, list) and wire in required:
                found[wire]["required"] = True
        return found

    def _argument(self, found: Found, action: str, name: str, at: Pointer) -> dict[str, Any]:
        schema = self.schemas.convert(found, at)
        if "required" in schema:  # an argument's own `required` is a flag
            words = schema.pop("description", None)
            wish = "".join(part.capitalize() for part in f"{action}_{name}".split("_"))
            schema = {"$ref": self.schemas.give(wish, schema)} | ({"description": words} if words else {})
        return {key: value for key, value in schema.items() if key not in ("readOnly", "writeOnly")}

    def _output(self, schema: Found, at: Pointer) -> dict[str, Any]:
        if schema.mapping().get("type") != "object":
            return {"description": "What the tool says"}
        made = self.schemas.convert(schema, at)
        made.setdefault("description", "The result")
        return made


def _assemble(server: Server, schemas: Schemas, made: _Tools, notes: Notes) -> dict[str, Any]:
    title = one_line(server.name, 100) or "MCP server"
    version = server.version if _VERSION.fullmatch(server.version) else "1.0.0"
    id = re.sub(r"[^a-z0-9]", "", server.name.lower())[:64]
    words = one_line(server.words, 1_000) or f"The tools of {title}."
    notes.decide(("api", "server"), "these actions are tools only: name the API behind them, if there is one")
    notes.decide(("api", "contact"), "who answers for this server?")
    surface: dict[str, Any] = {"actions": "all"}
    if server.url.startswith("https://"):
        surface["server"] = {"url": server.url, "security": []}
    return {
        "pgagents": 1,
        "api": {
            "id": id if id[:1].isalpha() else f"mcp{id}",
            "title": title,
            "version": version,
            "server": f"https://{_HOST}",
            "contact": f"support@{_HOST}",
            "for_people": one_line(words, 100),
            "for_models": words,
        },
        "security": [],
        "errors": {
            "codes": {
                FAILED: {
                    "status": 400,
                    "meaning": "The tool could not do it, and says why",
                    "only": [],
                },
                "failed": {"status": 500, "meaning": "The server failed"},
            },
            **INFERRED,
            "framework": {"invalid": FAILED, "crashed": "failed"},
        },
        "schemas": dict(schemas.named),
        "actions": made.actions,
        "surfaces": {"mcp": surface},
    }
