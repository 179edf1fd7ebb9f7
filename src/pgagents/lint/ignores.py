"""Comments that ignore findings: `# pgagents: ignore[gemini/long-name] reason`.

A comment applies to its own line or, if it stands alone, to the next line with a value. On the line where a
block text begins, it applies to the whole text. A `#` outside of all texts, at the start of a line or after a
blank, begins a comment (YAML 1.2, section 6.6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgagents.source.source import Source, Span
from pgagents.source.text_columns import find_text_columns

_MARK = re.compile(r"#[ \t]*pgagents[ \t]*:", re.I)
_IGNORE = re.compile(r"# pgagents: ignore\[([^\[\]]*)\](.*)\Z", re.S)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment. `line` is the line of its findings, `span` its own place, `text` its whole text."""

    span: Span
    line: int
    ids: tuple[str, ...]
    reason: str
    text: str

    @property
    def readable(self) -> bool:
        """True if the comment has the valid form with at least one id."""
        return bool(self.ids)


def ignores(source: Source) -> list[Ignore]:
    """Return every comment that begins with `# pgagents:`, in the order of the file."""
    if not _MARK.search(source.text):
        return []
    lines = re.split(r"\r\n|\r|\n", source.text)
    texts = find_text_columns(source.text)
    found = []
    for number, line in enumerate(lines):
        for mark in _MARK.finditer(line):
            at = mark.start()
            if (at == 0 or line[at - 1] in " \t") and not _inside(texts.get(number, []), at):
                found.append(_ignore(source, lines, number, at))
                break
    return found


def _ignore(source: Source, lines: list[str], number: int, at: int) -> Ignore:
    text = lines[number][at:].rstrip()
    match = _IGNORE.match(text)
    ids = tuple(id.strip() for id in match.group(1).split(",") if id.strip()) if match else ()
    speaks_of = number
    if not lines[number][:at].strip():
        after = (
            n
            for n in range(number + 1, len(lines))
            if lines[n].strip() and not lines[n].lstrip().startswith("#")
        )
        speaks_of = next(after, number)
    return Ignore(
        Span(source.file, number + 1, at + 1),
        speaks_of + 1,
        ids,
        match.group(2).strip() if match else "",
        text,
    )


def _inside(texts: list[tuple[int, int]], column: int) -> bool:
    return any(begin <= column < end for begin, end in texts)
