"""Parts of a text that are masked: merged where they overlap, and replaced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MASK = "[redacted]"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text that is masked, and its replacement."""

    begin: int
    end: int
    mask: str


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, with overlapping ones merged: one that covers another keeps its own mask."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.begin, -s.end, s.mask == MASK, ", encoded]" in s.mask)):
        if not found or span.begin >= found[-1].end:
            found.append(span)
        elif span.end > found[-1].end:
            found[-1] = Span(found[-1].begin, span.end, MASK)
    return found


def replace_spans(text: str, spans: Iterable[Span]) -> str:
    """Return the text with each span replaced by its mask. The spans are in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += [text[at : span.begin], span.mask]
        at = span.end
    return "".join([*parts, text[at:]]) if parts else text
