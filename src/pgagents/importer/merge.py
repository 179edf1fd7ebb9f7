"""Merge a later edition of a document into a catalogue that its author has edited, line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Place, Pointer, Source
from pgagents.base.reading import find_text_columns, parse
from pgagents.base.text import brief, hide_secrets, show_path
from pgagents.base.writing import quoted_text
from pgagents.importer.catalogue import Choice, Imported
from pgagents.importer.invalid_parts import SAME_NAME, make_comments
from pgagents.importer.operations import PLACEHOLDER
from pgagents.importer.text import comment, entry, render_yaml

# -- the three-way merge


MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to the author's file. The value MISSING removes the member."""

    at: Pointer
    value: Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that both the author and the document changed."""

    at: Pointer
    message: str


def merge(
    base: Mapping[Any, Any], ours: Mapping[Any, Any], new: Mapping[Any, Any], at: Pointer = ()
) -> Iterator[Edit | Conflict]:
    """Yield the edits and conflicts that update `ours` from the document's edition `base` to `new`."""
    for key in dict.fromkeys([*new, *base]):
        here = (*at, key)
        was, is_, becomes = base.get(key, MISSING), ours.get(key, MISSING), new.get(key, MISSING)
        if same(was, becomes) or same(is_, becomes):
            continue
        if all(isinstance(value, dict) for value in (was, is_, becomes)):
            yield from merge(was, is_, becomes, here)
        elif same(is_, was):
            yield Edit(here, becomes)
        elif was is MISSING and isinstance(is_, dict) and isinstance(becomes, dict):
            yield from merge({}, is_, becomes, here)
        else:
            yield Conflict(here, _describe_conflict(is_, becomes))


def _describe_conflict(ours: Any, new: Any) -> str:
    if new is MISSING:
        return "the document has this no longer; it stays because it was edited here"
    if ours is MISSING:
        return (
            f"the document now says {brief(json.dumps(new, default=str), 100)} where the catalogue says "
            "nothing any more"
        )
    return f"the document now says {brief(json.dumps(new, default=str), 100)}; the catalogue's own word stays"


def same(a: Any, b: Any) -> bool:
    """True if two JSON values are equal, where true differs from 1."""
    if a is MISSING or b is MISSING:
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def apply_edits(data: Any, edits: list[Edit]) -> Any:
    """Return a copy of the data with the edits applied."""
    made = json_copy(data)
    for edit in edits:
        holder = made
        for step in edit.at[:-1]:
            holder = holder[step]
        if edit.value is MISSING:
            holder.pop(edit.at[-1], None)
        else:
            holder[edit.at[-1]] = edit.value
    return made


def without_dangling(ours: Any, edits: list[Edit]) -> tuple[list[Edit], list[Conflict]]:
    """Remove edits that would delete an action, a code or a schema that is still referred to.

    Return the other edits, and a conflict for each action that stays.
    """
    conflicts: list[Conflict] = []
    while True:
        names = _find_references(apply_edits(ours, edits))
        kept = [e for e in edits if not (e.value is MISSING and e.at[:-1] in _HOMES and e.at[-1] in names)]
        if len(kept) == len(edits):
            return kept, conflicts
        said = "the document has this no longer; it stays because another part of this file names it"
        conflicts += [Conflict(e.at, said) for e in edits if e not in kept and e.at[:-1] == ("actions",)]
        edits = kept


_NAMING = frozenset((
    "$ref", "envelope", "data", "otherwise", "missing", "action", "registered_by", "issued_by", "instead",
))  # fmt: skip
"""Keys whose value is the name of an action, a schema or a code."""
_HOMES: tuple[Pointer, ...] = (("actions",), ("schemas",), ("errors", "codes"))


def _find_references(data: Any) -> set[Any]:
    """Return every text that names an action, a schema or a code."""
    found: set[Any] = set()
    stack = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key in _NAMING and isinstance(value, str):
                    found.add(value)
                elif key in ("errors", "always", "actions", "by") and isinstance(value, list):
                    found.update(v for v in value if isinstance(v, str))
                elif key == "framework" and isinstance(value, dict):
                    found.update(v for v in value.values() if isinstance(v, str))
                elif key in ("groups", "needs") and isinstance(value, dict):
                    found.update(
                        v for names in value.values() if isinstance(names, list) for v in map(str, names)
                    )
                stack.append(value)
        elif isinstance(node, list):
            stack.extend(node)
    return found


def json_copy(value: Any) -> Any:
    """Return a deep copy of JSON data."""
    if isinstance(value, dict):
        return {k: json_copy(v) for k, v in value.items()}
    return [json_copy(v) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Update:
    """The author's file after the merge, the changes from the document, and the conflicts."""

    text: str
    edits: tuple[Edit, ...]
    conflicts: tuple[Conflict, ...]


def update(source: Source, base: dict[str, Any], made: Imported) -> Update:
    """Merge a new import into the author's file. `base` is the data of the previous import."""
    was, becomes = follow_renames(base, source.data, made.data)
    steps = list(merge(was, source.data, becomes))
    edits, kept = without_dangling(source.data, [s for s in steps if isinstance(s, Edit)])
    conflicts = [*(s for s in steps if isinstance(s, Conflict)), *kept]
    text = source.text
    if edits or conflicts:
        text = patch_text(source, edits, conflicts, make_comments(made.notes))
    return Update(text, tuple(edits), tuple(conflicts))


# -- renamed operations


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
    from pgagents.catalogue.checks.sending import camel

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


# -- edits of a YAML text


_OURS = re.compile(
    rf"\s*# (TODO (lost|decide|left out|blocked|conflict): |inferred: |.*{re.escape(SAME_NAME)}\Z)"
)


def patch_text(
    source: Source, edits: list[Edit], conflicts: list[Conflict], comments: Mapping[Pointer, list[str]]
) -> str:
    """Return the text after the edits.

    Rewritten entries get their comments from `comments`, and each conflict becomes a comment above its entry.
    """
    wanted = apply_edits(source.data, edits)
    patch = _Patch(source, wanted, comments)
    text = patch.run(edits, conflicts)
    return text if same(parse(text, source.file).data, wanted) else patch.anew()


@dataclass(slots=True)
class _Cut:
    """Replace the lines from `start` to before `end` by `lines`."""

    start: int
    end: int
    lines: list[str]


class _Patch:
    def __init__(self, source: Source, wanted: Any, comments: Mapping[Pointer, list[str]]) -> None:
        self.source, self.wanted, self.comments = source, wanted, comments
        self.newline = "\r\n" if "\r\n" in source.text else "\n"
        self.lines = source.text.replace("\r\n", "\n").split("\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        self.cuts: list[_Cut] = []
        self.remarks = {n: said for n, said in remarks(source.text).items() if not _OURS.match(said)}

    def anew(self) -> str:
        """Return the whole file rewritten, with all of its author's comments above it."""
        return "".join(f"{said}\n" for said in self.remarks.values()) + render_yaml(
            self.wanted, self.comments
        )

    def _keep_comments(self, start: int, end: int, indent: int) -> list[str]:
        """Return the author's comments on replaced lines, each on its own line."""
        return [f"{' ' * indent}{self.remarks[n]}" for n in range(start, end) if n in self.remarks]

    def run(self, edits: list[Edit], conflicts: list[Conflict]) -> str:
        whole: set[Pointer] = set()  # entries to rewrite
        gone: set[Pointer] = set()
        added: dict[Pointer, list[Pointer]] = {}
        for edit in edits:
            at = edit.at
            if not self.source.has(at):
                if self._block(at[:-1]) and self._children(at[:-1]):
                    added.setdefault(at[:-1], []).append(at)
                else:
                    whole.add(self._entry(at[:-1]))
            elif edit.value is MISSING and self._line_of_its_own(at) and self._value(at[:-1]):
                gone.add(at)
            else:
                whole.add(self._entry(at if edit.value is not MISSING else at[:-1]))
        whole = {p for p in whole if not any(p[:n] in whole for n in range(len(p)))}
        if () in whole:
            return self.anew()
        self._replace(whole, gone)
        self._add(added, whole)
        self._mark(conflicts, whole, gone)
        return self._text()

    def _replace(self, whole: set[Pointer], gone: set[Pointer]) -> None:
        for at in whole:
            start, end = self._range(at)
            lines = entry(at[-1], self._value(at), at, self._indent(at), self.comments)
            self.cuts.append(
                _Cut(self._above(start), end, [*self._keep_comments(start, end, self._indent(at)), *lines])
            )
        for at in gone:
            if not any(at[:n] in whole for n in range(len(at))):
                start, end = self._range(at)
                self.cuts.append(
                    _Cut(self._above(start), end, self._keep_comments(start, end, self._indent(at)))
                )

    def _add(self, added: dict[Pointer, list[Pointer]], whole: set[Pointer]) -> None:
        for parent, members in added.items():
            if any(parent[:n] in whole for n in range(len(parent) + 1)):
                continue
            last = (*parent, list(self._children(parent))[-1])
            _, end = self._range(last)
            lines: list[str] = []
            for at in members:
                lines += [""] if len(parent) < 2 and parent[:1] in ((), ("actions",)) else []
                lines += entry(at[-1], self._value(at), at, self._indent(last), self.comments)
            self.cuts.append(_Cut(end, end, lines))

    def _mark(self, conflicts: list[Conflict], whole: set[Pointer], gone: set[Pointer]) -> None:
        for conflict in conflicts:
            at = self._entry(conflict.at)
            if at and not any(at[:n] in whole | gone for n in range(len(at) + 1)):
                start, _ = self._range(at)
                said = f"conflict: {'.'.join(map(str, conflict.at[len(at) - 1 :]))}: {conflict.message}"
                self.cuts.append(_Cut(start, start, [comment(said, self._indent(at))]))

    def _text(self) -> str:
        for cut in sorted(self.cuts, key=lambda c: (c.start, c.end), reverse=True):
            self.lines[cut.start : cut.end] = cut.lines
        return self.newline.join(self.lines) + self.newline

    def _place(self, at: Pointer) -> Place | None:
        place: Place | None = self.source.root
        for step in at:
            place = (place.children or {}).get(step) if place else None
        return place

    def _children(self, at: Pointer) -> dict[str | int, Place]:
        place = self._place(at)
        return (place.children or {}) if place else {}

    def _value(self, at: Pointer) -> Any:
        value = self.wanted
        for step in at:
            value = value[step]
        return value

    def _block(self, at: Pointer) -> bool:
        """True if the value at the pointer is a collection in block style."""
        place = self._place(at)
        if place is None or place.children is None:
            return False
        line, column = place.value
        return self.lines[line][column : column + 1] not in ("{", "[")

    def _line_of_its_own(self, at: Pointer) -> bool:
        place = self._place(at)
        return (
            bool(at)
            and place is not None
            and self._block(at[:-1])
            and not self.lines[place.key[0]][: place.key[1]].strip()
        )

    def _entry(self, at: Pointer) -> Pointer:
        """Return the pointer, or its nearest ancestor, whose key is on a line of its own."""
        while at and not self._line_of_its_own(at):
            at = at[:-1]
        return at

    def _indent(self, at: Pointer) -> int:
        place = self._place(at)
        return place.key[1] if place else 0

    def _range(self, at: Pointer) -> tuple[int, int]:
        """Return the first line of an entry and the first line after it.

        Blank lines and comments before the next entry belong to that one.
        """
        place = self._place(at)
        assert place is not None
        end = len(self.lines)
        for depth in range(len(at), 0, -1):
            later = [
                child.key[0]
                for child in self._children(at[: depth - 1]).values()
                if child.key[0] > place.key[0]
            ]
            if later:
                end = min(later)
                break
        while end > place.key[0] + 1 and self._between(self.lines[end - 1], place.key[1]):
            end -= 1
        return place.key[0], end

    @staticmethod
    def _between(line: str, indent: int) -> bool:
        text = line.lstrip(" ")
        return not text.strip() or (text.startswith("#") and len(line) - len(text) <= indent)

    def _above(self, start: int) -> int:
        """Return the line where our own comments above an entry begin."""
        while start > 0 and _OURS.match(self.lines[start - 1]):
            start -= 1
        return start


# -- comments of the author


_LINES = re.compile(r"\r\n|\r|\n")


def remarks(text: str) -> dict[int, str]:
    """Return the comments by line from 0, each with its `#`. A `#` inside a text is no comment."""
    lines = _LINES.split(text)
    if not any("#" in line for line in lines):
        return {}
    inside = find_text_columns(text)
    found = {}
    for number, line in enumerate(lines):
        for mark in re.finditer(r"(?:^|(?<=[ \t]))#", line):
            if not any(begin <= mark.start() < end for begin, end in inside.get(number, ())):
                found[number] = line[mark.start() :].rstrip()
                break
    return found


# -- the record of the last import


FORMAT = 1


def path_of(catalogue: Path) -> Path:
    """Return the record's path: `shop.imported.json` for `shop.yaml`."""
    return catalogue.with_suffix(".imported.json")


def encode_record(data: dict[str, Any], choice: Choice, source: str) -> bytes:
    """Return the record as its file's content.

    `source` is for people: no later import reads it. The record is committed, so it has no secrets of a URL.
    """
    choices = {
        "include": list(choice.include),
        "tags": list(choice.tags),
        "most": choice.most,
        **({"auth": choice.auth} if choice.auth else {}),
        **({"base": choice.base} if choice.base else {}),
        **({"reads": list(choice.reads)} if choice.reads else {}),
        **({"acts": list(choice.acts)} if choice.acts else {}),
    }
    held = {
        "pgagents_import": FORMAT,
        "of": show_path(hide_secrets(source)),
        "choice": choices,
        "catalogue": data,
    }
    return (quoted_text(json.dumps(held, ensure_ascii=False, separators=(",", ":"))) + "\n").encode()


def read(raw: bytes, shown: str) -> tuple[dict[str, Any], Choice]:
    """Return the data of the last import and its choice of operations.

    Raises PgagentsError if the file is not a record.
    """
    try:
        held = json.loads(raw)
        choice = held["choice"]
        included, tags = (tuple(map(str, choice[name])) for name in ("include", "tags"))
        auth, base = (str(choice.get(name, "")) for name in ("auth", "base"))
        reads, acts = (tuple(map(str, choice.get(name, ()))) for name in ("reads", "acts"))
        chosen = Choice(included, tags, choice["most"], auth, base, reads, acts)
        if held["pgagents_import"] != FORMAT or not isinstance(held["catalogue"], dict):
            raise KeyError("pgagents_import")
        for action in held["catalogue"]["actions"].values():
            action["output"] = {int(status): output for status, output in action["output"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PgagentsError(
            f"{shown} is no record of an import", "--force begins anew, and overwrites the catalogue"
        ) from None
    return held["catalogue"], chosen
