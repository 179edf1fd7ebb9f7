"""Write a catalogue as YAML like a person would: short values on one line, comments above their subject."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgagents.base.places import Pointer

WIDTH = 120
ANSWER = "pgagents: ignore["
_PLAIN = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./()%+=*'-]|\ (?=[A-Za-z0-9_./()%+=*'-]))*\Z")
_PATH = re.compile(r"(?:\.{0,2}/|\$)[A-Za-z0-9_./-]*\Z")
_BLOCK_ONLY = re.compile(r"[A-Za-z_](?:[^\x00-\x20\x7f-\xa0#:]|:(?=[^\s])|\ (?=[^\s#:]))*\Z")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\Z")
_METHOD = re.compile(r"[A-Z]+ /[^\s#:]*\Z")
_MISTAKEN = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"))

INFERRED = "inferred: "
FROM = "from "
"""The beginning of a comment that says which file a part comes from."""
Comments = Mapping[Pointer, Iterable[str]]


def render_yaml(data: Any, comments: Comments | None = None) -> str:
    """Return the data as the text of a YAML file."""
    writer = _Writer(data, comments or {})
    about = [
        comment(text, 0) for text in writer.comments.get((), ())
    ]  # comments about parts that are not in the file
    return "\n".join([*about, *writer.mapping(data, (), 0)]) + "\n" if data else "{}\n"


def entry(
    key: str | int, value: Any, at: Pointer, indent: int, comments: Comments | None = None
) -> list[str]:
    """Return one member of a mapping as indented lines. `at` is the pointer of the value."""
    return list(_Writer(value, comments or {}, at).member(key, value, at, indent))


def write_in_one_line(value: Any) -> str:
    """Return a value in flow style, however long that is."""
    return _flow(value, sys.maxsize) or "{}"


def comment(text: str, indent: int) -> str:
    """Return a note as a comment line. One that ignores a finding of `pgagents lint`, names a reason or a
    file has its own form. Any other is a thing to do.
    """
    clean = "".join(c if c.isprintable() else " " for c in text)
    return (
        f"{' ' * indent}# {clean}"
        if clean.startswith((ANSWER, INFERRED, FROM))
        else f"{' ' * indent}# TODO {clean}"
    )


class _Writer:
    def __init__(self, data: Any, comments: Comments, base: Pointer = ()) -> None:
        self.comments: dict[Pointer, list[str]] = {}
        self.under: set[Pointer] = set()
        for pointer, texts in comments.items():
            if pointer[: len(base)] == base:
                place = _existing(data, pointer, base)
                self.comments.setdefault(place, []).extend(texts)
                self.under |= {place[:n] for n in range(len(place))}

    def mapping(self, data: Mapping[Any, Any], at: Pointer, indent: int) -> Iterator[str]:
        for key, value in data.items():
            if (not at or at == ("actions",)) and key != next(iter(data)):
                yield ""
            yield from self.member(key, value, (*at, key), indent)

    def member(self, key: str | int, value: Any, at: Pointer, indent: int) -> Iterator[str]:
        name = str(key) if isinstance(key, int) else scalar(key, flow=True)
        line = self._in_one(value, at, WIDTH - indent - len(name) - 2)
        for text in self.comments.get(at, ()):
            yield comment(text, indent)
        if line is not None:
            yield f"{' ' * indent}{name}: {line}"
        elif isinstance(value, dict):
            yield f"{' ' * indent}{name}:"
            yield from self.mapping(value, at, indent + 2)
        elif isinstance(value, list):
            yield f"{' ' * indent}{name}:"
            yield from self._items(value, at, indent + 2)
        elif isinstance(value, str) and _literal(value):
            yield f"{' ' * indent}{name}: |-"
            yield from (f"{' ' * (indent + 2)}{line}" if line else "" for line in value.split("\n"))
        else:
            yield f"{' ' * indent}{name}: {bare(value, flow=False)}"

    def _items(self, data: list[Any], at: Pointer, indent: int) -> Iterator[str]:
        for n, value in enumerate(data):
            here = (*at, n)
            line = self._in_one(value, here, WIDTH - indent - 2)
            for text in self.comments.get(here, ()):
                yield comment(text, indent)
            if line is not None:
                yield f"{' ' * indent}- {line}"
            elif isinstance(value, dict | list):
                yield f"{' ' * indent}-"
                yield from (
                    self.mapping(value, here, indent + 2)
                    if isinstance(value, dict)
                    else self._items(value, here, indent + 2)
                )
            else:
                yield f"{' ' * indent}- {bare(value, flow=False)}"

    def _in_one(self, value: Any, at: Pointer, room: int) -> str | None:
        """Return a value on one line: a collection in flow style if it fits and has no comments inside, or a
        scalar.

        None for a value that needs several lines.
        """
        if isinstance(value, dict | list) and value:
            if len(at) < 2 or (len(at) == 2 and at[0] in ("actions", "schemas")) or at in self.under:
                return None
            if isinstance(value, dict) and at[-1] in ("properties", "input"):
                return None
            made = _flow(value, room)
            return made if made is not None and len(made) <= room else None
        if isinstance(value, str) and _literal(value):
            return None
        return bare(value, flow=False)


def _existing(data: Any, pointer: Pointer, base: Pointer) -> Pointer:
    """Return the pointer, cut to the part that exists."""
    for n in range(len(base), len(pointer)):
        step = pointer[n]
        within = (
            step in data
            if isinstance(data, dict)
            else isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if not within:
            return pointer[:n]
        data = data[step]
    return pointer


def _flow(value: Any, room: int) -> str | None:
    """Return a value in flow style, or None as soon as it cannot fit."""
    if room < 0:
        return None
    if isinstance(value, dict):
        parts = []
        for key, member in value.items():
            made = _flow(member, room - 4)
            if made is None:
                return None
            name = str(key) if isinstance(key, int) else scalar(key, flow=True)
            parts.append(f"{name}: {made}")
            room -= len(parts[-1]) + 2
        return "{" + ", ".join(parts) + "}" if room > -4 else None
    if isinstance(value, list):
        parts = []
        for member in value:
            made = _flow(member, room - 2)
            if made is None:
                return None
            parts.append(made)
            room -= len(made) + 2
        return "[" + ", ".join(parts) + "]" if room > -4 else None
    made = bare(value, flow=True)
    return made if len(made) <= room else None


def bare(value: Any, *, flow: bool) -> str:
    """Return a scalar, or an empty collection."""
    if isinstance(value, str):
        return scalar(value, flow=flow)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        text = repr(value)
        mantissa, e, exponent = text.partition("e")
        return text if not e or "." in mantissa else f"{mantissa}.0e{exponent}"
    return str(value)


def scalar(text: str, *, flow: bool) -> str:
    """Return a text, quoted unless every YAML reader reads it as the same text."""
    if text.lower() not in _MISTAKEN and (
        _PLAIN.match(text)
        or _PATH.match(text)
        or _VERSION.match(text)
        or (not flow and text.isprintable() and (_BLOCK_ONLY.match(text) or _METHOD.match(text)))
    ):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in quoted)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _literal(text: str) -> bool:
    """True if a text of several lines can be written as a literal block."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and all(line.isprintable() and line[-1:] != " " for line in lines)
        and lines[0][:1] not in ("", " ")
        and bool(lines[-1])
    )
