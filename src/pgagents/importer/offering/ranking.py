"""Rank the actions of a large document by their resources, the most useful first.

A resource is a collection's path. Its weight is the number of operations at and below the path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pgagents.importer.operations.imported import PLACEHOLDER, ImportedAction
from pgagents.text.brief import brief

_APART = re.compile(
    r"(?:^|[^a-z])(?:admin|internal|debug|experimental|beta|alpha|legacy|deprecated|oauth2?|log[io]n|logout)"
    r"(?:[^a-z]|$)"
)
"""Words in paths and tags of operations that are internal, administrative or temporary."""
_STANDARD = (
    ("collection", "GET"), ("item", "GET"), ("collection", "POST"), ("item", "PATCH"), ("item", "PUT"),
    ("item", "POST"), ("item", "DELETE"),
)  # fmt: skip
"""Places and methods of a resource's standard operations, in the order of choice: reads come first."""

_UPDATES = (("item", "PATCH"), ("item", "PUT"), ("item", "POST"))


@dataclass(slots=True)
class Resource:
    """The actions of one collection: the standard ones by place and method, and the others."""

    path: str
    weight: int = 0
    standard: dict[tuple[str, str], ImportedAction] = field(default_factory=dict)
    others: list[ImportedAction] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The last part of the path that is no placeholder."""
        return next((p for p in reversed(self.path.split("/")) if p and p != "{}"), "the API")

    @property
    def main(self) -> list[ImportedAction]:
        """The standard actions: list, read, create, the first that updates, and remove."""
        keys = [key for key in _STANDARD if key in self.standard]
        updating = [key for key in keys if key in _UPDATES][:1]
        return [self.standard[key] for key in keys if key not in _UPDATES or key in updating]

    @property
    def reads(self) -> list[ImportedAction]:
        """The standard actions that change nothing."""
        return [one for one in self.main if one.action["effect"] == "read"]

    @property
    def complete(self) -> bool:
        """True if an agent can find an instance and then act on it."""
        has = self.standard.keys()
        return ("item", "GET") in has or {("collection", "GET"), ("collection", "POST")} <= has


def rank_resources(made: Sequence[ImportedAction]) -> list[Resource]:
    """Return the resources that agents may be offered: complete ones first, then by weight."""
    fitting = [one for one in made if not _is_apart(one)] or list(made)
    found: dict[str, Resource] = {}
    paths = {path_of(one) for one in fitting}
    for one in fitting:
        _place(one, found, paths)
    every = [path_of(one) for one in made]
    for resource in found.values():
        resource.weight = sum(p == resource.path or p.startswith(resource.path + "/") for p in every)
        resource.weight = max(resource.weight, len(resource.standard) + len(resource.others))
    return sorted(found.values(), key=lambda r: (not r.complete, -r.weight))


def choose(resources: Sequence[Resource], most: int, without: frozenset[str]) -> list[ImportedAction]:
    """Return at most `most` actions, without those named in `without`.

    Whole resources come first, then single actions that fit.
    """
    chosen: list[ImportedAction] = []

    def take(candidates: Sequence[ImportedAction], *, whole: bool) -> None:
        new = [one for one in candidates if one.name not in without and one not in chosen]
        room = most - len(chosen)
        if not whole or len(new) <= room:
            chosen.extend(new[:room])

    for resource in resources:
        take(resource.main, whole=True)
    for resource in resources:
        take(resource.reads, whole=True)
    for resource in resources:
        take([one for one in resource.others if one.action["effect"] == "read"], whole=False)
    for resource in resources:
        take(resource.others, whole=False)
    return chosen


def path_of(one: ImportedAction) -> str:
    """Return the action's path, without the names of placeholders."""
    return PLACEHOLDER.sub("{}", str(one.action["http"]).partition(" ")[2])


def _is_apart(one: ImportedAction) -> bool:
    """True for an action that is deprecated, or meant only for some callers."""
    words = " ".join([str(one.action["http"]), *map(str, one.action.get("tags", ()))]).lower()
    begin = str(one.action["description"])[:80].lower()
    return bool(one.action.get("deprecated") or "deprecated" in begin or _APART.search(words))


def _place(one: ImportedAction, found: dict[str, Resource], paths: set[str]) -> None:
    """Add an action to its resource."""
    method, path = one.operation.method, path_of(one)
    head = path
    while head.endswith("/{}"):
        head = head.removesuffix("/{}")
    if head != path:
        found.setdefault(head, Resource(head)).standard.setdefault(("item", method), one)
        return
    parent = path.rpartition("/")[0]
    acts_on_item = method != "GET" and parent.endswith("/{}") and f"{path}/{{}}" not in paths
    if not acts_on_item:
        home = _name_group(one) or path
        held = found.setdefault(home, Resource(home))
        if home == path and ("collection", method) not in held.standard:
            held.standard["collection", method] = one
        else:
            held.others.append(one)
        return
    while parent.endswith("/{}"):
        parent = parent.removesuffix("/{}")
    found.setdefault(parent, Resource(parent)).others.append(one)


def _name_group(one: ImportedAction) -> str:
    """Return the group of a procedure such as `/chat.postMessage`; empty for a path of a resource."""
    last = path_of(one).rpartition("/")[2]
    return last.rpartition(".")[0] if "." in last and one.operation.path.count("{") == 0 else ""


def summarize(resources: Sequence[Resource], names: Sequence[str]) -> str:
    """Describe a choice of actions by its resources: `files (5), folders (4)`."""
    chosen = set(names)
    counts: dict[str, int] = {}
    for resource in resources:
        every = [*resource.standard.values(), *resource.others]
        if count := sum(one.name in chosen for one in every):
            counts[resource.name] = counts.get(resource.name, 0) + count
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    more = f", and {len(ordered) - 8} more" if len(ordered) > 8 else ""
    return ", ".join(f"{brief(name, 40)} ({count})" for name, count in ordered[:8]) + more
