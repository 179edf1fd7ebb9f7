"""Read YAML and JSON as a Source: data with the place of every value, more strictly than YAML requires."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgagents.base.places import Place, Pointer, Problem, Source, Span, name_place, span_at
from pgagents.base.text import brief, decode, show_path
from pgagents.base.yaml_advice import advise, quote

MAX_BYTES = 16_000_000
MAX_VALUES = 400_000
SMALLER = "give a part of it"

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
            SMALLER,
        )
        return Source(shown, "", None, Place((0, 0), (0, 0)), [problem])
    try:
        text = decode(raw)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        begin = raw.rfind(b"\n", 0, error.start) + 1
        column = len(decode(raw[begin : error.start])) + 1
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
        help = "save the file as UTF-8" if "\0" in text[:2] else help  # it is UTF-16 without its first mark
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


# -- libyaml's events


MAX_DEPTH = 100
FLATTER = "name what is inside, and refer to it"
TOO_DEEP = f"values are nested more than {MAX_DEPTH} levels deep; that is the most allowed"
_LIBYAML_TOO_DEEP = "exceeded maximum nesting depth"
"""The error of newer versions of libyaml for more than 1,000 levels; they give no events for these."""
MAX_PROBLEMS = 200
_TEXT_WEIGHT = 64
"""In a foreign document: the number of characters that count as one value more, if an alias repeats them."""


class _Stop(Exception):
    """Reading cannot continue; the problem is already recorded."""


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not been read yet."""

    data: dict[Any, Any] | list[Any]
    place: Place
    key: Any = None
    key_at: tuple[int, int] = (0, 0)
    has_key: bool = False
    skip: bool = False
    weight: int = 1
    merged: set[Any] = field(default_factory=set)
    merges: bool = False
    """True if the key is `<<` of a document, whose value's members become this mapping's."""
    anchor: str | None = None
    flow: bool = False
    cut: Any = None
    """The event of a text that a comma ended inside brackets of its own, as in `{a: last(x, 6)}`."""
    pieces: list[str] = field(default_factory=list)
    waiting: tuple[Any, Any, tuple[int, int]] | None = None
    """A key that may be a piece of that text: it is one if it has no value."""

    def join(self, piece: str) -> bool:
        """Add a piece to the text; True if all its brackets are closed."""
        self.pieces.append(piece)
        whole = ", ".join([self.cut.value, *self.pieces])
        return whole.count("(") <= whole.count(")")


def _merge(into: _Open, value: dict[Any, Any], place: Place) -> None:
    """Give a mapping the members that it does not have of one after its merge key."""
    assert isinstance(into.data, dict)
    children = into.place.children or {}
    for key in [key for key in value if key not in into.data]:
        into.data[key] = value[key]
        children[key] = (place.children or {})[key]
        into.merged.add(key)


class YamlReader:
    """Build data and places from libyaml's events, without recursion."""

    def __init__(self, text: str, file: str, max_values: int, *, foreign: bool = False) -> None:
        self.foreign = foreign
        self.anchors: dict[str, tuple[Any, Place, int]] = {}
        self.text = text
        self.file = file
        self.max_values = max_values
        self.problems: list[Problem] = []
        self.stack: list[_Open] = []
        self.result: tuple[Any, Place] | None = None
        self.values = 0

    def document(self) -> tuple[Any, Place]:
        import yaml

        nothing = (None, Place((0, 0), (0, 0)))
        try:
            loader = yaml.CSafeLoader(self.text)
            documents = 0
            while (event := loader.get_event()) is not None:
                kind = type(event)
                if kind is yaml.ScalarEvent:
                    self._scalar(event)
                elif kind is yaml.MappingStartEvent:
                    self._open(event, {})
                elif kind is yaml.SequenceStartEvent:
                    self._open(event, [])
                elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                    self._close()
                elif kind is yaml.AliasEvent:
                    self._alias(event)
                elif kind is yaml.DocumentStartEvent:
                    documents += 1
                    if documents > 1:
                        self._report(
                            event.start_mark,
                            "many-documents",
                            "a second document begins; a file holds one",
                            "remove the line `---`, or write a file for each",
                        )
                        raise _Stop
                elif kind is yaml.StreamEndEvent:
                    break
        except _Stop:
            return nothing
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
            span = Span(self.file, mark.line + 1, mark.column + 1) if mark else self._unreadable(error)
            if problem == _LIBYAML_TOO_DEEP:
                self.problems.append(Problem(span, "too-deep", TOO_DEEP, FLATTER))
                return nothing
            begun = getattr(error, "context_mark", None)
            at = (begun.line, begun.column) if begun is not None else None
            advice = advise(str(problem), self.text, span.line - 1, span.column - 1, at)
            self.problems.append(Problem(span, "syntax", advice.message, advice.help))
            return nothing
        return self.result or nothing

    def _unreadable(self, error: Exception) -> Span:
        """Return the place of an encoding error, whose position libyaml counts in bytes of UTF-8."""
        position = int(getattr(error, "position", 0) or 0)
        return span_at(self.file, self.text, len(self.text.encode()[:position].decode("utf-8", "ignore")))

    @staticmethod
    def _at(mark: Any) -> tuple[int, int]:
        return mark.line, mark.column

    def _report(self, mark: Any, id: str, message: str, help: str = "") -> None:
        steps = self._steps()
        span = Span(self.file, mark.line + 1, mark.column + 1, name_place(self.text, mark.line, steps))
        self.problems.append(Problem(span, id, message, help, steps[:-1]))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop

    def _steps(self) -> Pointer:
        """Return the steps to the value that is read now; without the key, while that is read."""
        steps: list[str | int] = []
        for open in self.stack:
            inside = open is not self.stack[-1]
            if isinstance(open.data, list):
                steps.append(len(open.data) - inside)
            elif inside or open.has_key:
                steps.append(open.key)
        return tuple(steps)

    def _tags(self, event: Any, plain: bool) -> None:
        if event.anchor is not None and not self.foreign:
            name = brief(event.anchor)
            self._report(
                event.start_mark,
                "anchor",
                f"anchor `&{name}` is not allowed",
                "write the value out where it is used",
            )
        bytes_in_base64 = self.foreign and event.tag == "tag:yaml.org,2002:binary"  # Scribe's examples
        if event.tag is not None and not plain and not bytes_in_base64:
            quoted = "quote a text that begins with `!`"
            self._report(event.start_mark, "tag", f"tag `{brief(event.tag)}` is not allowed", quoted)

    def _alias(self, event: Any) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and top.cut is not None:
            self._end_cut(top)
        as_key = top is not None and isinstance(top.data, dict) and not top.has_key
        if self.foreign and not as_key:
            self._follow(event, top)
            return
        if top is not None and top.has_key and top.key == "<<":
            self._put(None, self._at(event.start_mark))
            return
        self._report(
            event.start_mark, "alias", f"alias `*{brief(event.anchor)}` is not allowed", "write the value out"
        )
        if as_key:
            raise _Stop
        self._put(None, self._at(event.start_mark))

    def _follow(self, event: Any, top: _Open | None) -> None:
        """Insert the value that an alias refers to. After a merge key `<<`, insert the value's members."""
        value, place, weight = self.anchors.get(event.anchor, (None, None, 0))
        if place is None or any(open.data is value for open in self.stack):
            self._report(
                event.start_mark,
                "alias",
                f"alias `*{brief(event.anchor)}` stands for nothing, or for what it stands in",
            )
            raise _Stop
        self.values += weight
        if self.values > self.max_values:
            message = f"with what its aliases stand for, the file holds more than {self.max_values:,} values"
            line, column = self._at(event.start_mark)
            self.problems.append(Problem(Span(self.file, line + 1, column + 1), "too-many", message, SMALLER))
            raise _Stop
        if top is not None:
            top.weight += weight
        if top is not None and top.merges and isinstance(value, dict):
            _merge(top, value, place)
            top.has_key = False
            return
        made = self._put(value, self._at(event.start_mark))
        made.children = place.children

    def _open(self, event: Any, data: dict[Any, Any] | list[Any]) -> None:
        self._tags(event, event.implicit)
        at = self._at(event.start_mark)
        if len(self.stack) >= MAX_DEPTH:
            self._report(event.start_mark, "too-deep", TOO_DEEP, FLATTER)
            raise _Stop
        top = self.stack[-1] if self.stack else None
        if top is not None and top.cut is not None:
            self._end_cut(top)
        if top is not None and isinstance(top.data, dict) and not top.has_key:
            says = "a key must be text or a whole number, not a collection"
            self._report(event.start_mark, "key", says, "quote a text that begins with a brace or a bracket")
            raise _Stop
        place = self._put(data, at)
        place.children = {}
        self.stack.append(_Open(data, place, anchor=event.anchor, flow=bool(event.flow_style)))
        if event.anchor is not None:
            self.anchors[event.anchor] = (data, place, 0)

    def _close(self) -> None:
        if self.stack[-1].cut is not None:
            self._end_cut(self.stack[-1])
        closed = self.stack.pop()
        if self.stack:
            self.stack[-1].weight += closed.weight
        if closed.anchor is not None:
            self.anchors[closed.anchor] = (closed.data, closed.place, closed.weight)
        if self.stack and self.stack[-1].merges and isinstance(self.stack[-1].data, dict):
            several = closed.data if isinstance(closed.data, list) else [closed.data]
            if all(isinstance(one, dict) for one in several):  # the first one has its way
                top, places = self.stack[-1], closed.place.children or {}
                del self.stack[-1].data["<<"]
                (top.place.children or {}).pop("<<")
                for number, one in enumerate(several):
                    _merge(top, one, places[number] if one is not closed.data else closed.place)
            self.stack[-1].merges = False

    def _scalar(self, event: Any) -> None:
        plain = event.implicit[0]
        if event.tag is not None or event.anchor is not None:
            self._tags(event, plain or event.implicit[1])
        value, wrong = scalar(event.value) if plain else (event.value, "")
        if wrong:
            self._report(
                event.start_mark, "number", wrong, "write a smaller one, or quote it if it is a text"
            )
        at = self._at(event.start_mark)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.cut is not None and self._is_piece(top, event, value, at):
            return
        if top is not None and isinstance(top.data, dict) and not top.has_key:
            self._key(top, event, event.value if self.foreign else value, at)
        else:
            place = self._put(value, at)
            if top is not None and top.flow and plain and not self.foreign and _CUT.search(event.value):
                top.cut = event if event.value.count("(") > event.value.count(")") else None
            weight = 1 + len(event.value) // _TEXT_WEIGHT
            if top is not None:
                top.weight += weight
            if event.anchor is not None:
                self.anchors[event.anchor] = (value, place, weight)

    def _is_piece(self, top: _Open, event: Any, value: Any, at: tuple[int, int]) -> bool:
        """Join a scalar to the text before it, of which it may be a piece; False if it is not one."""
        if isinstance(top.data, dict) and not top.has_key:
            top.waiting, top.has_key = (event, value, at), True
            return True
        if top.waiting is not None and event.value:
            self._end_cut(top)
            return False
        piece = top.waiting[0].value if top.waiting is not None else event.value
        top.waiting, top.has_key = None, False
        if top.join(piece):
            self._end_cut(top)
        return True

    def _end_cut(self, top: _Open) -> None:
        """Put the text together again, if it has pieces, and report it."""
        cut, pieces, waiting = top.cut, top.pieces, top.waiting
        top.cut, top.pieces, top.waiting = None, [], None
        if pieces:
            whole = ", ".join([cut.value, *pieces])
            at = top.key if isinstance(top.data, dict) else -1
            top.data[at] = whole
            help = f"quote all of it: {quote(whole)}"
            self._report(cut.start_mark, "comma", "in `{…}` and `[…]` YAML ends a text at its comma", help)
        if waiting is not None:
            self._key(top, *waiting)

    def _key(self, top: _Open, event: Any, value: Any, at: tuple[int, int]) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            value = event.value
        top.key, top.key_at, top.has_key, top.skip = value, at, True, False
        top.merges = value == "<<" and event.implicit[0] and self.foreign
        if top.merges:
            return
        if value == "<<" and event.implicit[0]:
            self._report(
                event.start_mark, "merge-key", "merge key `<<` is not allowed", "write the members out"
            )
            top.skip = True
            return
        if value in top.merged:
            top.merged.discard(value)
            return
        twin = value if value in top.data else _other_spelling(value)
        if twin is not None and twin in top.data:
            first = (top.place.children or {})[twin].key
            self._report(
                event.start_mark,
                "duplicate-key",
                f"key `{brief(str(value))}` stands here again; it was first set at line {first[0] + 1}",
                "keep one of the two",
            )
            top.skip = True

    def _put(self, value: Any, at: tuple[int, int]) -> Place:
        self.values += 1
        if self.values > self.max_values:
            message = f"the file holds more than {self.max_values:,} values"
            self.problems.append(Problem(Span(self.file, at[0] + 1, at[1] + 1), "too-many", message, SMALLER))
            raise _Stop
        if not self.stack:
            place = Place(at, at)
            self.result = (value, place)
            return place
        top = self.stack[-1]
        if isinstance(top.data, dict):
            place = Place(top.key_at, at)
            top.has_key = False
            if not top.skip:
                top.data[top.key] = value
                assert top.place.children is not None
                top.place.children[top.key] = place
        else:
            place = Place(at, at)
            assert top.place.children is not None
            top.place.children[len(top.data)] = place
            top.data.append(value)
        return place


def _other_spelling(key: str | int) -> str | int | None:
    """Return the same key in its other type, such as 200 for "200". In JSON both are one key."""
    if isinstance(key, int):
        return str(key)
    return (
        int(key)
        if key[:1].isdecimal()
        and key.isascii()
        and key.isdecimal()
        and len(key) < 10
        and str(int(key)) == key
        else None
    )


# -- plain scalars


_CUT = re.compile(r"\w\(")
"""Matches the begin of a call in an unquoted text."""
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCT = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NON_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def scalar(text: str) -> tuple[Any, str]:
    """Return the value of an unquoted scalar and an error message, which is empty if the scalar is valid.

    A scalar of more than 400 characters stays text, because converting digits takes time quadratic in their
    number.
    """
    if text in _WORDS:
        return _WORDS[text], ""
    if text[0] not in "+-.0123456789" or len(text) > 400:
        return text, ""
    if _INT.match(text):
        return int(text), ""
    if _OCT.match(text):
        return int(text[2:], 8), ""
    if _HEX.match(text):
        return int(text[2:], 16), ""
    if _FLOAT.match(text):
        number = float(text)
        return number, f"`{brief(text)}` is too large for a number" if number in (
            float("inf"),
            float("-inf"),
        ) else ""
    return text, f"`{text}` is not a number that JSON can say" if _NON_FINITE.match(text) else ""


# -- JSON with places


_LINE = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|[^\s,:{}\[\]"]+')
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
"""A surrogate pair. JSON escapes a character above U+FFFF in two halves."""
_DIGITS = 300
"""Most digits of a number. The YAML reader reads longer ones, and reports the error."""


class _Left(Exception):
    """The text must be read by the YAML reader, which explains it better.

    It has a duplicate key, an overlong number, or values nested too deep.
    """


class _TooMany(Exception):
    """The text holds too many values; the arguments are line and column of the first one over the limit."""


def read_json(text: str, file: str, max_values: int) -> Source | None:
    """Return the document; None for a text that the YAML reader must read."""
    if _HALF.search(text) and _HALF.search(_PAIR.sub("", text)):
        return None
    try:
        data = json.loads(text, parse_constant=_no_constant)
        return Source(file, text, data, _places(text, max_values))
    except (ValueError, RecursionError, _Left):
        return None
    except _TooMany as error:
        line, column = error.args
        message = f"the file holds more than {max_values:,} values"
        return Source(
            file,
            text,
            None,
            Place((0, 0), (0, 0)),
            [Problem(Span(file, line + 1, column + 1), "too-many", message, SMALLER)],
        )


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


def _places(text: str, max_values: int) -> Place:
    """Return the places of all values of a text that is valid JSON.

    It is a single loop, because the body runs once for each token of the text.
    """
    starts = [*(m.end() for m in _LINE.finditer(text)), len(text) + 1]
    line, begin, end = 0, 0, starts[0]
    top = Place((0, 0), (0, 0), {})
    stack: list[tuple[dict[Any, Place], bool]] = []
    children: dict[Any, Place] = top.children or {}
    in_object = False
    key: Any = 0
    key_at: tuple[int, int] | None = None
    for token in _TOKEN.finditer(text):
        word = token.group()
        mark = word[0]
        if mark in "}]":
            children, in_object = stack.pop()
            continue
        index = token.start()
        while index >= end:
            line, begin, end = line + 1, end, starts[line + 1]
        at = (line, index - begin)
        if not in_object:
            key = len(children)
        elif key_at is None:
            key, key_at = word[1:-1] if "\\" not in word else json.loads(word), at
            if key in children:
                raise _Left
            continue
        max_values -= 1
        if max_values < 0:
            raise _TooMany(*at)
        place = children[key] = Place(key_at or at, at)
        key_at = None
        if mark in "-0123456789" and (len(word) > _DIGITS or math.isinf(float(word))):
            raise _Left
        if mark in "{[":
            stack.append((children, in_object))
            place.children = children = {}
            in_object = mark == "{"
            if len(stack) > MAX_DEPTH:
                raise _Left
    return children[0]


# -- columns of values


_TO_THE_END = 1 << 30


def find_text_columns(text: str) -> dict[int, list[tuple[int, int]]]:
    """Return, by line from 0, the first column of each quoted, plain or block text and the column after it.

    The rest of a line that begins a block text (`|`) does not count, because a comment may follow there. If
    the YAML is malformed, only the lines before the error are returned.
    """
    import yaml

    found: dict[int, list[tuple[int, int]]] = {}
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                _add(event, found)
    except yaml.YAMLError:
        return found
    return found


def _add(event: Any, found: dict[int, list[tuple[int, int]]]) -> None:
    first, last = event.start_mark, event.end_mark
    for line in range(first.line, last.line + 1):
        begin = first.column if line == first.line else 0
        end = last.column if line == last.line else _TO_THE_END
        heads_a_block = event.style in ("|", ">") and line == first.line
        if end > begin and not heads_a_block:
            found.setdefault(line, []).append((begin, end))
