"""Find which operation each entry of a short catalogue names: by an action's name, operationId or path.

An entry's `operation` gives its operation another name. The names of placeholders in a path do not count,
because documents change them at will. A path may have the document's base path or not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.places import Pointer
from pgagents.base.text import brief, did_you_mean, singular
from pgagents.catalogue.language.actions import Action
from pgagents.importer.action_names import ActionName
from pgagents.importer.names import snake
from pgagents.importer.operations import PLACEHOLDER, ImportedAction, Operation
from pgagents.importer.overlay.merge import Misfit

OPERATION = "operation"
_LABEL = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /")
_PATH = re.compile(r"(GET|POST|PUT|PATCH|DELETE|\*) [/*]")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
Index = Mapping[str, set[str]]
"""By a name, an operationId, or a method and path, the labels of the operations that it may mean."""
WHOLE = frozenset(("title", "description", "effect", "output"))
"""Keys of an action that no document has. One that only a dispatcher calls has no `http`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts for the conversion itself: names by label (`GET /notes`), and which operations only read.

    `claimed` has the operations that entries name, by label. `misfits` are entries that contradict others.
    """

    names: Mapping[str, str]
    reads: tuple[str, ...]
    acts: tuple[str, ...]
    claimed: frozenset[str]
    misfits: tuple[Misfit, ...]


@dataclass(slots=True)
class Resolved:
    """The author's entries by the actions' names, and the author's key of each."""

    entries: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str | int] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)
    """Entries that name no operation, or that of another entry. Their pointers have the author's keys."""


def index_operations(
    operations: Sequence[Operation], bases: Sequence[str], called: Mapping[str, ActionName]
) -> Index:
    """Return the labels of operations by the words that may name them.

    `called` are the names of their actions, by label. An operationId, or a method and path, goes before one.
    """
    return _index((op.label, called[op.label].name, _snake_id(op)) for op in operations) | _index(
        (op.label, op.label, op.id, *(f"{op.method} {base}{op.path}" for base in bases)) for op in operations
    )


def find_facts(
    entries: Mapping[Any, Any], index: Index, alone: Collection[str], called: Mapping[str, ActionName]
) -> Facts:
    """Return what the entries say about operations before these are converted.

    `alone` are labels of operations that no entry names, so that another name may be theirs. `called` are
    the names that operations have without an entry, by label.
    """
    names: dict[str, str] = {}
    reads: list[str] = []
    acts: list[str] = []
    misfits: list[Misfit] = []
    claimed: set[str] = set()
    for key, entry in entries.items():
        operation = entry.get(OPERATION) if isinstance(entry, Mapping) else None
        labels = index.get(make_plain(str(operation or key)), set())
        if len(labels) != 1:
            continue
        label = next(iter(labels))
        if key not in alone:
            claimed.add(label)
        if operation is not None and label not in names:
            names[label] = str(key)
            if not _NAME.match(str(key)) or len(str(key)) > 60:
                misfits.append(
                    Misfit(
                        ("actions", key),
                        "name",
                        f"`{brief(str(key))}` cannot be an action's name",
                        "begin with a small letter; small letters, digits and _ may follow",
                    )
                )
        effect = entry.get("effect") if isinstance(entry, Mapping) else None
        effect = effect.get("value") if isinstance(effect, Mapping) else effect
        if effect == "read" and label.startswith(("POST ", "GET ")):
            reads.append(label)
        if effect == "write" and label.startswith("GET "):
            acts.append(label)
    misfits += _find_taken(names, called)
    return Facts(names, tuple(reads), tuple(acts), frozenset(claimed), tuple(misfits))


def _find_taken(names: Mapping[str, str], called: Mapping[str, ActionName]) -> Iterable[Misfit]:
    """Yield an error for each new name that is another operation's, unless that one gets a new name too."""
    owners = {one.name: label for label, one in called.items()}
    for label, name in names.items():
        other = owners.get(name, label)
        if other != label and other not in names:
            said = f"`{name}` is the name of {brief(other)} already"
            help = "take another name, or give that operation another one too"
            yield Misfit(("actions", name), "name-taken", said, help)


def resolve(
    entries: Mapping[Any, Any],
    made: Sequence[ImportedAction],
    claimed: frozenset[str],
    alone: Collection[str] = (),
) -> Resolved:
    """Return the entries by the names of the converted actions.

    `alone` are entries of operations that no author names. One of which no action was made is left out.
    """
    index = _index(
        (m.name, m.name, m.operation.id, _snake_id(m.operation), m.operation.label, str(m.action["http"]))
        for m in made
    )
    resolved = Resolved()
    labels = {m.name: m.operation.label for m in made}
    for key, entry in entries.items():
        if key in alone:
            for name in (name for name, label in labels.items() if label == key):
                resolved.entries[name], resolved.keys[name] = entry, key
            continue
        at: Pointer = ("actions", key)
        operation = entry.get(OPERATION) if isinstance(entry, Mapping) else None
        if operation is not None and not isinstance(operation, str):
            help = 'write `operation: "GET /notes/{id}"`, or an operationId'
            said = "`operation` is the method and path, or the operationId, of an operation"
            resolved.misfits.append(Misfit((*at, OPERATION), "operation", said, help))
            continue
        word = str(operation or key)
        meant = sorted(index.get(make_plain(word), ()), key=lambda name: labels[name])
        if len(meant) > 1:
            said = f"`{brief(word)}` may mean {' or '.join(brief(labels[name]) for name in meant[:4])}"
            help = f"name one by method and path: {_quote(labels[meant[0]])}"
            resolved.misfits.append(Misfit(at, "ambiguous-operation", said, help))
        elif not meant and operation is None and _is_whole(entry):
            resolved.entries[str(key)], resolved.keys[str(key)] = entry, key
        elif not meant:
            place = (*at, OPERATION) if operation is not None else at
            help = _help(word, made, claimed, renames=operation is not None)
            said = f"the document has no operation `{brief(word)}`"
            resolved.misfits.append(Misfit(place, "unknown-operation", said, help))
        elif meant[0] in resolved.keys:
            other = brief(str(resolved.keys[meant[0]]))
            said = f"this is {brief(labels[meant[0]])}, of which `{other}` speaks already"
            help = "join the two entries: an operation has one name"
            resolved.misfits.append(Misfit(at, "same-operation", said, help))
        elif operation is not None and meant[0] != key:
            said = f"`{brief(word)}` is not an operationId, but a name made for {brief(labels[meant[0]])}"
            help = f"write `operation: {_quote(labels[meant[0]])}`"
            resolved.misfits.append(Misfit((*at, OPERATION), "operation", said, help))
        else:
            own = {k: v for k, v in entry.items() if k != OPERATION} if isinstance(entry, Mapping) else entry
            resolved.entries[meant[0]], resolved.keys[meant[0]] = own, key
    return resolved


def _snake_id(op: Operation) -> str:
    """Return the operationId as a name, which may be another operation's; empty without one."""
    return snake(op.id) if op.id else ""


def _index(rows: Iterable[tuple[str, ...]]) -> dict[str, set[str]]:
    """Return the first words of rows by each of the others."""
    index: dict[str, set[str]] = {}
    for first, *words in rows:
        for word in words:
            if word:
                index.setdefault(make_plain(word), set()).add(first)
    return index


def make_plain(word: str) -> str:
    """Return a method and path without the names of placeholders."""
    return PLACEHOLDER.sub("{}", word) if _PATH.match(word) else word


def _is_whole(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.keys() >= WHOLE


def _quote(label: str) -> str:
    """Return a method and path as YAML takes it everywhere, also inside braces."""
    return f'"{label}"' if "{" in label else label


# -- the operation that an entry most likely means


_VERBS: Mapping[str, tuple[str, ...]] = {
    "list": ("GET",), "get": ("GET",), "find": ("GET",), "read": ("GET",), "show": ("GET",),
    "fetch": ("GET",), "search": ("GET", "POST"), "create": ("POST",), "add": ("POST", "PUT"),
    "post": ("POST",), "make": ("POST",), "new": ("POST",), "update": ("PATCH", "PUT", "POST"),
    "edit": ("PATCH", "PUT"), "change": ("PATCH", "PUT"), "patch": ("PATCH",), "put": ("PUT",),
    "replace": ("PUT",), "set": ("PUT", "POST"), "delete": ("DELETE",), "remove": ("DELETE",),
}  # fmt: skip
_OF_ONE = frozenset(
    ("get", "read", "show", "fetch", "update", "edit", "change", "patch", "replace", "delete", "remove")
)
_OF_ALL = frozenset(("list", "find", "search", "create", "add", "post", "make", "new"))
MOST_NAMED = 3


def _help(word: str, made: Sequence[ImportedAction], claimed: frozenset[str], *, renames: bool) -> str:
    """Return advice for an entry that names no operation."""
    if word in Action.model_fields:
        return "it is a key of an action: indent it, so that it stands below the action's name"
    free = [m for m in made if m.operation.label not in claimed]
    close = _find_alike(word, free)
    if len(close) == 1:
        label = close[0].operation.label
        if _LABEL.match(word):
            return f"{label} has the same method and names: write {_quote(label)}"
        keeps = "names it" if renames else "keeps the old name"
        return f"{label} is called `{close[0].name}` now; `operation: {_quote(label)}` {keeps}"
    if close:
        return f"it may be one of these now: {', '.join(m.operation.label for m in close[:MOST_NAMED])}"
    known = (m.operation.label for m in made) if _LABEL.match(word) else _list_words(made)
    near = did_you_mean(word, known)
    if near.startswith("did"):
        return near
    return near or f"an action that no document has needs {', '.join(sorted(WHOLE))}"


def _list_words(made: Sequence[ImportedAction]) -> list[str]:
    return [word for m in made for word in dict.fromkeys((m.name, m.operation.id)) if word]


def _find_alike(word: str, made: Sequence[ImportedAction]) -> list[ImportedAction]:
    """Return the operations with the verb and the nouns of a word.

    Spelling is not a measure: `list_tags` is near `list_notes`, and means something else.
    """
    if _LABEL.match(word):
        method, _, path = word.partition(" ")
        nouns = list_nouns(path)
        ends = path.endswith("}")
        same = [m for m in made if m.operation.method == method and list_nouns(m.operation.path) == nouns]
        return [m for m in same if m.operation.path.endswith("}") == ends] or _with_last(
            made, method, nouns, ends
        )
    first, *rest = [part for part in re.split(r"[^a-z0-9]+", snake(word)) if part]
    methods, nouns = _VERBS.get(first, ()), [singular(noun) for noun in rest]
    if not methods or not nouns:
        return []
    fitting = [
        m
        for m in made
        if m.operation.method in methods
        and list_nouns(m.operation.path)[-len(nouns) :] == nouns
        and not (first in _OF_ONE and not m.operation.path.endswith("}"))
        and not (first in _OF_ALL and m.operation.path.endswith("}"))
    ]
    exact = [m for m in fitting if list_nouns(m.operation.path) == nouns]
    return exact or fitting


def _with_last(
    made: Sequence[ImportedAction], method: str, nouns: Sequence[str], ends: bool
) -> list[ImportedAction]:
    """Return the operations of a method whose path ends with the same noun."""
    return [
        m
        for m in made
        if nouns
        and m.operation.method == method
        and list_nouns(m.operation.path)[-1:] == list(nouns[-1:])
        and m.operation.path.endswith("}") == ends
    ]


def list_nouns(path: str) -> list[str]:
    """Return the words of a path in the singular, without placeholders and versions."""
    words = re.split(r"[^a-z0-9]+", PLACEHOLDER.sub("", path).lower())
    return [singular(word) for word in words if word and not re.fullmatch(r"v[0-9]+|api", word)]
