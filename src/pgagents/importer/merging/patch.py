"""Apply edits to a YAML text line by line, so that other comments, order and style are preserved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.importer.invalid_parts import SAME_NAME
from pgagents.importer.merging.merge import MISSING, Conflict, Edit, apply_edits, same
from pgagents.importer.merging.remarks import remarks
from pgagents.importer.text import comment, entry, render_yaml
from pgagents.source.read import parse
from pgagents.source.source import Place, Pointer, Source

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
