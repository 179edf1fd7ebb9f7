"""Fit texts to a reader: tables within a width, and excerpts of a server's print and of the catalogue."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from itertools import pairwise

from pgagents.base.places import Source, Span

WIDTH = 100
MIN_FIRST = 28


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    total: Sequence[str] | None = None,
    *,
    width: int = WIDTH,
) -> list[str]:
    """Return the lines of a table, the first column left-aligned.

    Columns that do not fit form more tables below.
    """
    every = [head, *rows, *([total] if total else [])]
    widths = [max(len(row[i]) for row in every) for i in range(len(head))]
    widths[0] = min(widths[0], max(MIN_FIRST, width - sum(widths[1:]) - 2 * (len(head) - 1)))
    lines: list[str] = []
    for columns in _parts(widths, width):
        if lines:
            lines.append("")
        rule = "  ".join("─" * widths[i] for i in columns)
        lines += [_row(head, columns, widths), rule, *(_row(row, columns, widths) for row in rows)]
        if total:
            lines += [rule, _row(total, columns, widths)]
    return lines


def _parts(widths: Sequence[int], width: int) -> list[list[int]]:
    """Return the columns of each table: the first one, and as many others as fit."""
    parts: list[list[int]] = [[0]]
    used = widths[0]
    for i in range(1, len(widths)):
        if used + 2 + widths[i] > width and len(parts[-1]) > 1:
            parts.append([0])
            used = widths[0]
        parts[-1].append(i)
        used += 2 + widths[i]
    return parts


def _row(row: Sequence[str], columns: Sequence[int], widths: Sequence[int]) -> str:
    cells = [_cut(row[i], widths[i]) for i in columns]
    return "  ".join(
        [
            cells[0].ljust(widths[0]),
            *(c.rjust(widths[i]) for c, i in zip(cells[1:], columns[1:], strict=True)),
        ]
    ).rstrip()


def _cut(text: str, width: int) -> str:
    """Return a text within a width. Its middle is left out, as long names often differ at their end."""
    if len(text) <= width:
        return text
    begin = width // 3
    return f"{text[:begin]}…{text[begin + 1 - width :]}"


# -- excerpts: what a server printed, or lines around a contract


MORE = "…"
FIRST_PRINTED, LAST_PRINTED = 3, 12
"""Lines of what a server's process printed that are shown: of the beginning and of the end, where languages
put the kind of an error.
"""
OF_LIBRARY = re.compile(
    r"[/\\](?:site-packages|dist-packages|node_modules|lib[/\\]python3[\d.]*)[/\\]|node:internal"
)
"""Matches a line of a traceback that names a file of a library."""
_CALL = re.compile(r"\s*(?:File \"|at )")
CODE = "    "
"""The beginning of a line of code, below the line with its file."""
MAX_LINE = 2_000


def list_printed(text: str) -> list[str]:
    """Return the first and last lines of what a process printed, and between them how many are left out.

    Lines that only underline are left out, and in a traceback the calls inside of libraries.
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip(" ^~")]
    own = _list_own(lines)
    shown = own if len(own) <= FIRST_PRINTED + LAST_PRINTED else own[:FIRST_PRINTED] + own[-LAST_PRINTED:]
    printed: list[str] = []
    for before, number in pairwise((-1, *shown, len(lines))):
        gap = lines[before + 1 : number]
        printed += gap if len(gap) == 1 else [f"{MORE} {len(gap):,} more lines"] if gap else []
        printed += lines[number : number + 1]
    return printed


def _list_own(lines: Sequence[str]) -> list[int]:
    """Return the places of lines that are not calls inside of libraries, nor code below such a line."""
    own: list[int] = []
    inside = False
    for number, line in enumerate(lines):
        if OF_LIBRARY.search(line):
            inside = True
        elif not (inside and line.startswith(CODE) and not _CALL.match(line)):
            inside = False
            own.append(number)
    return own


def name_file(span: Span, source: Source, in_repository: str) -> str:
    """Return the path of a place's file from the root of its repository, or its name if that is not known.

    `in_repository` is the path of the source's own file there; it is empty if that is not known.
    """
    if not in_repository or not is_elsewhere(span, source):
        return in_repository or span.file
    known = in_repository.removesuffix(source.file)
    return posixpath.normpath(f"{known}{span.file}") if known != in_repository else span.file


def is_elsewhere(span: Span, source: Source) -> bool:
    """True for a part that a catalogue's document says. Its lines move with every edition of that, so what is
    kept names its pointer.
    """
    return span.file != source.file


def around(source: Source, span: Span, beside: int = 2) -> tuple[int, list[str]]:
    """Return the lines around a place, each of at most 2,000 characters, with the first line's number.

    The list is empty if the source has no such line, or if that line is longer.
    """
    source, line = source.part(span.file), span.line
    lines = re.split(r"\r\n|\r|\n", source.text)
    if not source.text or not 0 < line <= len(lines) or len(lines[line - 1]) > MAX_LINE:
        return line, []
    first = max(1, line - beside)
    return first, [text[:MAX_LINE] for text in lines[first - 1 : line + beside]]
