"""Names and texts of a document in the forms that the catalogue takes."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_TEXT = 8_000
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|(?:[A-Z]?[a-z]+|[A-Z]+)[0-9]*|[0-9]+[a-z]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z", re.A)
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_name(text: str) -> bool:
    """Whether the catalogue takes it as a name."""
    return bool(_NAME.match(text))


def snake(text: str) -> str:
    """`listBooks-byAuthor` as `list_books_by_author`; never empty, never longer than a name."""
    ascii = text.encode("ascii", "ignore").decode()
    made = "_".join(word.lower() for word in _WORD.findall(ascii)) or "action"
    return (made if made[0].isalpha() else f"a_{made}")[:60].rstrip("_")


def identifier(text: str) -> str:
    """The text as a name, with as little changed as can be."""
    made = re.sub(r"[^A-Za-z0-9_]+", "_", text.encode("ascii", "ignore").decode()).strip("_") if not is_name(text) else text
    made = made or "x"
    return (made if not made[0].isdigit() else f"_{made}")[:60]


def slug(text: str) -> str:
    """The text as a name of an example: small letters, digits, `-` and `_`."""
    made = re.sub(r"[^a-z0-9_]+", "-", text.lower().encode("ascii", "ignore").decode()).strip("-_")
    return made[:60] or "example"


def unique(name: str, taken: Iterable[str]) -> str:
    """The name, with a number where another has it already."""
    used = {t.lower() for t in taken} if not isinstance(taken, set) else taken
    made, n = name, 2
    while made.lower() in used:
        made, n = f"{name[:58]}_{n}", n + 1
    return made


def clean(text: str) -> str:
    """Text that can be written as UTF-8, without blanks at its ends."""
    return _SURROGATE.sub("\ufffd", text).strip()


def cut(text: str, most: int = MAX_TEXT) -> str:
    """At most so many characters, the last one an ellipsis where some are missing."""
    made = clean(text)
    return made if len(made) <= most else made[: most - 1].rstrip() + "…"


def one_line(text: str, most: int = 200) -> str:
    """The text without line breaks."""
    return cut(" ".join(text.split()), most)


def first_sentence(text: str, most: int) -> str:
    """The first sentence of a description in Markdown, on one line; cut between two words where it is longer."""
    plain = re.sub(r"<[^<>]{1,200}>|^[#>=*\-\s]+|!?\[([^\[\]]*)\]\([^()]*\)", r"\1", _without_headings(text), flags=re.M)
    line = one_line(re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", plain), MAX_TEXT)
    first = re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0]
    if len(first) <= most:
        return first
    return first[: most - 1].rpartition(" ")[0].rstrip(" ,;:") + "…" if " " in first[: most - 1] else cut(first, most)


def _without_headings(text: str) -> str:
    """The text without its headings, unless it has nothing else."""
    kept = "\n".join(line for line in text[:MAX_TEXT].splitlines() if not line.lstrip().startswith("#"))
    return kept if kept.strip() else text[:MAX_TEXT]


def sentence(name: str) -> str:
    """`list_books` as `List books`."""
    return name.replace("_", " ").strip().capitalize() or name
