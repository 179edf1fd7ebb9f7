"""Insert proposals into the catalogue's own file, so that its author's comments, order and lines stay.

A short catalogue over a document and a whole one are edited in the same way. The author's own key for an
action stays, and what the catalogue says already is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Pointer, Source, value_at
from pgagents.base.reading import parse
from pgagents.importer.patch import Edit, apply_edits, patch_text, same

_NAMED = ("laws", "relations")
"""Keys of mappings by name, whose members are proposals of their own."""
_MARK = "suggested-line-"
"""The beginning of a stand-in for a proposal, which no catalogue has."""
PASTE = "leave out --write, and paste what you mean"


@dataclass(frozen=True, slots=True)
class Inserted:
    """The catalogue's text with the proposals.

    `added` names each new entry with its line, such as `pgagents.yaml:12: actions.pay.laws.fee`. `known` is
    the number of proposals that the catalogue has already.
    """

    text: str
    added: tuple[str, ...]
    known: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A proposal: its pointer in the author's file, its value there, and its lines of YAML without indent.

    There are no lines where a list of the author's grows.
    """

    at: Pointer
    value: Any
    lines: tuple[str, ...] = ()


def insert(source: Source, proposals: str) -> Inserted:
    """Return the text of the catalogue with these proposals, which are YAML as `suggest` prints it.

    Raises PgagentsError if the text cannot be edited, such as one that two lines of the author's contradict.
    """
    own = parse(source.text, source.file)
    entries: list[_Entry] = []
    known = 0
    taken: set[Pointer] = set()
    for pointer, value, lines in _list_proposals(proposals):
        entry = _fit(source, own, pointer, value, lines, taken)
        known += entry is None
        if entry is not None:
            taken.add(entry.at)
            entries.append(entry)
    if not entries:
        return Inserted(source.text, (), known)
    text = _write_lines(_patch(own, entries), entries)
    edited = parse(text, source.file)
    if edited.problems or not same(edited.data, apply_edits(own.data, _list_edits(own.data, entries))):
        raise PgagentsError(f"{source.file} cannot be edited without another change", PASTE)
    places = sorted((edited.locate(entry.at), entry.at) for entry in entries)
    added = tuple(f"{span.file}:{span.line}: {'.'.join(map(str, at))}" for span, at in places)
    return Inserted(text, added, known)


def _list_proposals(text: str) -> Iterator[tuple[Pointer, Any, tuple[str, ...]]]:
    """Yield the pointer of each proposal, its value, and its lines: comments above it, and its YAML."""
    source, lines = parse(text, "proposals"), text.split("\n")
    if source.problems:
        raise PgagentsError(f"the proposals are not YAML: {source.problems[0].message}", PASTE)
    for pointer in source.pointers():
        if len(pointer) != (4 if len(pointer) > 2 and pointer[2] in _NAMED else 3):
            continue
        span = source.locate(pointer)
        begin = end = span.line - 1
        pad = " " * (span.column - 1)
        while lines[begin - 1].startswith(f"{pad}#"):
            begin -= 1
        end += 1
        while end < len(lines) and lines[end].startswith(f"{pad} "):
            end += 1
        yield pointer, value_at(source.data, pointer), tuple(line[len(pad) :] for line in lines[begin:end])


def _fit(
    source: Source, own: Source, pointer: Pointer, value: Any, lines: tuple[str, ...], taken: set[Pointer]
) -> _Entry | None:
    """Return a proposal as an entry of the author's file; None if the catalogue has it already."""
    there = value_at(source.data, pointer)
    at = (*_find_entry(source, own, pointer[:2]), *pointer[2:])
    if pointer[2] in _NAMED:
        holder: Mapping[str, Any] = value_at(source.data, pointer[:-1]) or {}
        if any(_is_same(value, other) for other in holder.values()):
            return None
        first, number = str(pointer[-1]), 2
        name = first
        while name in holder or (*at[:-1], name) in taken:
            name, number = f"{first}-{number}", number + 1
        renamed = tuple(
            f"{name}{line[len(first) :]}" if line.startswith(f"{first}:") else line for line in lines
        )
        return _Entry((*at[:-1], name), value, renamed)
    if there is None:
        return _Entry(at, value, lines)
    if isinstance(there, list) and isinstance(value, list):
        new = [name for name in value if name not in there]
        written = value_at(own.data, at) or []
        signed = any(str(name).startswith(("+", "-")) for name in written)
        return _Entry(at, [*written, *(f"+{name}" if signed else name for name in new)]) if new else None
    return None


def _find_entry(source: Source, own: Source, pointer: Pointer) -> Pointer:
    """Return the author's entry for an action or a resource; a new one where only a pattern speaks of it."""
    written = source.to_written(pointer)
    return written if own.has(written) and "*" not in str(written[1]) else pointer


def _is_same(proposed: Any, written: Any) -> bool:
    """True if two laws or relations say the same, whatever their form and their blanks."""
    one, other = (value if isinstance(value, Mapping) else {"that": value} for value in (proposed, written))
    return all(
        _squeeze(one.get(key)) == _squeeze(other.get(key)) for key in ("that", "when", "keeps", "widen")
    )


def _squeeze(value: Any) -> str:
    return "".join(str(value if value is not None else "").split())


def _list_edits(data: Any, entries: Sequence[_Entry], *, marked: bool = False) -> list[Edit]:
    """Return the edits that add the entries: each at the first part that the data has not.

    With `marked`, each entry that has lines of its own is a stand-in.
    """
    added: dict[Pointer, Any] = {}
    for number, entry in enumerate(entries):
        depth = next(
            n for n in range(1, len(entry.at) + 1) if n == len(entry.at) or not value_at(data, entry.at[:n])
        )
        top, rest = entry.at[:depth], entry.at[depth:]
        value = f"{_MARK}{number}" if marked and entry.lines else entry.value
        if not rest:
            added[top] = value
            continue
        holder = added.setdefault(top, {})
        for step in rest[:-1]:
            holder = holder.setdefault(step, {})
        holder[rest[-1]] = value
    return [Edit(at, value) for at, value in added.items()]


def _patch(own: Source, entries: Sequence[_Entry]) -> str:
    """Return the author's text with a comment and a stand-in for each entry that has lines of its own."""
    comments = {entry.at: [f"{_MARK}{number}"] for number, entry in enumerate(entries) if entry.lines}
    return patch_text(own, _list_edits(own.data, entries, marked=True), comments)


def _write_lines(text: str, entries: Sequence[_Entry]) -> str:
    """Return the text with the lines of each entry in place of its stand-in and the comment above that."""
    newline = "\r\n" if "\r\n" in text else "\n"
    old, new = text.replace("\r\n", "\n").split("\n"), list[str]()
    for number, line in enumerate(old):
        indent, mark, index = line.partition(f"# TODO {_MARK}")
        if mark:
            new += [f"{indent}{own}" for own in entries[int(index)].lines]
        elif number == 0 or f"# TODO {_MARK}" not in old[number - 1]:
            new.append(line)
    return newline.join(new)
