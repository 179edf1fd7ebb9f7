"""Apply files of the OpenAPI Overlay Specification to a document before it is imported.

`openapi: {document: …, overlays: [fix.overlay.yaml]}` names them. Versions 1.0 and 1.1 are read
(https://spec.openapis.org/overlay/v1.1.0.html, read 2026-11-25). Unlike there, a target that finds nothing
is an error, because a line that silently does nothing is found by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.errors import Diagnostic, InputError, PgagentsError
from pgagents.base.places import Pointer, Source, Span, write_pointer
from pgagents.base.reading import MAX_DEPTH, parse
from pgagents.base.text import brief, decode, did_you_mean
from pgagents.importer.document import MAX_VALUES

MOST_FILES = 20
MAX_BYTES = 1_000_000
MOST_ACTIONS = 2_000
MOST_TARGETS = 100_000
"""Nodes of the document that one action changes."""
_VERSION = re.compile(r"1\.[01]\.[0-9]+\Z")
_KEYS = ("overlay", "info", "extends", "actions")
_ACTION_KEYS = ("target", "description", "update", "remove", "copy")
EXAMPLE = (
    "write {target: $.info, update: {title: Notes}}, {target: …, remove: true} or {target: …, copy: $.…}"
)
Origin = tuple[int, Pointer]
"""A file that says a value, and the value's pointer there: -1 is the document, 0 the first overlay."""


@dataclass(slots=True)
class Applied:
    """A document's data after overlays changed it, and the origin of each changed value."""

    data: Any
    files: Sequence[Source] = ()
    members: dict[tuple[int, str], Origin] = field(default_factory=dict)
    """By an object of the data and a key, the origin of that member."""
    items: dict[int, list[Origin | int]] = field(default_factory=dict)
    """By a changed list of the data, the origin of each item: of the document's own, the former index."""
    problems: list[Diagnostic] = field(default_factory=list)
    """Actions that find nothing in the document, or that do not fit what they find."""
    kept: list[Any] = field(default_factory=list)
    """Removed values, kept so that no new one is taken for them."""

    def find_origin(self, steps: Pointer) -> Origin:
        """Return the file that says the value at a pointer of the data, or what is nearest to it."""
        origin: Origin = (-1, ())
        value = self.data
        for step in steps:
            moved = self.items.get(id(value))
            index = moved[step] if moved is not None and isinstance(step, int) and step < len(moved) else step
            written = self.members.get((id(value), str(step))) if isinstance(value, dict) else None
            if written is not None:
                origin = written
            elif isinstance(index, tuple):
                origin = index
            else:
                origin = (origin[0], (*origin[1], index))
            value = _step(value, step)
        return origin

    def relocate(self, steps: Pointer, at_value: bool) -> Span | Pointer:
        """Return the place of a value that an overlay says, or the pointer of one in the document's text."""
        number, pointer = self.find_origin(steps)
        if number < 0:
            return pointer
        span = self.files[number].locate(pointer, at_value=at_value)
        return Span(span.file, span.line, span.column, write_pointer(pointer))


def read_overlays(
    paths: Sequence[tuple[str, str]], fetch: Callable[[str], bytes]
) -> list[tuple[Source, bytes]]:
    """Read overlay files. `paths` are absolute ones, each with its name in messages.

    Raises InputError for one that is not an overlay, and PgagentsError for one that cannot be read.
    """
    if len(paths) > MOST_FILES:
        raise PgagentsError(f"{len(paths)} overlays are too many; at most {MOST_FILES} are read", "join some")
    return [_read(fetch(location), name) for location, name in paths]


def _read(raw: bytes, name: str) -> tuple[Source, bytes]:
    if len(raw) > MAX_BYTES:
        raise PgagentsError(f"{name} has more than {MAX_BYTES:,} bytes; that is the most read", "split it")
    try:
        source = parse(decode(raw), name, foreign=True)
    except UnicodeDecodeError as error:
        raise PgagentsError(
            f"{name}: byte 0x{raw[error.start]:02x} is not UTF-8", "save it as UTF-8"
        ) from None
    problems = [Diagnostic(p.span, f"overlay/{p.id}", "error", p.message, p.help) for p in source.problems]
    if not problems and (wrong := next(_find_wrong(source), None)) is not None:
        problems = [wrong]
    if problems:
        raise InputError(problems[:1], source)
    return source, raw


def _find_wrong(source: Source) -> Iterator[Diagnostic]:
    """Yield each problem of an overlay that its own text shows, the first one of which is told."""
    data = source.data

    def problem(at: Pointer, message: str, help: str) -> Diagnostic:
        return Diagnostic(source.locate(at), "overlay/broken-overlay", "error", message, help)

    if not isinstance(data, dict) or "overlay" not in data:
        said = "this is not an OpenAPI Overlay: it has no key `overlay`"
        yield problem((), said, "an overlay begins with `overlay: 1.1.0`")
        return
    if not _VERSION.match(str(data["overlay"])):
        said = f"version `{brief(str(data['overlay']), 40)}` of Overlay is not known"
        yield problem(("overlay",), said, "write `overlay: 1.1.0`; 1.0 is read too")
    for key in data:
        if key not in _KEYS and not key.startswith("x-"):
            yield problem((key,), f"unknown key `{brief(key)}`", did_you_mean(key, _KEYS))
    actions = data.get("actions")
    if not isinstance(actions, list) or not actions:
        yield problem(("actions",), "`actions` is a list of at least one change", EXAMPLE)
        return
    if len(actions) > MOST_ACTIONS:
        yield problem(("actions",), f"at most {MOST_ACTIONS:,} actions are read", "split the file")
    for number, action in enumerate(actions):
        at: Pointer = ("actions", number)
        if not isinstance(action, dict):
            yield problem(at, "an action is a mapping", EXAMPLE)
            continue
        for key in action:
            if key not in _ACTION_KEYS and not key.startswith("x-"):
                yield problem((*at, key), f"unknown key `{brief(key)}`", did_you_mean(key, _ACTION_KEYS))
        yield from _find_wrong_action(action, at, problem, with_copy=str(data["overlay"]).startswith("1.1"))


def _find_wrong_action(
    action: Mapping[str, Any],
    at: Pointer,
    problem: Callable[[Pointer, str, str], Diagnostic],
    *,
    with_copy: bool,
) -> Iterator[Diagnostic]:
    for key in ("target", "copy"):
        if key in action or key == "target":
            why = _find_syntax_error(action.get(key))
            if why:
                yield problem(
                    (*at, key), f"`{key}` is not a JSONPath: {why}", "write it as $.paths['/notes'].get"
                )
    if "copy" in action and not with_copy:
        yield problem((*at, "copy"), "`copy` is of Overlay 1.1", "write `overlay: 1.1.0`")
    if not isinstance(action.get("remove", False), bool):
        yield problem((*at, "remove"), "`remove` is true or false", "write `remove: true`")
    changes = [key for key in ("update", "copy") if key in action] + (
        ["remove"] if action.get("remove") else []
    )
    if not changes:
        yield problem(at, "this action changes nothing: it has no `update`, `remove` or `copy`", EXAMPLE)
    elif len(changes) > 1:
        said = f"`{changes[0]}` and `{changes[1]}` stand in one action, and only one counts"
        yield problem((*at, changes[0]), said, "write two actions")


def _find_syntax_error(path: Any) -> str:
    """Return why a value is not a JSONPath (RFC 9535); empty if it is one."""
    import jsonpath_rfc9535 as jsonpath  # read only where a document has overlays

    if not isinstance(path, str) or len(path) > 2_000:
        return "it is not a text of at most 2,000 characters"
    try:
        jsonpath.compile(path)
    except (jsonpath.JSONPathError, RecursionError, ValueError) as error:
        return brief(str(error).partition("\n")[0], 120) or "it cannot be read"
    return ""


# -- applying


def apply_overlays(data: Any, files: Sequence[Source]) -> Applied:
    """Return the document's data, changed by each action in its order. The caller's data stays as it is.

    Raises PgagentsError if the result grows beyond what is read of a document.
    """
    made = Applied(_copy(data), files)
    left = MAX_VALUES
    for number, source in enumerate(files):
        for index, action in enumerate(source.data["actions"]):
            left -= _Action(made, source, number, ("actions", index), action).apply(left)
    return made


@dataclass(slots=True)
class _Action:
    """One action of an overlay. `number` is the overlay's among all, `at` the action's pointer there."""

    made: Applied
    source: Source
    number: int
    at: Pointer
    action: Mapping[str, Any]

    def apply(self, most: int) -> int:
        """Apply the action. Return how many values it adds, which are at most `most`."""
        targets = self._find("target")
        if not targets:
            shown = brief(self.action["target"], 120)
            help = "correct the target, or remove the action; it was made for another edition of the document"
            self._report("target", "overlay/no-target", f"the document has nothing at `{shown}`", help)
            return 0
        if self.action.get("remove"):
            self._remove([steps for steps, _ in targets])
            return 0
        if "copy" in self.action:
            found = self._find("copy")
            if len(found) != 1:
                shown = brief(self.action["copy"], 120)
                said = f"`copy` takes one value, and `{shown}` finds {len(found)}"
                self._report("copy", "overlay/no-target", said, "name one value of the document")
                return 0
            key, value = "copy", _copy(found[0][1])  # it may lie in the target itself, or hold that
        else:
            key, value = "update", self.action["update"]
        size, depth = _measure(value)
        deepest = max(len(steps) for steps, _ in targets)
        if size * len(targets) > most or depth + deepest > MAX_DEPTH:
            what = f"{MAX_VALUES:,} values" if size * len(targets) > most else f"{MAX_DEPTH} levels"
            said = f"with this action the document has more than {what}; that is the most read"
            raise InputError([self._make(key, "overlay/too-large", said, "name fewer targets")], self.source)
        origin: Pointer = (*self.at, key)
        wrong: set[str] = set()
        for steps, old in targets:
            if why := self._merge_into(steps, old, value, origin, follows=key == "update"):
                wrong.add(why)
        for why in sorted(wrong)[:1]:
            self._report(
                key, "overlay/incompatible", why, "update an object with an object, a text with a text"
            )
        return size * len(targets)

    def _find(self, key: str) -> list[tuple[Pointer, Any]]:
        """Return the pointers and values of the nodes that a JSONPath selects, each once."""
        import jsonpath_rfc9535 as jsonpath

        try:
            nodes = jsonpath.find(self.action[key], self.made.data)
            found = {tuple(node.location): node.value for node in nodes}
        except (jsonpath.JSONPathError, RecursionError) as error:
            said = f"`{key}` cannot be followed: {brief(str(error).partition(chr(10))[0], 120)}"
            raise InputError(
                [self._make(key, "overlay/broken-overlay", said, EXAMPLE)], self.source
            ) from None
        if len(found) > MOST_TARGETS:
            said = f"`{key}` finds {len(found):,} values; at most {MOST_TARGETS:,} are changed by one action"
            raise InputError([self._make(key, "overlay/too-large", said, "name fewer")], self.source)
        return list(found.items())

    def _remove(self, targets: Sequence[Pointer]) -> None:
        """Remove nodes, the last items of lists first, so that the places of others stay."""
        if () in targets:
            self._report("target", "overlay/incompatible", "the whole document cannot be removed", EXAMPLE)
            return
        for steps in sorted(
            targets, key=lambda steps: [(isinstance(s, int), s) for s in steps], reverse=True
        ):
            around = self._value(steps[:-1])
            step = steps[-1]
            if isinstance(around, list) and isinstance(step, int) and step < len(around):
                del self._list_items(around)[step]
                self.made.kept.append(around.pop(step))
            elif isinstance(around, dict) and step in around:
                self.made.members.pop((id(around), str(step)), None)
                self.made.kept.append(around.pop(str(step)))

    def _merge_into(self, steps: Pointer, old: Any, value: Any, origin: Pointer, *, follows: bool) -> str:
        """Merge a value into a node. Return why that cannot be; empty if it is done.

        `follows` is true if the parts of the value have places of their own below `origin`.
        """
        if isinstance(old, dict) and isinstance(value, dict):
            return self._merge(old, value, origin, follows=follows)
        if isinstance(old, list):
            self._extend(old, value, origin, follows=follows)
            return ""
        if isinstance(old, dict | list) or isinstance(value, dict | list):
            return f"{_name(value)} cannot change {_name(old)}"
        if not steps:
            return "the document itself is not a text"
        self._put(self._value(steps[:-1]), steps[-1], value, origin)
        return ""

    def _merge(self, old: dict[str, Any], new: Mapping[str, Any], origin: Pointer, *, follows: bool) -> str:
        wrong = ""
        for key, value in new.items():
            here = (*origin, key) if follows else origin
            before = old.get(key)
            if key not in old or not isinstance(before, dict | list):
                if key in old and isinstance(value, dict | list):
                    wrong = wrong or f"`{brief(key)}`: {_name(value)} cannot change {_name(before)}"
                    continue
                self._put(old, key, _copy(value), here)
            elif isinstance(before, dict) and isinstance(value, dict):
                wrong = self._merge(before, value, here, follows=follows) or wrong
            elif isinstance(before, list) and isinstance(value, list):
                self._extend(before, value, here, follows=follows)
            else:
                wrong = wrong or f"`{brief(key)}`: {_name(value)} cannot change {_name(before)}"
        return wrong

    def _extend(self, old: list[Any], value: Any, origin: Pointer, *, follows: bool) -> None:
        """Append a value, or the items of a list."""
        places = self._list_items(old)
        if isinstance(value, list):
            several = [(_copy(item), (*origin, n) if follows else origin) for n, item in enumerate(value)]
        else:
            several = [(_copy(value), origin)]
        for item, place in several:
            old.append(item)
            places.append((self.number, place))

    def _put(self, around: Any, step: Any, value: Any, origin: Pointer) -> None:
        if isinstance(around, list):
            self._list_items(around)[step] = (self.number, origin)
        else:
            self.made.members[id(around), str(step)] = (self.number, origin)
        if isinstance(around, list) or step in around:
            self.made.kept.append(around[step])
        around[step] = value

    def _list_items(self, items: list[Any]) -> list[Origin | int]:
        return self.made.items.setdefault(id(items), list(range(len(items))))

    def _value(self, steps: Pointer) -> Any:
        value = self.made.data
        for step in steps:
            value = _step(value, step)
        return value

    def _make(self, key: str, id: str, message: str, help: str) -> Diagnostic:
        return Diagnostic(self.source.locate((*self.at, key), at_value=True), id, "error", message, help)

    def _report(self, key: str, id: str, message: str, help: str) -> None:
        self.made.problems.append(self._make(key, id, message, help))


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    inside = isinstance(value, list) and isinstance(step, int) and -1 < step < len(value)
    return value[step] if inside else None


def _copy(value: Any) -> Any:
    """Return a copy of JSON data. A YAML alias shares its values, and each place needs its own."""
    if isinstance(value, dict):
        return {key: _copy(member) for key, member in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _measure(value: Any) -> tuple[int, int]:
    """Return the number of values in JSON data, and its depth."""
    count, deepest = 0, 0
    stack = [(value, 1)]
    while stack:
        part, depth = stack.pop()
        count, deepest = count + 1, max(deepest, depth)
        if count > MAX_VALUES or depth > MAX_DEPTH:
            return MAX_VALUES + 1, depth
        members = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        stack.extend((member, depth + 1) for member in members)
    return count, deepest


def _name(value: Any) -> str:
    """Return a word for the kind of a value."""
    return (
        "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a plain value"
    )
