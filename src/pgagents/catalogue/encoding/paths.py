"""Read paths as lenient servers and the proxies before them do, and tell which values cannot stand in one.

A proxy may decode a path once more, take a backslash for a slash, drop `;…`, end the path at a NUL, and
follow `..`. A value that is another path in one of these readings sends a call to what it does not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from pgagents.base.http import text_of

MAX_LENGTH = 2_000
"""Most characters of a value in a path. Servers refuse longer lines before they know what is asked."""
_DECODINGS = 5
"""A path is decoded at most so often. A chain of proxies is shorter."""
_MARKS = re.compile(r"[/?#;*]")
"""Characters that separate the parts of a path, end it, or stand for many."""
_ENDS = re.compile(r"[?#\x00\r\n].*", re.S)
_CONTROL = re.compile(r"[\\\x00-\x1f\x7f\ud800-\udfff]")
_SLASHES = re.compile(r"/{2,}")


def find_misreading(value: Any, *, given: bool = False, reserved: bool = False) -> str:
    """Return why a value in a path may be read as another path; empty if every reading names the same.

    The reason follows the value in a sentence: "leads to another path". A value that the caller has `given`
    may have marks such as `/`, since it is encoded. The id of a server may not: a proxy may decode it. A
    `reserved` value may have slashes.
    """
    if isinstance(value, list | dict):
        return "has no form there"
    text = text_of(value)
    if len(text) > MAX_LENGTH:
        return f"has {len(text):,} characters, more than a path can have"
    if find_climb(text):
        return "leads to another path"
    first, *more = _decode(text)
    if found := next((m[0] for one in (first, *more) if (m := _CONTROL.search(one))), ""):
        return f"has {found!r}, by which a server may read another path"
    hidden = any(len(_MARKS.findall(one)) != len(_MARKS.findall(text)) for one in more)
    if given and not hidden:
        return ""
    if more and unquote(text) != text:
        return "names another one when it is decoded twice"
    if found := next(
        (m[0] for m in _MARKS.finditer(more[-1] if more else text) if not reserved or m[0] != "/"), ""
    ):
        return f"has {found!r}, by which a server may read another path"
    return "begins or ends with a blank, which a server may cut off" if text != text.strip() else ""


def find_climb(value: Any) -> bool:
    """True if a value leads out of its place in a path, encoded or not: it is empty or has dots as a part."""
    text = text_of(value)
    return not text.strip() or any(_has_dots(one) for one in _decode(text[: MAX_LENGTH * 5]))


def plain_path(target: str) -> str:
    """Return the path of a request as the most lenient server reads it: decoded, without parameters, needless
    slashes and dots.
    """
    path = target if target.startswith("/") else re.sub(r"^[^/?#]*//[^/?#]*", "", target)
    *_, path = _decode(re.split(r"[?#]", path, maxsplit=1)[0])
    path = re.sub(r";[^/]*", "", _ENDS.sub("", path).replace("\\", "/"))
    kept: list[str] = []
    for part in (part.strip() for part in _SLASHES.sub("/", path).split("/")):
        if part == "..":
            del kept[max(len(kept) - 1, 1) :]
        elif part != ".":
            kept.append(part)
    return "/".join(kept).rstrip("/")


def _decode(text: str) -> Iterator[str]:
    """Yield a text, and what it becomes when it is decoded again and again."""
    for _ in range(_DECODINGS):
        yield text
        text, before = normalize("NFKC", unquote(text)), text
        if text == before:
            return
    yield text


def _has_dots(text: str) -> bool:
    parts = re.split(r"[/\\;?#\x00\r\n]", text)
    return any(part.strip() in (".", "..") for part in parts)
