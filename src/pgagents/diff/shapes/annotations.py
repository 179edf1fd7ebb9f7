"""Compare the marks and texts of two schemas: defaults, readOnly, writeOnly, descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.diff.change import Severity
from pgagents.diff.named import ANNOTATIONS
from pgagents.diff.shapes.difference import Difference, Who
from pgagents.diff.shapes.keywords import ABSENT, is_same, shorten_json, walk_alongside
from pgagents.source.origin import origin_of


class Annotations:
    """Compare marks and texts."""

    who: Who

    def marks(self, old: Any, new: Any, path: str) -> Iterator[Difference]:
        """Yield the differences in a value's own `default`, `readOnly` and `writeOnly`."""
        yield from self._annotations([old], [new], path)

    def _annotations(self, old: list[Any], new: list[Any], path: str) -> Iterator[Difference]:
        """Yield the differences in a member's `default`, `readOnly` and `writeOnly`."""
        for key, said in _MARKS.items():
            before, after = (
                next((one[key] for one in side if isinstance(one, Mapping) and key in one), ABSENT)
                for side in (old, new)
            )
            if not is_same(before, after) and (told := said(self.who, before, after)):
                yield Difference(*told[:2], path, told[2], "", origin_of(old[0]), origin_of(new[0]))

    def _texts(self, old: Any, new: Any, path: str, *, inner: bool = False) -> Iterator[Difference]:
        """Yield a difference of texts.

        With `inner`, yield one for all texts inside two schemas that are otherwise equal.
        """
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            return
        place: tuple[Any, Any] | None = None
        if inner:
            place = _text_apart(old, new)
            for key in _MARKS:
                yield from self._deep_marks(old, new, path, key)
        elif any(not is_same(old.get(key, ABSENT), new.get(key, ABSENT)) for key in _WORDS):
            place = old, new
        if place:
            yield Difference(
                "wording",
                "text",
                path,
                "is described anew",
                "",
                origin_of(place[0]) or origin_of(old),
                origin_of(place[1]) or origin_of(new),
            )

    def _deep_marks(self, old: Any, new: Any, path: str, key: str) -> Iterator[Difference]:
        for a, b, at in walk_alongside(old, new, path):
            if at == path:
                continue  # the comparison of its object reports a member's own marks
            before, after = a.get(key, ABSENT), b.get(key, ABSENT)
            if not is_same(before, after) and (told := _MARKS[key](self.who, before, after)):
                yield Difference(*told[:2], at, told[2], "", origin_of(a), origin_of(b))


_WORDS = tuple(sorted(ANNOTATIONS - {"default", "readOnly", "writeOnly"}))


def _default(who: Who, before: Any, after: Any) -> tuple[Severity, str, str] | None:
    if who == "readers":
        return None
    if before is ABSENT:
        return "wording", "default", f"has a default that was not documented before: {shorten_json(after)}"
    if after is ABSENT:
        return "may break", "default", "has no default any more: calls without it may mean something else"
    now, was = shorten_json(after), shorten_json(before)
    said = f"has another default: {now}, was {was}: calls without it mean something else"
    return "may break", "default", said


def _read_only(who: Who, before: Any, after: Any) -> tuple[Severity, str, str] | None:
    if who == "readers" or bool(_to_value(before)) == bool(_to_value(after)):
        return None
    return (
        ("may break", "read-only", "is not to be sent any more")
        if _to_value(after)
        else ("addition", "read-only", "may be sent now")
    )


def _write_only(who: Who, before: Any, after: Any) -> tuple[Severity, str, str] | None:
    if who == "callers" or bool(_to_value(before)) == bool(_to_value(after)):
        return None
    return (
        ("may break", "write-only", "is not answered any more")
        if _to_value(after)
        else ("addition", "write-only", "is answered now")
    )


def _to_value(value: Any) -> Any:
    return None if value is ABSENT else value


_MARKS: dict[str, Callable[[Who, Any, Any], tuple[Severity, str, str] | None]] = {
    "default": _default, "readOnly": _read_only, "writeOnly": _write_only,
}  # fmt: skip


def _text_apart(old: Any, new: Any) -> tuple[Any, Any] | None:
    """Return the first pair of schemas in the same place whose texts differ, or None."""
    for a, b, _ in walk_alongside(old, new, ""):
        if any(not is_same(a.get(key, ABSENT), b.get(key, ABSENT)) for key in _WORDS):
            return a, b
    return None
