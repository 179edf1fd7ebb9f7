"""List what a catalogue would add to the verification of a document, using the API's own operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pgagents.base.jsonschema.schema import Schema, follow, is_type
from pgagents.importer.inference.pages import read_schema

MOST = 3
SHOWN = 2
_PLAIN = ("string", "integer", "number", "boolean")
Actions = Mapping[str, Mapping[str, Any]]


def list_gains(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return at most three lines for a catalogue as `import` writes it: a law, a lifecycle, a question."""
    actions, named = data["actions"], data["schemas"]
    kinds = (_list_laws(actions, named), _list_lifecycles(data), _list_questions(actions))
    return tuple(line for lines in kinds for line in islice(lines, 1))[:MOST]


def _list_laws(actions: Actions, named: Mapping[str, Any]) -> Iterator[str]:
    """Yield laws that need an author: a list contains only what its filter asks for, an answer repeats an
    argument.
    """
    for name, action in actions.items():
        answer = _find_answer(action, named)
        at, item = _find_list(answer, named)
        for argument, param in action.get("input", {}).items():
            alike = item and _is_alike(param, item.get("properties", {}).get(argument), named)
            if alike and _selects(argument, read_schema(param, named)):
                law = f"{at}.all(one, one.{argument} == input.{argument})"
                yield f"laws: {name} lists only what has the given {argument}, as `{law}`"
    for name, action in actions.items():
        members = _find_answer(action, named).get("properties", {})
        for argument, param in action.get("input", {}).items():
            sent = action["effect"] == "write" and param.get("required") and "refers_to" not in param
            if sent and _is_alike(param, members.get(argument), named):
                law = f"response.{argument} == input.{argument}"
                yield f"laws: {name} answers with the {argument} that it was given, as `{law}`"


def _list_lifecycles(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each fact inferred about resources, and for each that could not be inferred."""
    resources: Mapping[str, Mapping[str, Any]] = data.get("resources", {})
    for name, resource in resources.items():
        if moves := resource.get("moves"):
            told = f"lifecycles: {name} is moved by {_join(list(moves))}"
            yield f"{told}; here that is inferred, and a contradiction is only odd"
    nameless = [
        name
        for name, action in data["actions"].items()
        for argument, param in action.get("input", {}).items()
        if "{" + argument + "}" in action.get("http", "") and "refers_to" not in param
    ]
    if nameless:
        nameless = list(dict.fromkeys(nameless))
        yield f"resources: which calls make and list the ids that {_join(nameless)} {_verb(nameless, 'need')}"
    for name, resource in resources.items():
        calls = {"made": resource.get("made_by"), "removed": resource.get("undone_by")}
        told = " and ".join(f"{how} by {call['action']}" for how, call in calls.items() if call)
        if told:
            yield f"resources: {name} is {told}; here that is inferred, and a contradiction is only odd"


def _list_questions(actions: Actions) -> Iterator[str]:
    """Yield a line for each need of agents: a question before a removal, and manifests."""
    methods = {name: str(action.get("http", "")).partition(" ")[0] for name, action in actions.items()}
    removing = [n for n, a in actions.items() if a.get("destructive") or methods[n] == "DELETE"]
    if removing:
        yield f"agents: what a person is asked before {_join(removing)}, and every vendor's manifest"
    writing = [n for n, a in actions.items() if a["effect"] == "write"]
    called = writing or list(actions)
    yield f"agents: every vendor's manifest, and what {_join(called)} {_verb(called, 'do')}"


def _find_answer(action: Mapping[str, Any], named: Mapping[str, Any]) -> Schema:
    found = [o or {} for status, o in action["output"].items() if 200 <= status < 300]
    return follow(found[0], named) if found else {}


def _find_list(answer: Schema, named: Mapping[str, Any]) -> tuple[str, Schema]:
    """Return the only list of an answer as an expression, with the schema of its items.

    Empty if there is no list, or more than one.
    """
    if answer.get("type") == "array":
        return "response", follow(answer.get("items") or {}, named)
    members = {n: follow(s, named) for n, s in answer.get("properties", {}).items()}
    lists = [(n, s) for n, s in members.items() if s.get("type") == "array" and n.isidentifier()]
    if len(lists) != 1:
        return "", {}
    name, schema = lists[0]
    return f"response.{name}", follow(schema.get("items") or {}, named)


def _selects(name: str, param: Schema) -> bool:
    """True if an argument selects items by an exact value. The words or numbers of a search do not."""
    exact = "enum" in param or param.get("type") == "boolean" or name.endswith(("_id", "Id"))
    return exact and not param.get("required")


def _is_alike(param: Schema, member: Schema | None, named: Mapping[str, Any]) -> bool:
    """True if an argument and a member of the answer can hold the same plain value."""
    given, told = read_schema(param, named), read_schema(member or {}, named)
    return any(is_type(given, (kind,)) and is_type(told, (kind,)) for kind in _PLAIN)


def _verb(names: list[str], many: str) -> str:
    """Return a verb in the form for this number of names."""
    return many if len(names) > 1 else f"{many}es" if many.endswith("o") else f"{many}s"


def _join(names: list[str]) -> str:
    rest = len(names) - SHOWN
    shown = names[:SHOWN] if rest > 1 or rest < 1 else names
    if rest > 1:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
