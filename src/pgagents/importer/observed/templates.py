"""Turn recorded paths into templates by finding the segments that are ids.

A segment is an id if it looks like one: a number, a UUID, a hash, `cus_9s6X`. It is also an id if its own
answer repeats it as an id, or any answer has it as `id`. Any other word, such as `search`, is part of the
template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from pgagents.importer.observed.har import Recorded
from pgagents.importer.reading.names import snake
from pgagents.text.nouns import singular

ENOUGH = 2
"""Number of values that answers must repeat, if the member's name does not identify it as an id."""
_ID = re.compile(
    r"\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,}|[0-9A-HJKMNP-TV-Z]{26}|[^@/]+@[^@/]+"
    r"|\d{4}-\d\d-\d\d.*|[A-Za-z]{1,12}[-_](?=[^/]*\d)[A-Za-z0-9_-]{4,}"
    r"|(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_=-]{16,}",
    re.I,
)
_VERSION = re.compile(r"v\d+(?:\.\d+)*|\d+\.\d+|\d{4}-\d\d(?:-\d\d)?", re.I)
_NAMES = re.compile(r"(?:.*[_-])?(?:id|uuid|slug|key|login|username|user|handle|email|code)|.*Id|name", re.A)
_OWN_ID = re.compile(r"id|uuid|slug|.*(?:_id|Id|_uuid|_slug)", re.A)
MOST_IDS, SHORTEST, LONGEST = 200_000, 3, 200
_INTEGER = re.compile(r"\d{1,15}")


class Templates:
    """The templates of all paths of a recording."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._split = {one.path: tuple(unquote(part) for part in one.path.split("/")[1:]) for one in recorded}
        known = _collect_ids(recorded)
        self._marked = {
            path: tuple(_has_shape(at, part) or (at > 0 and part in known) for at, part in enumerate(parts))
            for path, parts in self._split.items()
        }
        self._find_returned(recorded)

    def _find_returned(self, recorded: Sequence[Recorded]) -> None:
        """Mark segments that their answers repeat as ids, shorter paths first."""
        for at in range(1, max((len(s) for s in self._split.values()), default=0)):
            sure: set[tuple[tuple[str, ...], str]] = set()
            weak: dict[tuple[str, ...], set[str]] = {}
            for one in recorded:
                segments = self._split[one.path]
                if len(segments) <= at or self._marked[one.path][at] or not 200 <= one.status < 300:
                    continue
                before = self._before(one.path, at)
                returned = _is_returned(one.answer, segments[at]) if len(segments) == at + 1 else ""
                if returned == "id":
                    sure.add((before, segments[at]))
                elif returned:
                    weak.setdefault(before, set()).add(segments[at])
            sure |= {(k, value) for k, values in weak.items() if len(values) >= ENOUGH for value in values}
            for path, segments in self._split.items():
                if len(segments) > at and (self._before(path, at), segments[at]) in sure:
                    marked = self._marked[path]
                    self._marked[path] = (*marked[:at], True, *marked[at + 1 :])

    def _before(self, path: str, at: int) -> tuple[str, ...]:
        pairs = zip(self._split[path][:at], self._marked[path][:at], strict=True)
        return tuple("{}" if marked else segment for segment, marked in pairs)

    def find(self, path: str) -> tuple[str, dict[str, str]]:
        """Return the template of a path, and the values of its placeholders by name."""
        made, values = [], dict[str, str]()
        before = ""
        for segment, marked in zip(self._split[path], self._marked[path], strict=True):
            if not marked:
                made.append(segment)
                before = segment
                continue
            name = f"{singular(snake(before))}_id" if before else "id"
            while name in values:
                name += "_2"
            values[name] = segment
            made.append(f"{{{name}}}")
        return "/" + "/".join(made), values


def _collect_ids(recorded: Sequence[Recorded]) -> frozenset[str]:
    """Return all texts that successful answers have as ids, at any place."""
    found: set[str] = set()
    stack: list[Any] = [one.answer for one in recorded if 200 <= one.status < 300]
    while stack and len(found) < MOST_IDS:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, Mapping):
            stack += [member for member in value.values() if isinstance(member, Mapping | list)]
            texts = ((str(name), member) for name, member in value.items() if isinstance(member, str))
            found |= {
                text for name, text in texts if _OWN_ID.fullmatch(name) and SHORTEST <= len(text) <= LONGEST
            }
    return frozenset(found)


def _has_shape(at: int, segment: str) -> bool:
    """True if a segment looks like an id; a version at the beginning of a path does not."""
    if at < 2 and _VERSION.fullmatch(segment):
        return False
    return bool(_ID.fullmatch(segment))


def _is_returned(answer: Any, segment: str) -> str:
    """Return `id` if an answer has the segment as its id, `other` if in another member, otherwise empty."""
    objects = [answer] if isinstance(answer, Mapping) else []
    objects += [v for v in answer.values() if isinstance(v, Mapping)] if isinstance(answer, Mapping) else []
    names = [
        name for one in objects for name, v in one.items() if isinstance(v, str | int) and str(v) == segment
    ]
    if any(_NAMES.fullmatch(str(name)) for name in names):
        return "id"
    return "other" if names else ""


def describe_ids(values: Iterable[str]) -> dict[str, Any]:
    """Return the schema of a placeholder."""
    return {"type": "integer"} if all(_INTEGER.fullmatch(value) for value in values) else {"type": "string"}
