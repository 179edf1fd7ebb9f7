"""Know the words of a server: its tools and operations, their arguments, members of answers, and errors."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.jsonschema.schema import resolve, standalone
from pgagents.base.places import plain
from pgagents.base.text import plain_word, singular, split_words
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import find_name, index_actions
from pgagents.submit.skills.text import WrittenRequest
from pgagents.verify.tools import inline_references
from pgagents.verify.wire.endpoint import MCP

NEAR = 0.8
"""Least likeness of a misspelt word, by `difflib`."""
SHORTEST = 4
MOST_NODES = 20_000
"""Most parts of one schema that are searched for names."""
Definition = Mapping[str, Any]
_VERSION = re.compile(r"v\d+(?:[.\-_]\w+)*|api|rest", re.I)


@dataclass(frozen=True, slots=True)
class Operation:
    """A tool of an MCP server, or an operation of an API.

    `name` is its first spelling. `action` is the catalogue's action; empty for a tool that only its server
    describes. `schema` is that of its arguments, `members` are the names of members of its answers, and
    `aliases` its arguments' names on another surface. `method` and `path` are empty for a tool. `reads` is
    true if it changes nothing, `key` is the argument with its idempotency key; empty if it has none.
    """

    name: str
    action: str
    tool: bool
    schema: Definition
    members: frozenset[str]
    method: str = ""
    path: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    reads: bool = False
    key: str = ""

    @property
    def properties(self) -> Definition:
        """The schema of each argument."""
        members = self.schema.get("properties")
        return members if isinstance(members, Mapping) else {}

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments that each call has."""
        wanted = self.schema.get("required")
        return tuple(n for n in wanted if isinstance(n, str)) if isinstance(wanted, list) else ()

    def find_argument(self, name: str) -> str:
        """Return an argument's own name; empty if there is none of this name."""
        name = self.aliases.get(name, name)
        return name if name in self.properties else ""


@dataclass(frozen=True)
class Vocabulary:
    """The words of one server.

    `named` has the operations by each spelling, `requests` those with a path. `gone` are names that the
    catalogue knows and the server does not list, each with the reason. `words` never alarm. `servers` are the
    server's own names without their spelling, and `hosts` its hosts. `codes` are the catalogue's errors by
    each spelling; `closed` is true if there are no others.
    """

    named: Mapping[str, Operation]
    requests: Sequence[Operation] = ()
    gone: Mapping[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    codes: Mapping[str, Code] = field(default_factory=dict)
    closed: bool = False

    def is_own_server(self, server: str) -> bool:
        """True for the name of this MCP server, as hosts write it before a tool."""
        word = plain_word(server)
        return any(own == word or (len(own) > SHORTEST and own in word) for own in self.servers)

    # -- requests

    def find_request(self, request: WrittenRequest) -> tuple[Operation | None, bool]:
        """Return the operation of a request, and whether the request is to this API at all."""
        if request.host and request.host not in self.hosts:
            return None, False
        steps = _steps(request.path)
        for known in self.requests:
            if known.method == request.method and _fits(_steps(known.path), steps):
                return known, True
        if request.host:
            return None, True
        own = {step for known in self.requests for step in _steps(known.path)[:1] if step[:1] != "{"}
        return None, bool(steps) and steps[0] in own


def _tokens(name: str) -> tuple[str, ...]:
    return tuple(singular(word) for word in split_words(name))


def _list_marks(name: str) -> str:
    """Return what joins the words of a name, such as `_`, or that nothing does."""
    return re.sub(r"[^\W_]", "", name)


def find_misspelt(word: str, names: Iterable[str]) -> str:
    """Return the tool of which a word misspells a part, in the same style; empty if there is none."""
    tokens = _tokens(word) if len(word) >= SHORTEST else ()
    alike = (name for name in names if _list_marks(name) == _list_marks(word))
    return next((name for name in alike if tokens and _misspells(tokens, _tokens(name))), "")


def _misspells(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """True if all words are those of a name, but for one that is a little misspelt."""
    if len(words) != len(known):
        return False
    other = [(mine, theirs) for mine, theirs in zip(words, known, strict=True) if mine != theirs]
    if not other:
        return True
    mine, theirs = other[0]
    near = len(theirs) >= SHORTEST and difflib.SequenceMatcher(None, mine, theirs).ratio() >= NEAR
    return len(other) == 1 and near


def find_near(word: str, names: Iterable[str]) -> str:
    """Return the name that a word misspells, or spells in another way; empty if there is none."""
    known = list(names)
    same = next((name for name in known if plain_word(name) == plain_word(word)), "")
    if same or len(word) < SHORTEST:
        return same
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=NEAR)), "")


def _steps(path: str) -> list[str]:
    """Return the steps of a path without those that name a version."""
    return [step for step in path.split("/") if step and not _VERSION.fullmatch(step)]


def _fits(template: list[str], steps: list[str]) -> bool:
    if len(template) != len(steps):
        return False
    return all("{" in known or known == step for known, step in zip(template, steps, strict=True))


# -- the words of a catalogue, a document, or a list of tools


def read_model(model: Model, listed: Mapping[str, Definition] | None, url: str | None) -> Vocabulary:
    """Return the words of a catalogue's server.

    `listed` are the tools that its MCP server lists, None without one. Then its tools are called as
    operations of the API. `url` is the API's address in this run, None if it has none.
    """
    surface = model.surfaces.get(MCP)
    actions = index_actions(surface) if surface is not None else {}
    requests = [_make_request(model, action) for action in model.rest_actions]
    named: dict[str, Operation] = {}
    gone: dict[str, str] = {}
    if listed is not None:
        for name, definition in listed.items():
            named[name] = _make_tool(name, definition, actions.get(name), model)
        for action in model.actions:
            gone[str(action.name)] = (
                f"{action.name} is an action of the catalogue, and no tool of the MCP server"
            )
        gone |= dict.fromkeys(actions, "the catalogue has this tool, and the server lists none of that name")
    else:
        for one, action in zip(requests, model.rest_actions, strict=True):
            named |= dict.fromkeys(_list_spellings(model, action), one)
    gone = {name: why for name, why in gone.items() if name not in named}
    codes = {spelling: code for code in list(model.codes.values())[::-1] for spelling in _spell(code)}
    words = {
        word
        for operation in (*named.values(), *requests)
        for word in (*operation.members, *_list_words(operation.schema))
    }
    words |= codes.keys() | model.resources.keys() | model.env.keys()
    words |= {state for resource in model.resources.values() for state in resource.states}
    mine = [str(model.api.id), *(str(s.listing.id) for s in model.surfaces.values() if s.listing is not None)]
    addresses = [str(model.api.server), url or "", *(str(server.url) for server in model.servers.values())]
    return Vocabulary(
        named,
        tuple(requests),
        gone,
        frozenset(words - named.keys() - gone.keys()),
        frozenset(map(plain_word, mine)),
        frozenset(urlsplit(address).netloc.lower() for address in addresses if address),
        codes,
        closed=not model.leaves_open,
    )


def read_listed(listed: Mapping[str, Definition], server: str) -> Vocabulary:
    """Return the words of an MCP server that no catalogue describes; `server` is the name that it gives."""
    named = {name: _make_tool(name, definition, None, None) for name, definition in listed.items()}
    words = {word for tool in named.values() for word in (*tool.members, *_list_words(tool.schema))}
    return Vocabulary(
        named, words=frozenset(words - named.keys()), servers=frozenset(filter(None, [plain_word(server)]))
    )


def _spell(code: Code) -> Iterator[str]:
    yield from dict.fromkeys(filter(None, (code.shown, code.name)))


def _list_spellings(model: Model, action: Action) -> Iterator[str]:
    """Yield the names by which a skill may call an action of an API."""
    document: Mapping[str, Sequence[str]] = getattr(model.source, "names", {})
    surface = model.surfaces.get(MCP)
    offered = surface is not None and any(other is action for other in surface.actions)
    own = str(find_name(surface, action)) if surface is not None and offered else ""
    spellings = (own, str(action.name), str(action.operation_id), *document.get(str(action.name), ()))
    yield from (name for name in spellings if name and "/" not in name and " " not in name)


def _make_tool(name: str, definition: Definition, action: Action | None, model: Model | None) -> Operation:
    schema = definition.get("inputSchema")
    output = definition.get("outputSchema")
    members = frozenset(_list_words(output)) if isinstance(output, Mapping) else frozenset[str]()
    if action is not None and model is not None:
        members |= _list_members(model, action)
    flat = inline_references(schema) if isinstance(schema, Mapping) else {}
    hints, key = definition.get("annotations"), None
    reads = isinstance(hints, Mapping) and hints.get("readOnlyHint") is True
    if action is not None and model is not None:
        reads, key = action.only_reads, model.surfaces[MCP].key_param(action)
    return Operation(
        name,
        str(action.name) if action is not None else "",
        True,
        flat,
        members,
        reads=reads,
        key=str(key.name) if key is not None else "",
    )


def _make_request(model: Model, action: Action) -> Operation:
    properties = {}
    for param in action.params:
        if param.place != "header" and param.file is None:
            whole = plain(standalone(resolve(param.schema, model.schemas), model.schemas))
            schema = inline_references(whole)
            properties[str(param.name)] = {key: part for key, part in schema.items() if key != "components"}
    required = [
        str(param.name) for param in action.params if param.required and str(param.name) in properties
    ]
    surface = model.surfaces.get(MCP)
    aliases = (
        {str(param.name): str(param.catalogue_name) for param in surface.params(action)}
        if surface is not None and any(other is action for other in surface.actions)
        else {}
    )
    return Operation(
        str(action.name),
        str(action.name),
        False,
        {"type": "object", "properties": properties, "required": required},
        _list_members(model, action),
        action.method,
        str(action.path),
        {alias: name for alias, name in aliases.items() if alias != name},
        reads=action.only_reads,
        key=str(action.idempotency or ""),
    )


def _list_members(model: Model, action: Action) -> frozenset[str]:
    schema = action.success.schema
    if schema is None:
        return frozenset()
    return frozenset(_list_words(plain(standalone(resolve(schema, model.schemas), model.schemas))))


def _list_words(schema: Any) -> Iterator[str]:
    """Yield the names of members and the texts of enums in a schema."""
    waiting, left = [schema], MOST_NODES
    while waiting and left:
        node, left = waiting.pop(), left - 1
        if isinstance(node, Mapping):
            properties = node.get("properties")
            yield from map(str, properties) if isinstance(properties, Mapping) else ()
            values = node.get("enum")
            yield from (str(v) for v in values if isinstance(v, str)) if isinstance(values, list) else ()
            waiting += [child for child in node.values() if isinstance(child, Mapping | list)]
        elif isinstance(node, list):
            waiting += [child for child in node if isinstance(child, Mapping | list)]
