"""The codes of errors, each with its status and its place in answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgagents.cel.expression import Expression
from pgagents.source.origin import Text
from pgagents.source.source import Pointer

if TYPE_CHECKING:
    from pgagents.model.action import ActionCall


@dataclass(frozen=True, slots=True)
class Code:
    """An error code with its one status.

    `envelope` names the schema of its body; empty if bodies are open.
    """

    name: str
    status: int
    meaning: Text
    envelope: str
    only: tuple[str, ...] | None
    cite: tuple[str, ...]
    origin: Pointer
    provoked_by: Mapping[str, ActionCall] = field(default_factory=dict)
    """By action name, the operator's call after which the next call of that action fails with this code."""
    wire: str | int | None = None
    """The code's value in answers, if that is not its name."""
    code_at: str | None = None
    """The dotted path of the code's value in the body; None if the status alone identifies the code."""
    message_at: str | None = None
    """The path of the message for a person; None if there is none."""
    content_type: str = "application/json"
    """The media type of the error's body; empty if any type is allowed."""
    when: Expression | None = None
    """The condition on the arguments that a call must meet to get this error; None if any call may get it."""
    inferred: bool = False
    """True if the imported document does not name this error.

    Another refusal in its place is odd, not broken.
    """

    @property
    def value(self) -> str | int:
        """The code's value in answers."""
        return self.name if self.wire is None else self.wire

    @property
    def shown(self) -> str:
        """The code's value in answers as a text; empty if its status alone identifies it."""
        return str(self.value) if self.code_at is not None else ""
