"""The part of a plugin that a store gets: its listing, and the test cases that a reviewer tries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pgagents.base.cel.expression import Expression
from pgagents.base.places import Pointer, Text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model


@dataclass(frozen=True, slots=True)
class Translation:
    """The texts of a listing in another language. A text that the catalogue lacks is empty."""

    subtitle: Text
    description: Text


@dataclass(frozen=True, slots=True)
class Icon:
    """An author's own icon: its path in the catalogue, and the bytes of its file.

    `suffix` is the path's ending in lower case, such as `.png`. If the file was not read, `raw` is empty and
    `problem` says why. `large` is true if the file is longer than the bytes read.
    """

    path: Text
    suffix: str
    raw: bytes = b""
    problem: str = ""
    large: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The texts of a plugin's page in a store. Absent texts are empty.

    `id` is the package's name, `name` the one that people see. `summary` is the short text, `description` the
    long one. `skills` are names of workflows; None if the author chose none. `countries` is None if the
    catalogue does not say, and empty for all countries. `icon` is None if there is no icon, or if the
    catalogue was read without its folder.
    """

    store: str
    id: Text
    version: Text
    name: Text
    subtitle: Text
    summary: Text
    description: Text
    category: Text
    capabilities: tuple[Text, ...]
    keywords: tuple[Text, ...]
    starters: tuple[Text, ...]
    skills: tuple[Text, ...] | None
    developer: Text
    email: Text
    developer_url: Text
    website: Text
    support: Text
    privacy: Text
    terms: Text
    colour: Text
    colour_dark: Text
    icon: Icon | None
    license: Text
    release_notes: Text
    countries: tuple[Text, ...] | None
    demo: Text
    commerce: Text
    translations: Mapping[str, Translation]
    origin: Pointer


# -- test cases


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
