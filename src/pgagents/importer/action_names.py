"""Give each operation of a document the name that a person would choose for it.

Frameworks make operationIds by rules: FastAPI writes `list_notes_notes_get`, NestJS
`NotesController_findOne`, Django REST `notes_partial_update`, springdoc `getNote_1`. Each such rule is undone
here. An operation without an id of its own is named by its method and path: `list_notes`, `get_note`.

A name depends on its operation alone, and not on the document's order. Only if two operations have one name
does the second get a longer one; the operation whose id is that name exactly keeps it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pgagents.base.text import singular
from pgagents.base.verbs import ACTING_VERBS, READING_VERBS, VERBS_OR_NOUNS
from pgagents.importer.names import snake, unique
from pgagents.importer.operations import Operation

_READING = frozenset((
    "calculate", "check", "compare", "count", "download", "estimate", "export", "find", "lookup", "preview",
    "query", "render", "search", "translate", "validate", "verify",
))  # fmt: skip
"""Last words of a path that say what a call does, though it only reads."""
_ACTING = ACTING_VERBS | VERBS_OR_NOUNS | _READING | {"refund", "notify", "login", "logout", "ping"}
_VERBS = _ACTING | READING_VERBS
_NO_NOUN = re.compile(r"(?:api|rest|v[0-9]+(?:[a-z]+[0-9]*)?(?:\.[0-9]+)*)\Z", re.I)
"""Matches a part of a path that names nothing: `/api/v2/notes` are notes."""
_HELD = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class ActionName:
    """The name of an operation's action.

    `kept` is true if it is the operationId, in snake_case. `shared` is true if another operation has the same
    operationId, which no document may do.
    """

    name: str
    kept: bool
    shared: bool = False


def name_operations(
    every: Iterable[Operation], fixed: Mapping[str, str] | None = None
) -> dict[str, ActionName]:
    """Return the names of a document's operations by label (`GET /notes`).

    `every` are all operations of the document, so that a choice of some changes no name. `fixed` are names
    that the author gives, by label. No other operation gets one of these.
    """
    fixed = fixed or {}
    every = list(every)
    again = _tell_lists_apart(every)
    found = {label: ActionName(name, kept=False) for label, name in fixed.items()}
    taken = {name.lower() for name in fixed.values()}
    waiting = sorted((op for op in every if op.label not in fixed), key=_rank)
    ids = Counter(op.id for op in waiting if op.id)
    for op in waiting:
        usual = _choose_name(op)
        first = again.get(op.label, usual)
        if first.name != usual.name and ids[op.id] > 1:
            first = replace(first, shared=True)
        if first.name.lower() not in taken:
            taken.add(first.name.lower())
            found[op.label] = first
    for op in waiting:
        if op.label not in found:
            longer = (name for name in _list_longer(op) if name not in taken)
            name = next(longer, "") or unique(_choose_name(op).name, taken)
            taken.add(name.lower())
            found[op.label] = ActionName(name, kept=False, shared=ids[op.id] > 1)
    return found


_BY_ID = re.compile(r"_by_(?:id|pk|uuid|key|slug|name|id_or_\w+|\w+_id)\Z")


def _tell_lists_apart(every: Sequence[Operation]) -> dict[str, ActionName]:
    """Return other names for lists that are called `get_note`, and for the items below them.

    The list is `list_notes` then, and the item `get_note`. So are the removals of all, and of one.
    """
    found: dict[str, ActionName] = {}
    for method, old, new in (("GET", "get_", "list_"), ("DELETE", "delete_", "delete_")):
        called = {_HELD.sub("{}", op.path).rstrip("/"): op for op in every if op.method == method}
        for path, op in called.items():
            name = _choose_name(op).name
            item = called.get(f"{path}/{{}}")
            noun = name.removeprefix(old)
            last = noun.rpartition("_")[2]
            plural = not last.isalpha() or singular(last) != last
            if item is None or path.endswith("{}") or noun == name or plural:
                continue
            several = last[:-1] + "ies" if last[-1] == "y" else last + ("es" if last[-1] in "sx" else "s")
            found[op.label] = ActionName(f"{new}{noun.removesuffix(last)}{several}"[:60], kept=False)
            if _BY_ID.sub("", _choose_name(item).name) == name:
                found[item.label] = ActionName(name, kept=False)
    return found


def _rank(op: Operation) -> tuple[int, int, str, str]:
    """Return the order in which operations get their names: exact ids first, then the shortest paths."""
    name = _choose_name(op)
    exactness = 0 if name.name == op.id else 1 if name.kept else 2
    return exactness, op.path.count("/"), op.path, op.method


def _choose_name(op: Operation) -> ActionName:
    if op.id:
        made = _undo_fastapi(op) or _undo_nest(op) or _undo_django(op) or _undo_spring(op)
        if made:
            return ActionName(made, kept=False)
        if op.id.isascii() and re.search("[A-Za-z]", op.id) and not _says_path_alone(op):
            return ActionName(snake(op.id), kept=True)
    return ActionName(name_by_path(op.method, op.path, lists=_lists(op), has_body=op.body is not None), False)


def _list_longer(op: Operation) -> list[str]:
    """Return names for an operation whose own is taken, the best first."""
    usual = name_by_path(op.method, op.path, lists=_lists(op), has_body=op.body is not None)
    verb = usual.partition("_")[0]
    verb = verb if verb in _VERB_OF.values() or verb in ("list", "get", "create") else op.method.lower()
    parts = [part for part in _HELD.sub("", op.path).split("/") if _fold(part)]
    named = [_fold(part) for part in parts if not _NO_NOUN.match(part)]
    held = _HELD.findall(op.path.rstrip("/").rpartition("/")[2])
    by = f"{usual}_by_{_fold(held[-1])}" if held else usual
    by = f"{usual}_by_id" if held and usual.endswith(f"_{_fold(held[-1])}") else by
    return [
        *(
            snake(name)
            for name in (usual, by, "_".join([verb, *named]), "_".join([verb, *map(_fold, parts)]))
        ),
        snake(op.id or f"{op.method}_{op.path}"),
    ]


# -- method and path


_VERB_OF = {"QUERY": "query", "POST": "update", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
"""By method, what it does to an instance."""


def name_by_path(method: str, path: str, *, lists: bool, has_body: bool = True) -> str:
    """Return the usual name of an operation: `list_notes`, `get_note`, `archive_note`, `create_note_tag`.

    `lists` is true if it answers with a list.
    """
    parts = [part for part in path.split("/") if part]
    nouns = [
        _fold(part) for part in parts if not _HELD.search(part) and not _NO_NOUN.match(part) and _fold(part)
    ]
    return snake(
        _name_by_nouns(method, nouns, on_item=_is_item(parts[-1:]), below=_is_item(parts[-2:-1]), lists=lists,
                       has_body=has_body)
    )  # fmt: skip


def _is_item(parts: list[str]) -> bool:
    return bool(parts) and bool(_HELD.search(parts[0]))


def _one(noun: str) -> str:
    """Return a noun in the singular. A short one is an abbreviation, such as `gcs`."""
    return singular(noun) if len(noun.rpartition("_")[2]) > 3 else noun


def _fold(part: str) -> str:
    """Return a part of a path in snake_case; empty if it has no letters."""
    return snake(part) if re.search("[A-Za-z]", part.encode("ascii", "ignore").decode()) else ""


def _name_by_nouns(
    method: str, nouns: list[str], *, on_item: bool, below: bool, lists: bool, has_body: bool = True
) -> str:
    """Return the name from the nouns of the path. `below` is true if the last noun stands behind an id."""
    *above, last = nouns or ["root" if method == "GET" and not on_item else "resource"]
    holder = "_".join(map(_one, above))
    first = last.partition("_")[0]
    verbs = _VERBS if "_" in last else _READING if method == "GET" else _ACTING
    if not on_item and first in verbs and ("_" in last or _one(last) == last):
        owner = holder if below or not above else "_".join((*map(_one, above[:-1]), above[-1]))
        return f"{last}_{owner}".rstrip("_")
    verb = _VERB_OF.get(method, "get")
    if not on_item and method in ("GET", "POST"):
        verb = "create" if method == "POST" else "list" if lists else "get"
    elif method == "PUT" and on_item and not has_body:
        verb = "put"
    noun = _one(last) if on_item or verb == "create" else last
    return "_".join(filter(None, (verb, holder, noun)))


def _lists(op: Operation) -> bool:
    """True if a successful answer is a list, or an object with one under a plural name of its path."""
    for answer in op.answers:
        schema = answer.schema.mapping() if answer.status[:1] == "2" and answer.schema is not None else {}
        if schema.get("type") == "array" or isinstance(schema.get("items"), dict):
            return True
    parts = [part for part in op.path.split("/") if part]
    last = _fold(parts[-1]) if parts and not _is_item(parts[-1:]) else ""
    return bool(last) and _one(last) != last


# -- rules of frameworks


def _undo_fastapi(op: Operation) -> str:
    """Return the function's name: FastAPI puts the path and the method behind it (0.165, 2026-11)."""
    end = re.sub(r"\W", "_", op.path) + "_" + op.method.lower()
    return snake(op.id.removesuffix(end)) if op.id.endswith(end) and op.id != end else ""


_NEST = re.compile(r"([A-Z][A-Za-z0-9]*?)Controller_([A-Za-z0-9]+)(?:_v?[0-9.]+)?\Z")
_USUAL = {
    "find_all": "list", "get_all": "list", "find_many": "list", "list": "list", "index": "list",
    "find_one": "get", "get_one": "get", "find_by_id": "get", "get_by_id": "get", "get": "get",
    "show": "get",
}  # fmt: skip
"""Usual names of a controller's methods, each with the verb of a name."""
_NO_CONTROLLER = frozenset(("app", "api", "root", "main"))


def _undo_nest(op: Operation) -> str:
    """Return the controller's noun with the method's verb: `NotesController_findOne` is `get_note`."""
    found = _NEST.match(op.id)
    if found is None:
        return ""
    kind, method = snake(found[1]), snake(found[2])
    noun, words = _one(kind), method.split("_")
    if method in _USUAL:
        return f"{_USUAL[method]}_{kind if _USUAL[method] == 'list' else noun}"
    if kind in _NO_CONTROLLER or {kind, noun} & set(words) or noun in method:
        return method
    return "_".join((words[0], noun, *words[1:]))


_DJANGO = {"list": "GET", "retrieve": "GET", "create": "POST", "update": "PUT", "partial_update": "PATCH",
           "destroy": "DELETE"}  # fmt: skip
_DJANGO_END = re.compile(r"_(list|retrieve|create|partial_update|update|destroy)(?:_[0-9]+)?\Z")


def _undo_django(op: Operation) -> str:
    """Return the name by the path's nouns: drf-spectacular writes these, and one of six words behind them."""
    found = _DJANGO_END.search(op.id)
    if found is None or _DJANGO[found[1]] != op.method:
        return ""
    parts = [part for part in op.path.split("/") if part]
    words = [_fold(part) for part in parts if not _HELD.search(part)]
    named = snake(op.id[: found.start()])
    begin = next((n for n in range(len(words)) if "_".join(words[n:])[:60].rstrip("_") == named), None)
    if begin is None:
        return ""
    nouns = [word for word in words[begin:] if not _NO_NOUN.match(word)]
    lists, below = found[1] == "list", _is_item(parts[-2:-1])
    return _name_by_nouns(op.method, nouns, on_item=_is_item(parts[-1:]), below=below, lists=lists)[:60]


_SPRINGFOX = re.compile(r"Using(?:GET|POST|PUT|PATCH|DELETE)(?:_[0-9]+)?\Z")
_AGAIN = re.compile(r"(?<=[a-zA-Z])_[0-9]{1,2}\Z")


def _undo_spring(op: Operation) -> str:
    """Return the Java method's name, without the `UsingGET` of springfox.

    Springfox and springdoc number methods of one name (`getNote_1`). Such an operation gets the nouns of its
    path, because another one has the name without a number.
    """
    plain = _AGAIN.sub("", op.id)
    numbered, fox = plain != op.id, _SPRINGFOX.search(op.id)
    stem = plain.removesuffix(f"Using{op.method}")
    if "_" in stem or not (numbered or fox) or not re.match("[a-z]+[A-Z]", stem):
        return ""
    if not numbered:
        return snake(stem)
    first = snake(stem).partition("_")[0]
    verb, _, nouns = name_by_path(op.method, op.path, lists=_lists(op)).partition("_")
    return f"{first if first in _VERBS else verb}_{nouns}"[:60].rstrip("_")


def _says_path_alone(op: Operation) -> bool:
    """True if an operationId has nothing but the method and the words of the path, as a tool writes them.

    `getNotes` is what an author writes too, so the id must name a placeholder, or say `post`.
    """
    words = [word for word in snake(op.id).split("_") if word != "by"]
    parts = [part for part in op.path.split("/") if part and not _NO_NOUN.match(part)]
    path = [word for part in parts for word in _fold(part).split("_") if word and word != "by"]
    method = op.method.lower()
    if words not in ([method, *path], [*path, method]) or len(op.id) > 60:
        return False
    return method == "post" or any(_HELD.search(part) for part in parts)
