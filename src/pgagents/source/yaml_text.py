"""Read a YAML text as data with the place of every value, from libyaml's events.

PyYAML's own resolver reads `no`, `12:30` and `010` by YAML 1.1 (False, 750, 8). So only libyaml's events are
used, and `text.scalar` interprets scalars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pgagents.source.source import Place, Pointer, Problem, Span, name_place, span_at
from pgagents.text.brief import brief
from pgagents.text.scalar import scalar

MAX_DEPTH = 100
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
    anchor: str | None = None


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
                            event.start_mark, "many-documents", "a second document begins; a file holds one"
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
                self.problems.append(Problem(span, "too-deep", TOO_DEEP))
                return nothing
            self.problems.append(Problem(span, "syntax", f"not valid YAML: {problem}", self._advice(span)))
            return nothing
        return self.result or nothing

    def _advice(self, span: Span) -> str:
        line = (self.text.split("\n")[span.line - 1 : span.line] or [""])[0]
        return "indent with blanks: YAML takes no tabs" if "\t" in line[: span.column] else ""

    def _unreadable(self, error: Exception) -> Span:
        """Return the place of an encoding error, whose position libyaml counts in bytes of UTF-8."""
        position = int(getattr(error, "position", 0) or 0)
        return span_at(self.file, self.text, len(self.text.encode()[:position].decode("utf-8", "ignore")))

    @staticmethod
    def _at(mark: Any) -> tuple[int, int]:
        return mark.line, mark.column

    def _report(self, mark: Any, id: str, message: str, help: str = "") -> None:
        pointer = name_place(self.text, mark.line, self._steps())
        span = Span(self.file, mark.line + 1, mark.column + 1, pointer)
        self.problems.append(Problem(span, id, message, help))
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
        if event.tag is not None and not plain:
            self._report(event.start_mark, "tag", f"tag `{brief(event.tag)}` is not allowed", "remove it")

    def _alias(self, event: Any) -> None:
        top = self.stack[-1] if self.stack else None
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
            self.problems.append(Problem(Span(self.file, line + 1, column + 1), "too-many", message))
            raise _Stop
        if top is not None:
            top.weight += weight
        if top is not None and top.key == "<<" and isinstance(value, dict) and isinstance(top.data, dict):
            children = top.place.children or {}
            for key in [key for key in value if key not in top.data]:
                top.data[key] = value[key]
                children[key] = (place.children or {})[key]
                top.merged.add(key)
            top.has_key = False
            return
        made = self._put(value, self._at(event.start_mark))
        made.children = place.children

    def _open(self, event: Any, data: dict[Any, Any] | list[Any]) -> None:
        self._tags(event, event.implicit)
        at = self._at(event.start_mark)
        if len(self.stack) >= MAX_DEPTH:
            self._report(event.start_mark, "too-deep", TOO_DEEP)
            raise _Stop
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.data, dict) and not top.has_key:
            self._report(event.start_mark, "key", "a key must be text or a whole number, not a collection")
            raise _Stop
        place = self._put(data, at)
        place.children = {}
        self.stack.append(_Open(data, place, anchor=event.anchor))
        if event.anchor is not None:
            self.anchors[event.anchor] = (data, place, 0)

    def _close(self) -> None:
        closed = self.stack.pop()
        if self.stack:
            self.stack[-1].weight += closed.weight
        if closed.anchor is not None:
            self.anchors[closed.anchor] = (closed.data, closed.place, closed.weight)

    def _scalar(self, event: Any) -> None:
        plain = event.implicit[0]
        if event.tag is not None or event.anchor is not None:
            self._tags(event, plain or event.implicit[1])
        value, wrong = scalar(event.value) if plain else (event.value, "")
        if wrong:
            self._report(event.start_mark, "number", wrong)
        at = self._at(event.start_mark)
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.data, dict) and not top.has_key:
            self._key(top, event, event.value if self.foreign else value, at)
        else:
            place = self._put(value, at)
            weight = 1 + len(event.value) // _TEXT_WEIGHT
            if top is not None:
                top.weight += weight
            if event.anchor is not None:
                self.anchors[event.anchor] = (value, place, weight)

    def _key(self, top: _Open, event: Any, value: Any, at: tuple[int, int]) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            value = event.value
        top.key, top.key_at, top.has_key, top.skip = value, at, True, False
        if value == "<<" and event.implicit[0] and self.foreign:
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
            self.problems.append(Problem(Span(self.file, at[0] + 1, at[1] + 1), "too-many", message))
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
