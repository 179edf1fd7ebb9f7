"""Collect problems of a catalogue at their places, and check that referenced names exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any

from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.cel.expression import Expression
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Pointer, Source, Span, value_at
from pgagents.source.yaml_text import MAX_PROBLEMS
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

ACTIONS: tuple[Pointer, ...] = (("actions",), ("operator", "actions"))
NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.A)


class Problems:
    """Collect problems, and find values in the file."""

    def __init__(
        self, written: Catalogue, source: Source, data: Any = None, dropped: Iterable[Pointer] = ()
    ) -> None:
        self.written = written
        self.source = source
        self.data = source.data if data is None else data
        self.dropped = frozenset(dropped)
        self.refused: set[Pointer] = set(self.dropped)
        self.found: list[Diagnostic] = []
        self.expressions: dict[Pointer, Expression] = {}
        self.urls: set[Pointer] = set()
        """Pointers of `pages` whose `next` is a URL."""
        operator = written.operator.actions if written.operator else {}
        self.actions: dict[str, Action] = {**written.actions, **operator}

    def blocks(self) -> list[tuple[Pointer, Mapping[str, Action]]]:
        """Return the API's actions and the operator's actions, each with the pointer of its mapping."""
        operator = self.written.operator
        return [
            (("actions",), self.written.actions),
            (("operator", "actions"), operator.actions if operator else {}),
        ]

    def report(
        self,
        pointer: Pointer,
        id: str,
        message: str,
        help: str = "",
        *,
        at_value: bool = True,
        span: Span | None = None,
    ) -> None:
        """Record an error at the value of a pointer or at `span`, unless that value was refused before."""
        self.refused.add(pointer)
        if len(self.found) >= MAX_PROBLEMS or any(
            pointer[:n] in self.dropped for n in range(1, len(pointer) + 1)
        ):
            return
        self.found.append(
            Diagnostic(
                span or self.source.locate(pointer, at_value=at_value),
                f"catalogue/{id}",
                "error",
                message,
                help,
            )
        )

    def sound(self, pointer: Pointer) -> bool:
        """True if nothing at or below this pointer was refused."""
        return not any(f[: len(pointer)] == pointer for f in self.refused)

    def check_reference(
        self,
        pointer: Pointer,
        name: str | None,
        homes: Pointer | Iterable[Pointer],
        what: str,
        *,
        also: Iterable[str] = (),
    ) -> bool:
        """Return True if `name` is None, or is in one of the mappings or lists at the pointers `homes`.

        Otherwise record a dangling reference and return False. A name that the file contains but that was
        refused is not recorded.
        """
        if name is None or name in also:
            return True
        places = (
            [homes]
            if isinstance(homes, tuple) and (not homes or not isinstance(homes[0], tuple))
            else list(homes)
        )
        if any(name in names_at(self.data, place) for place in places):
            return True
        if len(self.found) >= MAX_PROBLEMS:
            return False
        written = [names_at(self.source.data, place) for place in places]
        if any(name in names for names in written) or any(self.is_incomplete(place) for place in places):
            return False
        words = chain(also, (str(word) for names in written for word in names))
        help = did_you_mean(name, words) or ("" if also or any(written) else f"there is no {what} yet")
        self.report(pointer, "unknown-name", f"`{brief(name)}` is no {what} of this catalogue", help)
        return False

    def at(self, pointer: Pointer) -> Any:
        """Return the value at a pointer, without refused parts; None if the file has no value there."""
        return value_at(self.data, pointer)

    def in_file(self, pointer: Pointer) -> Collection[Any]:
        """Return the names written at a pointer, including refused ones."""
        return names_at(self.source.data, pointer)

    def is_incomplete(self, home: Pointer) -> bool:
        """True if names at `home` may be missing, because pydantic refused one of them or a value around
        them.
        """
        if isinstance(value_at(self.source.data, home), dict | list):
            return any(d[:-1] == home and not NAME.fullmatch(str(d[-1])) for d in self.dropped)
        return any(home[: len(d) - 1] == d[:-1] for d in self.dropped)


def names_at(data: Any, pointer: Pointer) -> Collection[Any]:
    """Return the keys of the mapping, or the items of the list, at a pointer."""
    there = value_at(data, pointer)
    return there if isinstance(there, dict | list) else ()
