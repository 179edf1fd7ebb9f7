"""Write a plain-text table within a width."""

from __future__ import annotations

from collections.abc import Sequence

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
