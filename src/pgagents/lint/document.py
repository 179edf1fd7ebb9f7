"""Read any finished document in bounded time and memory, with the place of every value.

References to other hosts or files are never followed, because every simulated importer reads only the text it
is given.
"""

from __future__ import annotations

import re

from pgagents.errors import InputError
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.json_text import read_json
from pgagents.source.read import parse
from pgagents.source.source import Source, Span

MAX_BYTES = 16_000_000
MAX_VALUES = 1_000_000
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def read(raw: bytes, name: str) -> Source:
    """Read a document from bytes; every key is text. Raises InputError with the place of the problem."""
    if len(raw) > MAX_BYTES:
        raise _make_error(
            name, "too-large", f"the document has {len(raw):,} bytes; at most {MAX_BYTES:,} are read"
        )
    try:
        text = raw.decode("utf-8-sig")
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
        raise _make_error(name, "no-object", "the document is neither a mapping nor a list")
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
