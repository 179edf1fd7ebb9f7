"""Examples of arguments in the lists of tools, taken from the examples of actions.

A model sees by them which form a value has, where a schema alone leaves it open. Nothing is made up: each
value is that of an example of success in the catalogue. `verify` sends each of these examples (the contracts
`valid_calls/example/...`), with ids of instances that are there.

Anthropic's tools have whole examples beside the schema (`input_examples`). A wrong one is answered 400
(https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools, read 2026-11-26). Other vendors
have a keyword of the schema: `examples`, or `example` in Gemini's Schema, which refuses the former.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.jsonschema.schema import validator
from pgagents.base.places import Node, plain
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface

MOST = 2
"""The most whole examples of a tool. Each costs tokens in every request."""
FEW_OPTIONAL = 2
"""So many optional arguments leave open which of them go together."""


def choose_examples(surface: Surface, action: Action, parameters: Node) -> tuple[Node, ...]:
    """Return whole sets of arguments for a tool whose schema leaves open how they look; else none.

    Such a schema has a nested object, a format, or several optional members. `parameters` is the schema as
    the vendor gets it, and each set fits it.
    """
    members: Mapping[str, Any] = parameters.get("properties", {})
    optional = set(members) - set(parameters.get("required", ()))
    if len(optional) < FEW_OPTIONAL and not any(map(_leaves_form_open, members.values())):
        return ()
    chosen: list[Node] = []
    judge = None
    for arguments in _list_arguments(surface, action):
        named = {name: value for name, value in arguments.items() if name in members}
        judge = judge or validator(plain(parameters), {})
        shows = any(name in optional or _leaves_form_open(members[name]) for name in named)
        if shows and named not in chosen and judge.is_valid(named):
            chosen.append(Node(named, origin=action.origin))
    return tuple(chosen[:MOST])


def add_examples(model: Model, surface: Surface, action: Action, offered: Node) -> Node:
    """Return the schema of the arguments with an example of each whose form the schema leaves open.

    An id gets none: it comes from another tool, and one that is shown would be tried.
    """
    members: dict[str, Any] = dict(offered["properties"])
    for param in surface.params(action):
        schema = members.get(param.name)
        if schema is None or not _needs_example(param, schema):
            continue
        values = (one[param.name] for one in _list_arguments(surface, action) if param.name in one)
        judge = validator(schema, model.schemas)
        value = next((value for value in values if judge.is_valid(value)), None)
        if value is not None:
            members[param.name] = Node({**schema, "examples": [value]}, origin=schema.origin)
    return Node({**offered, "properties": members}, origin=offered.origin)


def _list_arguments(surface: Surface, action: Action) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each example of success, under the surface's names."""
    for example in action.examples:
        if 200 <= example.status < 300 and example.input:
            yield plain(surface.rename(action, example.input))


def _needs_example(param: Param, schema: Any) -> bool:
    return (
        isinstance(schema, Node)
        and not param.refers_to
        and not schema.keys() & {"examples", "default", "const", "enum"}
        and _leaves_form_open(schema)
    )


def _leaves_form_open(schema: Any) -> bool:
    """True for a schema of objects, or of texts with a format, by themselves or in a list."""
    if not isinstance(schema, Mapping):
        return False
    return bool(
        schema.get("format")
        or schema.get("properties")
        or _leaves_form_open(schema.get("items"))
        or any(_leaves_form_open(part) for part in schema.get("anyOf", ()))
    )
