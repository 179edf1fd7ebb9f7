"""Match operations that were renamed, in the document or by the author, before editions are compared.

An operation is the same if its method and path are. It keeps its name in the author's file, because laws,
groups and workflows use that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.importer.merging.merge import json_copy
from pgagents.importer.operations.imported import PLACEHOLDER

Data = dict[str, Any]


def follow_renames(base: Data, ours: Mapping[str, Any], new: Data) -> tuple[Data, Data]:
    """Return `base` and `new` with the actions' names from `ours`."""
    by_document = _match(base, new)
    new = _rename(new, {later: name for name, later in by_document.items()}, explicit=True)
    by_author = _match(base, ours)
    base, new = _rename(base, by_author), _rename(new, by_author)
    gone = {name for name in _actions(base) if name not in _actions(ours)}
    return _without(base, gone), _without(new, gone)


def _match(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Return the actions that have another name in `after`, each with the new name."""
    old, later = _actions(before), _actions(after)
    fresh = {_route(action): name for name, action in later.items() if name not in old}
    return {
        name: fresh[_route(action)]
        for name, action in old.items()
        if name not in later and _route(action) in fresh
    }


def _actions(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = data.get("actions")
    return found if isinstance(found, dict) else {}


def _route(action: Any) -> str:
    """Return method and path, without the names of placeholders."""
    return PLACEHOLDER.sub("{}", str(action.get("http"))) if isinstance(action, dict) else ""


def _rename(data: Data, names: Mapping[str, str], *, explicit: bool = False) -> Data:
    """Return a copy in which actions have other names. With `explicit`, each keeps its operationId."""
    from pgagents.catalogue.checks.paths import camel

    if not names:
        return data
    made = json_copy(data)
    actions = {}
    for name, action in made["actions"].items():
        later = names.get(name, name)
        if explicit and later != name:
            action.setdefault("operation_id", camel(name))
            if action["operation_id"] == camel(later):
                del action["operation_id"]
        actions[later] = action
    made["actions"] = actions
    for holder, key in _references(made):
        held = holder[key]
        holder[key] = [names.get(n, n) for n in held] if isinstance(held, list) else names.get(held, held)
    return dict(made)


def _without(data: Data, names: set[str]) -> Data:
    """Return a copy whose lists of actions lack these names."""
    if not names:
        return data
    made = json_copy(data)
    for holder, key in _references(made):
        if isinstance(holder[key], list):
            holder[key] = [n for n in holder[key] if n not in names]
    return dict(made)


def _references(data: Data) -> list[tuple[Any, str]]:
    """Return every place of an imported catalogue that names actions, as the holder and its key."""
    found: list[tuple[Any, str]] = [(data.get("groups", {}), name) for name in data.get("groups", {})]
    found += [(s, "actions") for s in data.get("surfaces", {}).values() if isinstance(s.get("actions"), list)]
    for section in data.get("resources", {}).values():
        calls = [
            call for value in section.values() for call in (value if isinstance(value, list) else [value])
        ]
        found += [(call, "action") for call in calls if isinstance(call, dict) and "action" in call]
    for scheme in data.get("auth", {}).get("schemes", {}).values():
        for flow in scheme.get("flows", {}).values() if isinstance(scheme.get("flows"), dict) else ():
            found += [(flow["needs"], scope) for scope in flow.get("needs", {})]
    return found
