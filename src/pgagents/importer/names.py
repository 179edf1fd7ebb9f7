"""Convert a document's names into those that the catalogue allows, and note what could not be converted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.base.places import Pointer
from pgagents.base.text import brief

MAX_TEXT = 8_000
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|(?:[A-Z]?[a-z]+|[A-Z]+)[0-9]*|[0-9]+[a-z]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z", re.A)
_MEMBER = re.compile(r"[^\x00-\x1f\x7f]{1,256}\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_name(text: str) -> bool:
    """True if the catalogue allows the text as a name."""
    return bool(_NAME.match(text))


def is_member(text: str) -> bool:
    """True if the catalogue allows the text as the name of a JSON member."""
    return bool(_MEMBER.match(text)) and not _SURROGATE.search(text)


def snake(text: str) -> str:
    """Convert to snake_case: `listBooks-byAuthor` becomes `list_books_by_author`. Never empty, at most 60
    characters.
    """
    ascii = text.encode("ascii", "ignore").decode()
    made = "_".join(word.lower() for word in _WORD.findall(ascii)) or "action"
    return (made if made[0].isalpha() else f"a_{made}")[:60].rstrip("_")


def identifier(text: str) -> str:
    """Convert the text to a name with as few changes as possible."""
    made = (
        re.sub(r"[^A-Za-z0-9_]+", "_", text.encode("ascii", "ignore").decode()).strip("_")
        if not is_name(text)
        else text
    )
    made = made or "x"
    return (made if not made[0].isdigit() else f"_{made}")[:60]


def slug(text: str) -> str:
    """Convert the text to an example's name: lower-case letters, digits, `-` and `_`."""
    made = re.sub(r"[^a-z0-9_]+", "-", text.lower().encode("ascii", "ignore").decode()).strip("-_")
    return made[:60] or "example"


def unique(name: str, taken: Iterable[str]) -> str:
    """Return the name, with a number appended if it is taken already, in capitals or not.

    A set must hold names in lower case; it is not copied, because it may be large.
    """
    used = {t.lower() for t in taken} if not isinstance(taken, set) else taken
    made, n = name, 2
    while made.lower() in used:
        made, n = f"{name[:58]}_{n}", n + 1
    return made


def clean(text: str) -> str:
    """Return the text without surrounding blanks and lone surrogates, so that UTF-8 can encode it."""
    return _SURROGATE.sub("\ufffd", text).strip()


def clean_value(value: Any) -> Any:
    """Return a JSON value whose texts can be encoded as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if _SURROGATE.search(value) else value
    if isinstance(value, dict):
        return {clean(k) or "_": clean_value(v) for k, v in value.items()}
    return [clean_value(v) for v in value] if isinstance(value, list) else value


def cut(text: str, most: int = MAX_TEXT) -> str:
    """Return at most `most` characters; a cut text ends with an ellipsis."""
    made = clean(text)
    return made if len(made) <= most else made[: most - 1].rstrip() + "…"


_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)|</?a\b[^<>]{0,500}>", re.I)
_ADDRESS = re.compile(
    r"""(<?)\b(?:https?://(?:www\.)?|www\.)([^\s<>/?#()"'`]*[^\s<>/?#()"'`.,;:!])"""
    r"""(?:[/?#][^\s<>()"'`]*[^\s<>()"'`.,;:!?])?(?(1)>?)""",
    re.I,
)
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\ufe0f\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff]+ ?")


def without_addresses(text: str) -> str:
    """Return a text with the words of its links and the hosts of its web addresses alone, and no emoji."""
    return _EMOJI.sub("", _ADDRESS.sub(r"\2", _LINK.sub(r"\1", text))).strip()


def one_line(text: str, most: int = 200) -> str:
    """Return the text without line breaks, cut to `most` characters."""
    return cut(" ".join(text.split()), most)


def first_sentence(text: str, most: int) -> str:
    """Return the first sentence of a Markdown description on one line. A longer one is cut between two
    words.
    """
    plain = re.sub(
        r"<[^<>]{1,200}>|^[#>=*\-\s]+|!?\[([^\[\]]*)\]\([^()]*\)", r"\1", _without_headings(text), flags=re.M
    )
    line = one_line(re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", plain), MAX_TEXT)
    first = re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0]
    if len(first) <= most:
        return first
    return (
        first[: most - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"
        if " " in first[: most - 1]
        else cut(first, most)
    )


def _without_headings(text: str) -> str:
    kept = "\n".join(line for line in text[:MAX_TEXT].splitlines() if not line.lstrip().startswith("#"))
    return kept if kept.strip() else text[:MAX_TEXT]


def sentence(name: str) -> str:
    """Convert a name to words: `list_books` becomes `List books`."""
    return name.replace("_", " ").strip().capitalize() or name


# -- notes


Kind = Literal["lost", "decide", "left out", "blocked", "answered", "inferred", "repaired"]
Extent = Literal["wider", "gone", "nowhere"]
"""How a part of the document is lost: the catalogue takes more there, it lacks the part, or it lacks the part
because the document's own reference leads nowhere.
"""


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `at` is the place in the catalogue, `source` the place in the document (`#/paths/…`)."""

    kind: Kind
    at: Pointer
    message: str
    source: str = ""
    count: int = 1
    """Number of operations that a `left out` note stands for."""
    extent: Extent = "wider"

    def __str__(self) -> str:
        where = f" ({brief(self.source, 120)})" if self.source else ""
        return f"{self.message}{where}"


LOSSES: Mapping[Kind, str] = {
    "left out": "is left out",
    "lost": "is not carried",
    "repaired": "is read otherwise",
}
"""Kinds of notes on what an import does not take as the document has it, worst first, each in words."""
_VALUE = re.compile(r"`[^`]*`|\b[0-9][0-9,]*\b")
_EXAMPLE = re.compile(r"\A(example `[^`]*` is not carried): .*", re.S)
"""What a validator says of an example quotes the example, so that it is another sentence each time."""


def group_losses(notes: Iterable[Note]) -> list[list[Note]]:
    """Return the notes on losses, those of one kind and one sentence together, worst first.

    Sentences that differ only in names, numbers and places are one. A part that is gone comes before one
    that is wider; then what happened most often comes first.
    """
    groups: dict[tuple[Kind, str], list[Note]] = {}
    for note in notes:
        if note.kind in LOSSES:
            said = note.message.partition(": ")[2] if note.kind == "left out" else note.message
            plain = _EXAMPLE.sub(r"\1", said)
            groups.setdefault((note.kind, _VALUE.sub("…", plain)), []).append(note)
    order = list(LOSSES)

    def rank(key: tuple[Kind, str]) -> tuple[int, bool, int]:
        is_wider = all(note.extent == "wider" for note in groups[key])
        return order.index(key[0]), is_wider, -len(groups[key])

    return [groups[key] for key in sorted(groups, key=rank)]


def say_nowhere(notes: Iterable[Note]) -> str:
    """Return a sentence on the references that lead nowhere; empty without one."""
    broken = [note for note in notes if note.extent == "nowhere"]
    if not broken:
        return ""
    first = broken[0].message.partition("; ")[0]
    places = list(dict.fromkeys(brief(note.source, 120) for note in broken if note.source))
    others = f" and {len(places) - 1} more" if len(places) > 1 else ""
    where = f" ({places[0]}{others})" if places else ""
    return f"nothing is held to a part of the document: {first}{where}; correct it there"


class Notes:
    """Notes in the order in which they were made, without repetition."""

    def __init__(self) -> None:
        self.made: dict[Note, None] = {}

    def add_lost(self, at: Pointer, message: str, source: str = "", extent: Extent = "wider") -> None:
        """Record a part of the document that the catalogue's language cannot express."""
        self.made.setdefault(Note("lost", at, message, source, extent=extent))

    def repair(self, at: Pointer, message: str, source: str = "") -> None:
        """Record what the document says as OpenAPI does not allow it, and how it is read."""
        self.made.setdefault(Note("repaired", at, message, source))

    def decide(self, at: Pointer, message: str, source: str = "") -> None:
        """Record a value that the document does not give, so that the author must check it."""
        self.made.setdefault(Note("decide", at, message, source))

    def add_blocked(self, at: Pointer, message: str, source: str = "") -> None:
        """Record that the catalogue cannot be loaded before the author changes this place."""
        self.made.setdefault(Note("blocked", at, message, source))

    def add_ignore(self, at: Pointer, rule: str, reason: str) -> None:
        """Record an ignore comment for a finding of `pgagents lint` that the document itself causes."""
        self.made.setdefault(Note("answered", at, f"pgagents: ignore[{rule}] {reason}"))

    def infer(self, at: Pointer, message: str) -> None:
        """Record the source of an inferred part."""
        self.made.setdefault(Note("inferred", at, message))

    def add_left_out(
        self, message: str, source: str = "", *, count: int = 1, extent: Extent = "wider"
    ) -> None:
        """Record that an operation, or a number of operations, is not in the catalogue."""
        self.made.setdefault(Note("left out", ("actions",), message, source, count, extent))
