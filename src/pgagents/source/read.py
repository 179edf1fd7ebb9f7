"""Read YAML text into a Source, more strictly than YAML requires.

One document, YAML 1.2 core scalars, no anchors, aliases or tags, no duplicate keys, bounded size and depth.
Only in documents that are no catalogue (`foreign`) are anchors and aliases followed.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from pgagents.source.source import Place, Problem, Source, Span, span_at
from pgagents.source.yaml_text import YamlReader
from pgagents.text.brief import show_path

MAX_BYTES = 16_000_000
MAX_VALUES = 400_000

# characters that YAML 1.1 and 1.2 read differently (Unicode line breaks), and characters that YAML forbids
_STRANGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def read(path: Path | str, *, name: str | None = None, max_bytes: int = MAX_BYTES) -> Source:
    """Read a YAML or JSON file in bounded time and memory.

    Problems of the text are in `Source.problems`. A path that cannot be opened, or is a folder, a pipe or a
    device, raises OSError.
    """
    shown = name or show_path(path)
    raw = read_bytes(Path(path), max_bytes + 1)
    if len(raw) > max_bytes:
        problem = Problem(
            Span(shown, 1, 1),
            "too-large",
            f"the file has more than {max_bytes:,} bytes; that is the most allowed",
        )
        return Source(shown, "", None, Place((0, 0), (0, 0)), [problem])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = (
            len(
                raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode(
                    "utf-8-sig" if line == 1 else "utf-8", "replace"
                )
            )
            + 1
        )
        problem = Problem(
            Span(shown, line, column),
            "not-utf8",
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        )
        return Source(shown, "", None, Place((0, 0), (0, 0)), [problem])
    return parse(text, shown, folder=Path(path).parent)


def read_bytes(path: Path, most: int) -> bytes:
    """Return the first `most` bytes of a regular file. Raises OSError for anything else.

    The file is opened without blocking, so that a pipe without a writer is refused at once.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is a folder, a pipe or a device, not a file")
        return stream.read(most)


def parse(
    text: str,
    file: str = "<text>",
    *,
    max_values: int = MAX_VALUES,
    foreign: bool = False,
    folder: Path | None = None,
) -> Source:
    """Parse YAML text into a Source; see `read`. `folder` is the folder of the text's file.

    With `foreign`, the text is not a catalogue: anchors and aliases are followed, and every key stays text.
    Aliased values are shared, and count towards `max_values` each time.
    """
    strange = _STRANGE.search(text)
    if strange:
        code = ord(strange.group())
        help = "remove it" + (f", or write \\u{code:04x} inside double quotes" if code < 0xD800 else "")
        problem = Problem(
            span_at(file, text, strange.start()),
            "character",
            f"character U+{code:04X} may not stand in the file",
            help,
        )
        return Source(file, text, None, Place((0, 0), (0, 0)), [problem], folder)
    reader = YamlReader(text, file, max_values, foreign=foreign)
    data, root = reader.document()
    return Source(file, text, data, root, reader.problems, folder)
