"""Edit the text of a catalogue line by line, so that its author's comments, order and line ends stay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.places import Place, Pointer, Source
from pgagents.base.reading import find_text_columns, parse
from pgagents.importer.text import entry, render_yaml

MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to the author's file. The value MISSING removes the member."""

    at: Pointer
    value: Any


def same(a: Any, b: Any) -> bool:
    """True if two JSON values are equal, where true differs from 1."""
    if a is MISSING or b is MISSING:
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def apply_edits(data: Any, edits: Sequence[Edit]) -> Any:
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


def json_copy(value: Any) -> Any:
    """Return a deep copy of JSON data."""
    if isinstance(value, dict):
        return {k: json_copy(v) for k, v in value.items()}
    return [json_copy(v) for v in value] if isinstance(value, list) else value


_OURS = re.compile(r"\s*# (TODO (lost|decide|left out|blocked): |inferred: )")
"""A comment that an import wrote."""


def patch_text(
    source: Source, edits: Sequence[Edit], comments: Mapping[Pointer, list[str]] | None = None
) -> str:
    """Return the text after the edits. Rewritten entries get their comments from `comments`."""
    wanted = apply_edits(source.data, edits)
    patch = _Patch(source, wanted, comments or {})
    text = patch.run(edits)
    return text if same(parse(text, source.file).data, wanted) else patch.write_anew()


@dataclass(slots=True)
class _Cut:
    """Replace the lines from `start` to before `end` by `lines`.

    `depth` is that of the mapping to which they belong: at the end of several, the deepest comes first.
    """

    start: int
    end: int
    lines: list[str]
    depth: int = 0


class _Patch:
    def __init__(self, source: Source, wanted: Any, comments: Mapping[Pointer, list[str]]) -> None:
        self.source, self.wanted, self.comments = source, wanted, comments
        self.newline = "\r\n" if "\r\n" in source.text else "\n"
        self.lines = source.text.replace("\r\n", "\n").split("\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        self.cuts: list[_Cut] = []
        self.remarks = {n: said for n, said in list_remarks(source.text).items() if not _OURS.match(said)}

    def write_anew(self) -> str:
        """Return the whole file rewritten, with all of its author's comments above it."""
        above = "".join(f"{remark}\n" for remark in self.remarks.values())
        return (above + render_yaml(self.wanted, self.comments)).replace("\n", self.newline)

    def _keep_comments(self, start: int, end: int, indent: int) -> list[str]:
        """Return the author's comments on replaced lines, each on its own line."""
        return [f"{' ' * indent}{self.remarks[n]}" for n in range(start, end) if n in self.remarks]

    def run(self, edits: Sequence[Edit]) -> str:
        """Return the text after the edits."""
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
            return self.write_anew()
        self._replace(whole, gone)
        self._add(added, whole)
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
            _, end = self._range(last) if parent else (0, len(self.lines))  # a new section comes last
            lines: list[str] = []
            for at in members:
                lines += [""] if len(parent) < 2 and parent[:1] in ((), ("actions",)) else []
                lines += entry(at[-1], self._value(at), at, self._indent(last), self.comments)
            self.cuts.append(_Cut(end, end, lines, len(parent)))

    def _text(self) -> str:
        for cut in sorted(self.cuts, key=lambda c: (c.start, c.end, -c.depth), reverse=True):
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


def list_remarks(text: str) -> dict[int, str]:
    """Return the comments by line from 0, each with its `#`. A `#` inside a text is not a comment."""
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
