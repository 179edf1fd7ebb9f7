"""Diagnostics at a place of a file, and the exceptions for wrong usage and for a failing environment.

Each exception has the exit code of the process.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from pgagents.base.places import LONG_LINE, Source, Span

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `id` is stable, `help` names the next step, `notes` cite the source of a rule.

    `most` is the greatest number of characters, if the finding is about a text that is too long.
    """

    span: Span
    id: str
    severity: Severity
    message: str
    help: str = ""
    notes: tuple[str, ...] = field(default=())
    most: int | None = None


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort diagnostics by place and drop duplicates."""
    return sorted(dict.fromkeys(diagnostics), key=lambda d: (d.span, d.id, d.message))


def show(diagnostic: Diagnostic, source: Source | None = None, *, width: int = 100) -> str:
    """Format a diagnostic with its source line below it, cut to `width` columns."""
    d = diagnostic
    lines = [f"{d.severity}[{d.id}]: {shorten(d.message)}", f"  --> {printable(str(d.span))}"]
    part = source.part(d.span.file) if source is not None else None
    text = _line(part, d.span)
    if pretty := _show_value(part, d.span, text, width - 8):
        lines += ["     |", *(f"     | {line}" for line in pretty)]
    elif text is not None:
        shown, column = _window(text, d.span.column, width - 8)
        gutter = f"{d.span.line:>4}"
        lines += ["     |", f"{gutter} | {shown}", f"     | {' ' * _columns(shown[: column - 1])}^"]
    if d.help:
        lines.append(f"   = help: {shorten(d.help)}")
    notes = (d.span.guess, *d.notes) if d.span.guess else d.notes
    lines += [f"   = {printable(note[: 4 * MOST_SHOWN])}" for note in notes]
    return "\n".join(lines)


def _line(source: Source | None, span: Span) -> str | None:
    if source is None or source.file != span.file or not source.text:
        return None
    lines = _lines(source.text)
    return _PASSWORD.sub(_blot_out, lines[span.line - 1]) if 0 < span.line <= len(lines) else None


MOST_VALUE_LINES = 4


def _show_value(source: Source | None, span: Span, text: str | None, width: int) -> list[str]:
    """Return the value at a place as a few lines of JSON, where its own line is far too long to show."""
    if source is None or text is None or len(text) <= LONG_LINE:
        return []
    value = source.value_behind(span)
    if value is None:
        return []
    shown = json.dumps(_first_members(value, 20), ensure_ascii=False, indent=1)
    lines = [line[1:] for line in _PASSWORD.sub(_blot_out, shown).split("\n")[1:-1]]
    cut = [line if len(line) <= width else f"{line[: width - 1]}…" for line in map(printable, lines)]
    return cut if len(cut) <= MOST_VALUE_LINES else [*cut[: MOST_VALUE_LINES - 1], "…"]


def _first_members(value: Any, most: int) -> Any:
    """Return a copy in which each collection has at most `most` members."""
    if isinstance(value, dict):
        return {key: _first_members(member, most) for key, member in islice(value.items(), most)}
    return [_first_members(item, most) for item in value[:most]] if isinstance(value, list) else value


_PASSWORD = re.compile(r"(?<=://)[^\s/@\"']{1,200}(?=@)")
"""Matches the user and the password in a URL."""


def _blot_out(found: re.Match[str]) -> str:
    """Return as many characters as were found, so that columns stay right."""
    return "…" * len(found.group())


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)


def _columns(text: str) -> int:
    """Return the width of a text in terminal columns: wide characters count two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


MOST_SHOWN = 600
"""Characters of a message that are printed. A file may hold eight megabytes on one line."""


def shorten(text: str, most: int = MOST_SHOWN) -> str:
    """Return the text on one line, cut to `most` characters; a cut text is followed by its full length."""
    if len(text) > 4 * most:
        text, length = text[: 4 * most], len(text)
    else:
        length = len(text)
    line = printable(" ".join(text.split()))
    return line if len(line) <= most and length == len(text) else f"{line[:most]}… ({length:,} characters)"


def printable(text: str) -> str:
    """Escape unprintable characters other than line breaks, so that no file or server can move the
    terminal's cursor.
    """
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
    )


def _window(text: str, column: int, width: int) -> tuple[str, int]:
    """Return at most `width` characters of a line around `column`, and the column within them.

    Tabs and unprintable characters become single spaces.
    """
    before, behind = max(0, column - 2 * width), column + 2 * width < len(text)
    if (
        before or behind
    ):  # keeps twice the width on each side, so that the cut below still sees that text is missing
        text, column = text[before : column + 2 * width], column - before
    clean = "".join(c if c.isprintable() else " " for c in text)
    if len(clean) <= width:
        return clean, min(column, len(clean) + 1)
    start = min(max(0, column - 1 - width // 2), max(0, len(clean) - width))
    cut = clean[start : start + width]
    if start:
        cut = "…" + cut[1:]
    if start + width < len(clean):
        cut = cut[:-1] + "…"
    return cut, min(column - start, len(cut) + 1)


# -- exceptions with exit codes


class PgagentsError(Exception):
    """A wrong call or an unreadable input: `message` names one problem, `help` one next step. Exit code 2."""

    exit_code = 2

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class SetupError(PgagentsError):
    """The server cannot be tested: it is unreachable, it is another API, or it refuses the key. Exit code
    3.
    """

    exit_code = 3


class InputError(PgagentsError):
    """An input file is invalid. `diagnostics` holds every problem found in it."""

    def __init__(self, diagnostics: list[Diagnostic], source: Source | None = None) -> None:
        super().__init__(f"{len(diagnostics)} error{'s' if len(diagnostics) != 1 else ''}")
        self.diagnostics = diagnostics
        self.source = source
