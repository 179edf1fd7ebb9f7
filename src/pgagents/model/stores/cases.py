"""The test cases that a store's reviewer tries with a plugin: prompts, and the expected result of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pgagents.cel.expression import Expression
from pgagents.model.action import Action
from pgagents.model.answers.error_code import Code
from pgagents.source.origin import Text
from pgagents.source.source import Pointer

if TYPE_CHECKING:
    from pgagents.model.model import Model

Kind = Literal["positive", "not_offered", "refused", "asks_first"]
CHECK = "listing_cases"
"""The check of verify that tests the cases."""
PLACE = "mcp"
"""The surface whose tools the cases call."""
_NOTHING = Text("")


@dataclass(frozen=True, slots=True)
class CaseCall:
    """One call of a case. Expressions refer to it by `name`; `arguments` may hold expressions."""

    name: str
    action: Action
    arguments: Mapping[str, Any]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. Its name is unique in its store.

    A positive case has `calls`, `expect` and `outcome`. A negative one has `words` (`not_offered`), one call
    and `code` (`refused`), or `action` (`asks_first`). `draft` is true while the prompt is only proposed.
    """

    store: str
    name: str
    kind: Kind
    prompt: Text
    description: Text
    draft: bool
    origin: Pointer
    outcome: Text = _NOTHING
    calls: tuple[CaseCall, ...] = ()
    expect: tuple[Expression, ...] = ()
    words: tuple[str, ...] = ()
    code: Code | None = None
    action: Action | None = None

    @property
    def contract(self) -> str:
        """The id of the case's contract in a report of verify."""
        return f"{CHECK}/{self.store}/{self.name}@{PLACE}"

    @property
    def is_positive(self) -> bool:
        """True if the assistant must answer the prompt."""
        return self.kind == "positive"

    @property
    def writes(self) -> bool:
        """True if the case must succeed and at least one of its calls writes."""
        return self.is_positive and any(call.action.effect == "write" for call in self.calls)

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions that the case calls or names, without repetition, in order."""
        named = (*(call.action for call in self.calls), *((self.action,) if self.action else ()))
        return tuple({action.name: action for action in named}.values())


@dataclass(frozen=True, slots=True)
class Cases:
    """The test cases of one store, in the order of the catalogue."""

    positive: tuple[Case, ...]
    negative: tuple[Case, ...]
    origin: Pointer

    def __iter__(self) -> Iterator[Case]:
        yield from self.positive
        yield from self.negative


def cases_of(model: Model, store: str) -> tuple[Case, ...]:
    """Return the test cases of a store, the positive ones first; none if it has none."""
    surface = model.surfaces.get(store)
    return tuple(surface.cases) if surface is not None and surface.cases is not None else ()


def list_cases(model: Model) -> Iterator[Case]:
    """Yield the test cases of every store, in the order of the catalogue."""
    for store in model.surfaces:
        yield from cases_of(model, store)
