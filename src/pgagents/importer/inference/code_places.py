"""Find in error bodies the member that holds the code, and the member with the message for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.importer.reading.names import is_name
from pgagents.importer.schemas.schemas import Schemas

Path = tuple[str, ...]

MAX_DEPTH = 8
MAX_STEPS = 200_000
_CODE_MEMBERS = ("code", "kind", "type", "error", "error_code", "errorCode")
"""Members that may hold a code of any form. In other members only a text that could be a name is a code."""


class CodePlaces:
    """Finds the places of codes and messages in the schemas of error bodies."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.steps = 0

    def find_common(self, bodies: Sequence[tuple[int, dict[str, Any] | None]]) -> Path | None:
        """Return the path of the enumerated code in all error bodies, each given with its status.

        None if some body has no such code, or if a code has several statuses.
        """
        known = [dict(self.list_codes(body)) for _, body in bodies if body is not None]
        if not known or len(known) != len(bodies):
            return None
        places = set(known[0]).intersection(*known[1:])
        for place in sorted(places, key=lambda p: (p[-1] not in _CODE_MEMBERS, len(p), p)):
            status_of: dict[str | int, int] = {}
            pairs = [
                (code, status)
                for (status, _), enums in zip(bodies, known, strict=True)
                for code in enums[place]
            ]
            named = place[-1] in _CODE_MEMBERS or all(isinstance(c, str) and is_name(c) for c, _ in pairs)
            if named and all(status_of.setdefault(code, status) == status for code, status in pairs):
                return place
        return None

    def find_most_common(self, bodies: list[dict[str, Any] | None]) -> tuple[Path, list[Path | None]] | None:
        """Return the place that holds the code in most bodies, and the code's place in each body.

        Return None if a body has no enumerated code, or if no place occurs in most bodies.
        """
        own: list[Path | None] = []
        for body in bodies:
            places = [p for p, _ in self.list_codes(body or {}) if p[-1] in _CODE_MEMBERS]
            own.append(min(places, key=lambda p: (len(p), p), default=None))
        (place, count), *_ = Counter(own).most_common(1) or [(None, 0)]
        return (place, own) if place is not None and None not in own and 2 * count > len(own) else None

    def list_codes(
        self, schema: dict[str, Any], at: Path = (), depth: int = 0, seen: frozenset[str] = frozenset()
    ) -> Iterator[tuple[Path, list[str | int]]]:
        """Yield the path and values of every member whose value is an enumerated text or integer."""
        self.steps += 1
        if depth > MAX_DEPTH or not isinstance(schema, dict) or self.steps > MAX_STEPS:
            return
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if (
            at
            and isinstance(values, list)
            and values
            and all(type(v) in (str, int) and v != "" for v in values)
        ):
            yield at, values
        for name, member in (schema.get("properties") or {}).items():
            yield from self.list_codes(member, (*at, name), depth + 1, seen)
        ref = schema.get("$ref")
        if isinstance(ref, str) and ref not in seen:
            while self.schemas.pending and not self.schemas.named.get(ref):
                name, found = self.schemas.pending.popleft()
                self.schemas.named[name] = self.schemas.convert(found, ("schemas", name))
            yield from self.list_codes(self.schemas.named.get(ref, {}), at, depth + 1, seen | {ref})
        for branch in schema.get("allOf") or ():
            yield from self.list_codes(branch, at, depth + 1, seen)
        merged: dict[Path, list[str | int]] = {}
        for branch in [*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())]:
            for place, texts in self.list_codes(branch, at, depth + 1, seen):
                merged.setdefault(place, []).extend(texts)
        yield from merged.items()

    def is_listed(self, envelope: str, place: Path) -> bool:
        """Return whether the schema of error bodies lists the codes allowed at this place."""
        return any(found == place for found, _ in self.list_codes({"$ref": envelope}))

    def find_message(self, envelope: str) -> str | None:
        """Return the dotted path of the message in the bodies of a named schema; None if there is none."""
        schema = self.schemas.named.get(envelope, {})
        for place in (
            ("error", "message"),
            ("message",),
            ("detail",),
            ("error_description",),
            ("title",),
            ("msg",),
        ):
            inner: Any = schema
            for step in place:
                inner = (inner.get("properties") or {}).get(step) if isinstance(inner, dict) else None
            if isinstance(inner, dict) and inner.get("type") == "string":
                return ".".join(place)
        return None
