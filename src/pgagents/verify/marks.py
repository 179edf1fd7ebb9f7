"""Values that are new for each instance that a run makes, and by which it knows its own again.

A mark is `pgv-<run>-<number>`. The run's part has 64 bits, so nothing that existed before can carry it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

Fits = Callable[[Any], bool]
MOST_INT = 2**53 - 1
"""The greatest whole number that every JSON reader keeps."""


_ANY = re.compile(r"pgv[-_]?[0-9a-f]{16}[-_]?\d+", re.I)


def unmarked(text: str) -> str:
    """A text in which every mark reads the same, to compare what two creates made."""
    return _ANY.sub("pgv", text) if "pgv" in text.lower() else text


class Marks:
    """The marks of one run. `tag` is the run's part, sixteen hexadecimal digits."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.given = 0
        self._pattern = re.compile(rf"pgv-?{re.escape(tag)}-?\d+", re.I)
        self._issued: set[Any] = set()

    def next(self) -> str:
        """A new mark."""
        self.given += 1
        return f"pgv-{self.tag}-{self.given}"

    def fresh(self, kind: str, fits: Fits) -> Any:
        """A new value of a kind (`text`, `slug`, `email`, `uuid`, `int`, `url`) that the argument's schema takes; None where none does."""
        mark = self.next()
        for value in self._forms(kind, mark):
            if fits(value):
                self._issued.add(value)
                return value
        return None

    def _forms(self, kind: str, mark: str) -> list[Any]:
        digest = sha256(mark.encode()).digest()
        number = int.from_bytes(digest[:8], "big")
        if kind == "email":
            return [f"{mark}@example.com"]
        if kind == "url":
            return [f"https://{mark}.example/"]
        if kind == "uuid":
            return [str(UUID(bytes=digest[:16], version=4))]
        if kind == "int":
            return [number % MOST_INT, *(number % 10**digits for digits in (12, 9, 6, 4))]
        plain = mark.replace("-", "")
        return [mark, plain, plain.upper(), mark.replace("-", "_"), digest.hex()[:16], digest.hex()[:16].upper(), str(number)]

    def carrying(self, value: str, kind: str, fits: Fits, *, wrong: bool = False) -> str | None:
        """A text as long as a value, and like it behind the mark that it begins with; a new value of a kind where it is too short for a
        mark. None where the schema takes neither. A `wrong` value must stay refused by the schema."""
        mark = self.next()
        forms = [mark + value[len(mark) :]] if len(value) >= len(mark) else []
        if wrong:
            forms += [f"{mark}{value}", f"{value}{mark}"]
        for text in forms:
            if bool(fits(text)) is not wrong:
                self._issued.add(text)
                return text
        return None if wrong else self.fresh(kind, fits)

    def carried_by(self, value: Any) -> bool:
        """True where a value holds one of this run's marks, or is a value that `fresh` gave."""
        if isinstance(value, str):
            return self._pattern.search(value) is not None or value in self._issued
        if isinstance(value, dict):
            return any(map(self.carried_by, value.values()))
        if isinstance(value, list):
            return any(map(self.carried_by, value))
        return not isinstance(value, bool) and isinstance(value, int) and value in self._issued

    def within(self, value: Any) -> str:
        """The first of this run's marks in a value, empty where it holds none."""
        if isinstance(value, str):
            found = self._pattern.search(value)
            return found.group(0) if found else value if value in self._issued else ""
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return next(filter(None, map(self.within, inner)), "")

    def unguessable(self, value: Any) -> bool:
        """True for a value that nothing on the server can have for its id: it holds at least 64 bits that this run chose."""
        return self.carried_by(value) if isinstance(value, str) else self.carried_by(value) and value > 2**32

    def renewed(self, value: Any) -> Any:
        """The value with each mark in it replaced by a new one."""
        if isinstance(value, str):
            return self._pattern.sub(lambda found: self._like(found.group(0)), value)
        if isinstance(value, dict):
            return {k: self.renewed(v) for k, v in value.items()}
        return [self.renewed(v) for v in value] if isinstance(value, list) else value

    def _like(self, mark: str) -> str:
        new = self.next()
        new = new if "-" in mark else new.replace("-", "")
        return new.upper() if mark.isupper() else new
