"""Read any finished document in bounded time and memory, and keep a judge's findings about it.

Every value has its place. References to other hosts or files are never followed, because every simulated
importer reads only the text it is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.errors import Diagnostic, InputError
from pgagents.base.places import Source, Span
from pgagents.base.reading import find_text_columns, parse, read_json
from pgagents.base.text import decode

MAX_BYTES = 16_000_000
MAX_VALUES = 1_000_000
NO_OBJECT = "give a catalogue (`pgagents init` begins one), an OpenAPI document or a list of tools"
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def read(raw: bytes, name: str) -> Source:
    """Read a document from bytes; every key is text. Raises InputError with the place of the problem."""
    if len(raw) > MAX_BYTES:
        raise _make_error(
            name, "too-large", f"the document has {len(raw):,} bytes; at most {MAX_BYTES:,} are read"
        )
    try:
        text = decode(raw)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _make_error(
            name, "not-utf8", f"byte 0x{raw[error.start]:02x} is not UTF-8", "save the file as UTF-8", line
        ) from None
    source = _parse(text, name)
    if source.problems:
        first = source.problems[0]
        raise InputError(
            [Diagnostic(first.span, f"document/{first.id}", "error", first.message, first.help)], source
        )
    if not isinstance(source.data, dict | list):
        other = "the document is neither a mapping nor a list"
        what = "the file holds nothing" if source.data is None else other
        raise _make_error(name, "no-object", what, NO_OBJECT)
    return source


def _parse(text: str, name: str) -> Source:
    if text.lstrip()[:1] not in ("{", "["):
        return parse(text, name, max_values=MAX_VALUES, foreign=True)
    source = read_json(text, name, MAX_VALUES)
    if source is None:  # JSON escapes characters above U+FFFF as surrogate pairs, YAML does not
        source = parse(_PAIR.sub(_character, text), name, max_values=MAX_VALUES, foreign=True)
    return source


def _character(match: re.Match[str]) -> str:
    high, low = int(match.group(2), 16), int(match.group(3), 16)
    return match.group(1) + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _make_error(name: str, id: str, message: str, help: str = "", line: int = 1) -> InputError:
    return InputError([Diagnostic(Span(name, line, 1), f"document/{id}", "error", message, help)])


# -- the result for one document


SEVERITIES = ("error", "warning", "note")
"""Severities, the most severe first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The result for one file.

    `judge` is the judge's name (`catalogue`, `gpt-builder`). `lines` is text for a person below the findings,
    `details` is the same for programs. `ignored` counts findings that a comment with a reason ignores.
    """

    source: Source
    judge: str
    title: str
    found: tuple[Diagnostic, ...]
    lines: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    ignored: int = 0
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Further files of a package, by their name in messages."""

    def source_of(self, diagnostic: Diagnostic) -> Source:
        """Return the file of a finding."""
        return self.sources.get(diagnostic.span.file, self.source)

    def fails(self, on: str) -> bool:
        """True if there is a finding of severity `on` or worse; always false for `never`."""
        bad = SEVERITIES[: SEVERITIES.index(on) + 1] if on in SEVERITIES else ()
        return any(d.severity in bad for d in self.found)


def apply_ignores(judged: Judged) -> Judged:
    """Remove findings that a comment beside the value ignores with a reason.

    A comment without a matching finding becomes a finding.
    """
    comments = ignores(judged.source)
    if not comments:
        return judged
    silent = {(c.line, id) for c in comments if c.reason for id in c.ids}
    kept = [d for d in judged.found if (d.span.line, d.id) not in silent]
    ignored = len(judged.found) - len(kept)
    there = {(d.span.line, d.id) for d in judged.found}
    for comment in comments:
        idle = [id for id in comment.ids if (comment.line, id) not in there]
        if not comment.readable or not comment.reason or idle:
            said = (
                f"`{idle[0]}` is not found here, so this ignores nothing"
                if idle
                else "this comment names no finding, or no reason"
            )
            help = "write `# pgagents: ignore[ID] reason` beside the value, or remove it"
            kept.append(Diagnostic(comment.span, "document/idle-ignore", "warning", said, help))
    return replace(judged, found=tuple(kept), ignored=ignored)


# -- comments that ignore findings.
#
# A comment applies to its own line or, if it stands alone, to the next line with a value. On the line
# where a block text begins, it applies to the whole text. A `#` outside of all texts, at the start of a
# line or after a blank, begins a comment (YAML 1.2, section 6.6). An example is `# pgagents:
# ignore[gemini/long-name] reason`.


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


# -- questions of an import


_QUESTION = "# TODO decide: "


def find_questions(source: Source) -> frozenset[int]:
    """Return the lines from 1 of the entries above which a question of an import stands unanswered."""
    if _QUESTION not in source.text:
        return frozenset()
    lines = re.split(r"\r\n|\r|\n", source.text)
    found: set[int] = set()
    asked = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("#"):
            asked = asked or text.startswith(_QUESTION)
        elif text:
            found |= {number} if asked else set()
            asked = False
    return frozenset(found)
