"""Flatten a schema: replace references by their targets and intersect `allOf`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.generate.lower.dialect import Dialect
from pgagents.generate.lower.extent import MAX_NODES
from pgagents.generate.lower.losses import Losses
from pgagents.jsonschema.direction import find_written_name
from pgagents.jsonschema.intersect import Flat, intersect
from pgagents.jsonschema.schema import REF
from pgagents.source.origin import origin_of
from pgagents.source.source import Pointer

Stack = tuple[str, ...]
"""Names of the schemas that contain the current one, outermost first."""


class Flattening:
    """Flatten schemas as far as one dialect needs, at most `depth` references deep."""

    def __init__(
        self, schemas: Mapping[str, Any], dialect: Dialect, losses: Losses, depth: int | None = None
    ) -> None:
        self.schemas = schemas
        self.dialect = dialect
        self.losses = losses
        self.depth = depth

    def flat(self, raw: Mapping[str, Any], origin: Pointer, stack: Stack) -> tuple[Flat, Stack] | None:
        """Return the flat schema and the names of the schemas that now contain it.

        None if it contains itself without end, is nested too deep, or refers to an unknown schema.
        """
        own = Flat({k: v for k, v in raw.items() if k != "$ref"}, origin, getattr(raw, "places", None))
        if "$ref" in raw:
            name = str(raw["$ref"])[len(REF) :]
            written = find_written_name(name)
            if name not in self.schemas:  # in no catalogue that was loaded
                self.losses.add(origin, "schema", written, "dropped", "there is no schema of this name")
                return None
            if stack.count(name) >= self.dialect.unroll:
                self.losses.add(origin, "schema", written, "dropped", "it contains itself")
                return None
            if self.depth is not None and len(stack) >= self.depth:
                why = f"written out to the end the whole would hold more than {MAX_NODES:,} schemas"
                self.losses.add(origin, "schema", written, "dropped", why)
                return None
            behind = self.flat(self.schemas[name], ("schemas", written), (*stack, name))
            if behind is None:
                return None
            own, stack = self.both(behind[0], own), behind[1]
        if "allOf" in own and not self.dialect.all_of:
            parts = own.pop("allOf")
            place = own.place("allOf")
            for index, part in enumerate(parts):
                inner = self.flat(part, origin_of(part) or (*place, index), stack)
                if inner is None:
                    return None
                own, stack = self.both(inner[0], own), inner[1]
        return own, stack

    def both(self, inner: Flat, outer: Flat) -> Flat:
        """Intersect two schemas.

        If one schema cannot express both, `outer` is widened and the loss is recorded.
        """
        if not inner:
            return outer
        both, lost = intersect(inner, outer)
        for keyword, place, value in lost:
            self.losses.add(place, keyword, value, "widened", "one schema cannot say both")
        return both
