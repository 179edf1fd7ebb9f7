"""What was found at a place of a file, and how it is shown to a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pgagents.source import Source, Span

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `id` is stable; `help` is the next keystroke; `notes` say where a rule comes from."""

    span: Span
    id: str
    severity: Severity
    message: str
    help: str = ""
    notes: tuple[str, ...] = field(default=())


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place, each once."""
    return sorted(dict.fromkeys(diagnostics), key=lambda d: (d.span, d.id, d.message))


def show(diagnostic: Diagnostic, source: Source | None = None) -> str:
    """The finding with its line of the source under it."""
    d = diagnostic
    lines = [f"{d.severity}[{d.id}]: {d.message}", f"  --> {d.span}"]
    text = _line(source, d.span)
    if text is not None:
        shown, column = _window(text, d.span.column)
        gutter = f"{d.span.line:>4}"
        lines += ["     |", f"{gutter} | {shown}", f"     | {' ' * (column - 1)}^"]
    if d.help:
        lines.append(f"   = help: {d.help}")
    lines += [f"   = {note}" for note in d.notes]
    return "\n".join(lines)


def _line(source: Source | None, span: Span) -> str | None:
    if source is None or source.file != span.file or not source.text:
        return None
    lines = source.text.splitlines()
    return lines[span.line - 1] if 0 < span.line <= len(lines) else None


def _window(text: str, column: int, width: int = 92) -> tuple[str, int]:
    """At most `width` characters of a line around `column`; control characters made visible."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    start = max(0, column - 1 - width // 2) if len(clean) > width else 0
    cut = clean[start : start + width]
    return (("…" + cut[1:]) if start else cut), column - start
