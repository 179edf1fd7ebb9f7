"""Make an overlay by which somebody's own document says what the catalogue adds to it.

It is one of the OpenAPI Overlay Specification (https://spec.openapis.org/overlay/v1.1.0.html, read
2026-11-26). Three documents decide: theirs, the one that pgagents makes of theirs alone, and the one that it
makes of the catalogue. The last two differ by the words of the catalogue's author. These differences are
carried over into theirs, and nothing else there changes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.places import Pointer, read_step

_MOST_REFERENCES = 50
"""Most references that follow each other; a document of others may have a circle of them."""


def carry_over(theirs: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Any:
    """Return their document with everything that changes between two of ours.

    A part to which a reference leads in their document, and which ours has in the reference's place, changes
    in that place alone. Schemas that a new part names are added.
    """
    bases = _list_bases(theirs)
    ours = [_fit_paths(_keep_named(_expand(one, one)), theirs, bases) for one in (before, after)]
    wanted = _Merge(theirs).merge(theirs, *ours)
    _add_named(wanted, ours[1])
    return wanted


def list_actions(base: Any, wanted: Any) -> list[dict[str, Any]]:
    """Return the actions that turn one document into another. An update appends to a list, so a list that
    changes is removed first.
    """
    return list(_list_actions(base, wanted, ()))


def make_overlay(
    actions: Sequence[Mapping[str, Any]], title: str, version: str, extends: str
) -> dict[str, Any]:
    """Return the overlay. `extends` is the reference to the document; empty if it cannot be said."""
    made: dict[str, Any] = {"overlay": "1.1.0", "info": {"title": title, "version": version}}
    return {**made, **({"extends": extends} if extends else {}), "actions": list(actions)}


def write_target(pointer: Pointer) -> str:
    """Return a JSONPath of RFC 9535 that finds the value at a pointer. Each key is quoted."""
    steps = (
        f"[{step}]" if isinstance(step, int) else "['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']"
        for step in pointer
    )
    return "$" + "".join(steps)


def _list_actions(base: Any, wanted: Any, pointer: Pointer) -> Iterator[dict[str, Any]]:
    update: dict[str, Any] = {}
    for key in base:
        if key not in wanted:
            yield {"target": write_target((*pointer, key)), "remove": True}
    for key, value in wanted.items():
        if key not in base:
            update[key] = value
            continue
        former = base[key]
        if _same(former, value):
            continue
        if isinstance(former, dict) and isinstance(value, dict):
            yield from _list_actions(former, value, (*pointer, key))
            continue
        if isinstance(former, dict | list) or isinstance(value, dict | list):
            yield {"target": write_target((*pointer, key)), "remove": True}
        update[key] = value
    if update:
        yield {"target": write_target(pointer), "update": update}


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are one in JSON, where `true` is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


# -- our documents in the form of theirs


def _expand(value: Any, root: Mapping[str, Any]) -> Any:
    """Return a copy in which each reference is replaced, except those to schemas, which may be circles."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#/components/schemas/"):
            return _expand(find_referred(root, reference), root)
        return {str(key): _expand(inner, root) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_expand(inner, root) for inner in value]
    return str(value) if isinstance(value, str) else value


def _keep_named(ours: dict[str, Any]) -> dict[str, Any]:
    """Return our document without the parts that stand now wherever a reference led to them."""
    components = {
        name: parts
        for name, parts in ours.get("components", {}).items()
        if name in ("schemas", "securitySchemes")
    }
    return {**ours, "components": components}


def find_referred(root: Any, reference: str) -> Any:
    """Return the value behind a reference inside a document; an empty object if there is none."""
    if not reference.startswith("#/"):
        return {}
    value = root
    for step in reference[2:].split("/"):
        key = read_step(step)
        if not isinstance(value, Mapping) or key not in value:
            return {}
        value = value[key]
    return value


def _list_bases(theirs: Mapping[str, Any]) -> list[str]:
    """Return the paths of their servers, longest first."""
    servers = theirs.get("servers")
    urls = [s.get("url") for s in servers if isinstance(s, Mapping)] if isinstance(servers, list) else []
    paths = {
        "/" + url.partition("://")[2].partition("/")[2] if "://" in url else url
        for url in urls
        if isinstance(url, str)
    }
    return sorted((path.rstrip("/") for path in paths if path.strip("/")), key=len, reverse=True)


def _fit_paths(ours: dict[str, Any], theirs: Mapping[str, Any], bases: Sequence[str]) -> dict[str, Any]:
    """Return our document with paths and servers as theirs has them: the path of a server stands there."""
    known = theirs.get("paths")
    known = known if isinstance(known, Mapping) else {}
    paths: dict[str, Any] = {}
    used = ""
    for path, item in ours.get("paths", {}).items():
        base = next((one for one in bases if path.startswith(f"{one}/") and path[len(one) :] in known), "")
        used = used or base
        paths[path if path in known else path.removeprefix(base)] = item
    if used:
        paths = {path if path in known else path.removeprefix(used): item for path, item in paths.items()}
        servers = [{**server, "url": server["url"].rstrip("/") + used} for server in ours.get("servers", [])]
        return {**ours, "servers": servers, "paths": paths}
    return {**ours, "paths": paths}


# -- what the author says, in their document


class _Merge:
    """Carry the differences between two documents of ours over into theirs."""

    def __init__(self, theirs: Mapping[str, Any]) -> None:
        self._root = theirs

    def merge(self, theirs: Any, before: Any, after: Any) -> Any:
        """Return their value, changed as ours is."""
        if _same(before, after):
            return copy.deepcopy(theirs)
        if isinstance(theirs, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
            followed = self._follow(theirs, before)
            if followed is not None:
                return self._merge_members(followed, before, after)
            return copy.deepcopy(after)
        if isinstance(theirs, list) and isinstance(before, list) and isinstance(after, list):
            return self._merge_items(theirs, before, after)
        return copy.deepcopy(after)

    def _follow(self, theirs: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what their reference leads to, where ours has the value itself. None if it leads to nothing
        in their document.
        """
        for _ in range(_MOST_REFERENCES):
            if "$ref" not in theirs or "$ref" in before:
                return theirs
            referred = find_referred(self._root, str(theirs["$ref"]))
            if not isinstance(referred, Mapping) or not referred:
                return None
            theirs = {**referred, **{key: value for key, value in theirs.items() if key != "$ref"}}
        return None

    def _merge_members(
        self, theirs: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for key, value in theirs.items():
            if key in after:
                merged[key] = self.merge(value, before[key], after[key]) if key in before else after[key]
            elif key not in before:
                merged[key] = copy.deepcopy(value)
        for key, value in after.items():
            if key not in theirs and not (key in before and _same(before[key], value)):
                merged[key] = copy.deepcopy(value)
        return merged

    def _merge_items(self, theirs: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
        named = [_index(items, self._root) for items in (theirs, before, after)]
        if any(index is None for index in named):
            return copy.deepcopy(after)
        own, former, wanted = (index or {} for index in named)
        kept = {
            name: self.merge(item, former[name], wanted[name]) if name in former and name in wanted else item
            for name, item in own.items()
            if name in wanted or name not in former
        }
        added = {name: item for name, item in wanted.items() if name not in own and name not in former}
        changed = {
            name: item
            for name, item in wanted.items()
            if name not in own and name in former and not _same(former[name], item)
        }
        return copy.deepcopy([*kept.values(), *added.values(), *changed.values()])


def _index(items: list[Any], root: Any) -> dict[Any, Any] | None:
    """Return items by what tells them apart: texts by themselves, parameters and tags by name and place.

    None if nothing tells them apart.
    """
    found: dict[Any, Any] = {}
    for item in items:
        whole = item
        if isinstance(item, Mapping) and isinstance(item.get("$ref"), str) and "name" not in item:
            whole = find_referred(root, item["$ref"])
        if isinstance(whole, str):
            found[whole] = item
        elif isinstance(whole, Mapping) and isinstance(whole.get("name"), str):
            found[whole["name"], whole.get("in")] = item
        else:
            return None
    return found if len(found) == len(items) else None


def _add_named(wanted: dict[str, Any], ours: Mapping[str, Any]) -> None:
    """Add the schemas of ours to which a new part refers and which their document has not."""
    left = list(_list_references(wanted))
    while left:
        reference = left.pop()
        name = read_step(reference.rpartition("/")[2])
        known = wanted.get("components", {}).get("schemas", {})
        schema = ours.get("components", {}).get("schemas", {}).get(name)
        if name in known or schema is None:
            continue
        wanted.setdefault("components", {}).setdefault("schemas", {})[name] = copy.deepcopy(schema)
        left += _list_references(schema)


def _list_references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/components/schemas/"):
            yield reference
        for inner in value.values():
            yield from _list_references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _list_references(inner)
