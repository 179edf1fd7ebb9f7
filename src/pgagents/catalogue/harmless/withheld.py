"""Arguments of a write that a run does not send, because their values may reach what is not the run's own.

Only actions that are known from a document are concerned: an author knows what his arguments do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.text import split_words
from pgagents.catalogue.harmless.ids import IDS, is_reference, list_nouns, may_be_others
from pgagents.catalogue.harmless.options import (
    find_right,
    is_option,
    list_leaves,
    list_needed,
    list_stored,
    reaches,
)
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model

_MOST_KNOWN = 4_000
_KNOWN: OrderedDict[tuple[int, int], tuple[Model, Action, tuple[Withheld, ...]]] = OrderedDict()
"""Results by the identity of a model and an action, with both, so that they stay alive."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """One argument of a write, or a member of one, of which a run sends only some values.

    `path` begins with the argument's name; `wire` is the same as sent. `shown` are the values that the
    document gives it, as JSON.
    """

    path: tuple[str, ...]
    wire: tuple[str, ...]
    place: str
    reference: bool
    named_id: bool = False
    shown: frozenset[bytes] = frozenset()

    @property
    def label(self) -> str:
        """The argument's dotted name."""
        return ".".join(self.path)

    def takes(self, value: Any, own: Collection[Any]) -> bool:
        """True if a value reaches nothing of others. `own` are the ids of the run's instances."""
        is_shown = json_bytes(value) in self.shown
        if not self.reference:
            several = (
                isinstance(value, list)
                and value != []
                and all(json_bytes(item) in self.shown for item in value)
            )
            return is_shown or several
        return not may_be_others(value, own, named_id=self.named_id, shown=is_shown)


def list_withheld(model: Model, action: Action) -> tuple[Withheld, ...]:
    """Return what a run does not send of a write that is known from a document; empty for other actions."""
    if not model.leaves_open or action.effect != "write":
        return ()
    key = (id(model), id(action))
    if key not in _KNOWN:
        _KNOWN[key] = model, action, tuple(_list_withheld(model, action))
        if len(_KNOWN) > _MOST_KNOWN:
            _KNOWN.popitem(last=False)
    return _KNOWN[key][2]


def _list_withheld(model: Model, action: Action) -> Iterator[Withheld]:
    nouns, stored = list_nouns(model), list_stored(model, action)
    found: dict[tuple[str, ...], Withheld] = {}
    for param in action.params:
        name = str(param.name)
        resource = model.resources.get(param.refers_to or "")
        own = resource is not None and resource.made_by is not None
        if own or param.place == "path" or name in (action.idempotency, action.if_match):
            continue  # the gate knows such an id
        needed = frozenset(list_needed(param.schema, model)) if param.required else frozenset()
        for inner, schema in list_leaves(param.schema, model):
            path = (name, *inner)
            types = _list_types(schema)
            shown = _list_shown(model, action, param, path, schema)
            one = Withheld(path, (param.wire, *inner), param.place, reference=True, shown=shown)
            words = split_words(path[-1])
            if is_reference(path[-1], schema, types, nouns):
                named = bool(words) and (words[-1] in IDS or schema.get("format") == "uuid")
                found[path] = Withheld(one.path, one.wire, one.place, True, named, shown)
            elif (
                is_option(schema, types) and path not in found and not _is_plain(param, path, stored, needed)
            ):
                found[path] = Withheld(one.path, one.wire, one.place, False, False, shown)
    yield from found.values()


def _is_plain(
    param: Param, path: tuple[str, ...], stored: Collection[str], needed: Collection[tuple[str, ...]]
) -> bool:
    """True if any value of a flag, a choice or a number may be sent: it is stored in the thing, or needed."""
    if reaches(path):
        return False
    if path[1:] in needed:
        return True
    return param.in_body and ".".join(path[-2:]) in stored and not find_right(path[-1])


def _list_types(schema: Mapping[str, Any]) -> frozenset[str]:
    types = schema.get("type")
    if types is None and "enum" in schema:
        return frozenset(("string",))
    return frozenset((types,)) if isinstance(types, str) else frozenset(types or ())


def _list_shown(
    model: Model, action: Action, param: Param, path: tuple[str, ...], schema: Mapping[str, Any]
) -> frozenset[bytes]:
    """Return the values that the document gives an argument, or that leave no choice."""
    found: list[Any] = []
    whole = resolve(param.schema, model.schemas) if len(path) == 1 else schema
    for one in (schema, whole, param.schema if len(path) == 1 else schema):
        examples = one.get("examples")
        found += [one[key] for key in ("default", "example", "const") if key in one]
        found += examples if isinstance(examples, list) else ()
    choices = schema.get("enum")
    if isinstance(choices, list) and len(choices) == 1 and param.required:
        found += choices
    if param.required and "boolean" in _list_types(schema):
        found.append(False)
    for example in action.examples:
        found += list_at(example.input, path) if example.status < 300 else ()
    return frozenset(json_bytes(form) for value in found for form in _list_forms(value))


def _list_forms(value: Any) -> Iterator[Any]:
    """Yield a value, and its items if it is a list, which may also be sent alone."""
    yield value
    yield from value if isinstance(value, list) else ()


def list_at(values: Any, path: Sequence[str]) -> list[Any]:
    """Return the values at a path. A list on the way stands for each of its items."""
    if not path:
        return [values]
    if isinstance(values, list):
        return [found for item in values for found in list_at(item, path)]
    return list_at(values[path[0]], path[1:]) if isinstance(values, Mapping) and path[0] in values else []


def find_reaching(
    withheld: Sequence[Withheld], values: Mapping[str, Any], own: Collection[Any] = ()
) -> list[Withheld]:
    """Return the arguments whose values may reach what is not the run's own."""
    return [
        one
        for one in withheld
        if any(_is_json(value) and not one.takes(value, own) for value in list_at(values, one.path))
    ]


def _is_json(value: Any) -> bool:
    """True unless a value is replaced by a live id or a new value when the call is sent."""
    if isinstance(value, dict | list):
        return all(map(_is_json, value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, str | int | float)


def leave_out(values: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """Return the values without the member at a path."""
    return {
        name: _without(value, path[1:]) if name == path[0] else value
        for name, value in values.items()
        if name != path[0] or len(path) > 1
    }


def _without(value: Any, path: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    return leave_out(value, path) if isinstance(value, Mapping) else value


def say_withheld(action: Action, one: Withheld) -> str:
    """Return why a value is not sent, and the option that sends it."""
    why = "name what is not the run's own" if one.reference else "reach beyond what the call makes"
    return f"`{one.label}` of {action.name} may {why}: --allow {action.name}.{one.label} sends it"
