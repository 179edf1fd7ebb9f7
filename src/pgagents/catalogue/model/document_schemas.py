"""Hold the document's own schemas of an action for a model that lies over a document.

The catalogue's language carries most of a request's schema and not all of it. A verdict on a value rests on
the whole: see `base/jsonschema/readings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pgagents.base.jsonschema.readings import Readings


@dataclass(frozen=True, slots=True, eq=False)
class DocumentRequest:
    """The schemas of one operation's request: its body as a whole, and each parameter by place and name.

    `body` is None if the document describes none, or one that is neither JSON nor a form.
    """

    body: Readings | None = None
    needs_body: bool = False
    params: Mapping[tuple[str, str], Readings] = field(default_factory=dict)
    required: frozenset[tuple[str, str]] = frozenset()
    fitted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The arguments that a run found to be allowed together, by the example that they follow."""

    @property
    def gaps(self) -> tuple[str, ...]:
        """The parts of these schemas that could not be held."""
        every = [*([self.body] if self.body is not None else []), *self.params.values()]
        return tuple(dict.fromkeys(gap for readings in every for gap in readings.gaps))


class DocumentSchemas(Protocol):
    """Finds the document's own schemas of an action by its name."""

    def find_request(self, action: str) -> DocumentRequest | None:
        """Return the schemas of an action's request; None if the author replaced a part of them."""

    def find_answer(self, action: str, status: int) -> Readings | None:
        """Return the schema of an answer's JSON body; None if the document has none."""
