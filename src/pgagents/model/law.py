"""Laws and relations: conditions that hold within one call, and between two."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.cel.expression import Expression
from pgagents.cel.scope import Scope
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Law:
    """A condition that holds between a request and its response."""

    name: str
    that: Expression
    when: Expression | None
    cite: tuple[str, ...]
    origin: Pointer

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The law's condition, if it has one, and its claim."""
        return (self.that,) if self.when is None else (self.when, self.that)

    @property
    def names(self) -> frozenset[str]:
        """The variables that it reads."""
        return frozenset(name for part in self.parts for name in part.names)

    def applies(self, scope: Scope) -> bool:
        """True unless the law has a condition that is false in this scope. Raises ExpressionError."""
        return self.when is None or scope.holds(self.when)


@dataclass(frozen=True, slots=True)
class Relation:
    """A promise about two calls whose arguments differ only in `widen`.

    The wider answer must keep every item of the list `keeps`. An item of the wider answer for which `fits` is
    true must be in the narrower answer too. `by` is the member that tells items apart. The relation promises
    nothing where `unless` is true for the narrower call.
    """

    name: str
    widen: str
    keeps: Expression
    by: str
    unless: Expression | None
    cite: tuple[str, ...]
    origin: Pointer
    fits: Expression | None = None
