"""Group the operations of a document by the collection at whose path they stand, or at one of its items.

A step that only says what a method says is not a part of the path, where no other operation has the path
without it: `POST /volumes/create`, `GET /containers/{id}/json` (Docker's Engine API 1.41, 2026-11-28),
`DELETE /notes/delete/{id}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pgagents.base.text import bare_path, singular
from pgagents.importer.inference.creates import PLACEHOLDER
from pgagents.importer.names import snake
from pgagents.importer.operations import ImportedAction

_OF_COLLECTIONS = {"GET": ("all", "json", "list"), "POST": ("add", "create", "new")}
_CHANGING = ("edit", "update")
_OF_ITEMS = {
    "GET": ("get", "json", "read", "show", "view"),
    "PUT": _CHANGING,
    "PATCH": _CHANGING,
    "DELETE": ("delete", "remove"),
}
"""By method the steps that say no more than it does."""
_VERBS = frozenset(
    word for table in (_OF_COLLECTIONS, _OF_ITEMS) for words in table.values() for word in words
)
_ROOT = re.compile(r"(?i)|api|rest|v\d+")
"""Steps that are not a noun."""
T = TypeVar("T")


@dataclass(slots=True)
class Paths:
    """The actions of one collection (`/items`) and of one of its items (`/items/{item_id}`), by method."""

    collection: dict[str, ImportedAction] = field(default_factory=dict)
    item: dict[str, ImportedAction] = field(default_factory=dict)
    below: list[ImportedAction] = field(default_factory=list)
    """The actions of longer paths that name one of its items, such as `/items/{item_id}/lines`."""
    beside: str = ""
    """The other path of the collection, if its items have the noun in another number: `/items` of
    `/item/{item_id}`.
    """

    @property
    def read(self) -> ImportedAction | None:
        """The action that reads one item."""
        found = self.item.get("GET")
        return found if found is not None and found.action["effect"] == "read" else None

    @property
    def naming(self) -> list[ImportedAction]:
        """The actions that name one item in their path, the nearest first."""
        return [*self.item.values(), *self.below]


def group_paths(made: Sequence[ImportedAction]) -> dict[str, Paths]:
    """Group actions by the path of their collection. The names of placeholders are ignored."""
    found: dict[str, Paths] = {}
    taken = {(method, plain_path(path)) for _, method, path in _list_paths(made)}
    for one, method, path in _list_paths(made):
        plain = _leave_verb_out(method, path)
        if plain != path and (method, plain_path(plain)) not in taken:
            taken.add((method, plain_path(plain)))
            path = plain
        head, _, last = path.rpartition("/")
        if PLACEHOLDER.fullmatch(last):
            found.setdefault(plain_path(head), Paths()).item.setdefault(method, one)
        else:
            found.setdefault(plain_path(path), Paths()).collection.setdefault(method, one)
        steps = path.split("/")
        for number, step in enumerate(steps[:-1]):
            if PLACEHOLDER.fullmatch(step):
                found.setdefault(plain_path("/".join(steps[:number])), Paths()).below.append(one)
    _join_numbers(found)
    return found


def _list_paths(made: Sequence[ImportedAction]) -> Iterator[tuple[ImportedAction, str, str]]:
    for one in made:
        method, _, path = str(one.action["http"]).partition(" ")
        yield one, method, bare_path(path)  # some frameworks write `/items/` beside `/items/{item_id}`


def _leave_verb_out(method: str, path: str) -> str:
    """Return a path without the verb at its end, or before the id at its end."""
    *above, before, last = ["", *path.split("/")]
    own = _OF_ITEMS.get(method, ())
    if id := PLACEHOLDER.fullmatch(last):
        fits = before.lower() in own and _is_own_id(above[-1], id[1])
        return "/".join([*above, last][1:]) if fits else path
    words = own if PLACEHOLDER.fullmatch(before) else _OF_COLLECTIONS.get(method, ())
    return "/".join([*above, before][1:]) if last.lower() in words and not _ROOT.fullmatch(before) else path


def _is_own_id(noun: str, argument: str) -> bool:
    """True if an argument is the id of what a collection has: `/friends/remove/{user_id}` removes a friend by
    another id.
    """
    kind = snake(singular(noun))
    return bool(kind) and not _ROOT.fullmatch(noun) and snake(argument) in ("id", kind, f"{kind}_id")


def find_at(known: Mapping[str, T], path: str, argument: str) -> T | None:
    """Return what is known of a collection's path, which may end with a verb; None if nothing is.

    `argument` is the placeholder that follows, which must be the id of what the collection has then.
    """
    plain = plain_path(path)
    head, _, last = plain.rpartition("/")
    fits = last.lower() in _VERBS and (not argument or _is_own_id(head.rpartition("/")[2], argument))
    return known.get(plain) or (known.get(head) if fits else None)


def _join_numbers(found: dict[str, Paths]) -> None:
    """Give the actions of `/silences` to `/silence/{id}`, and those of `/item` to `/items/{id}`.

    Only one of both paths has items, and has no such action of its own.
    """
    by_noun: dict[tuple[str, str], list[str]] = {}
    for path in found:
        head, _, last = path.rpartition("/")
        by_noun.setdefault((head, snake(singular(last))), []).append(path)
    for paths in by_noun.values():
        items = [path for path in paths if found[path].naming]
        others = [path for path in paths if not found[path].naming]
        if len(items) == len(others) == 1 and items[0]:
            own, other = found[items[0]], found.pop(others[0])
            own.collection = {**other.collection, **own.collection}
            own.beside = others[0]


def plain_path(path: str) -> str:
    return PLACEHOLDER.sub("{}", path)


def find_parent(path: str) -> str:
    """Return the path of the collection to which the last placeholder of a path belongs."""
    return path[: path.rindex("{}")].rstrip("/") if "{}" in path else ""
