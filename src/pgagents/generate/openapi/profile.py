"""Profiles of the OpenAPI documents that are made from one catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.model.credential import Credential
from pgagents.model.model import Model
from pgagents.model.surface import Dispatcher, Surface

Alternatives = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The operations of an OpenAPI document, and the parts it shows of each.

    If `surface` is None, it has the whole API. `complete` adds headers, narrowed error envelopes, OAuth,
    cookies and typed dispatcher responses. Documents for assistants lack these. `consequential` marks
    operations that an assistant must confirm with a person.
    """

    version: str
    surface: Surface | None
    complete: bool
    header_params: bool
    examples: bool
    consequential: bool
    schemes: tuple[str, ...] | None = None
    """The credentials that the document offers; None for all."""

    @property
    def json_errors(self) -> bool:
        """True if the document shows error bodies only of type `application/json`, as Copilot's does."""
        return self.version.startswith("3.0")

    def actions(self, model: Model) -> tuple[Action, ...]:
        """Return the actions that have their own operations.

        A document for an assistant has only the API's own server, because the key is sent to no other one.
        """
        offered = self.surface.actions if self.surface else model.actions
        return tuple(a for a in offered if a.on_rest and (self.complete or a.server is None))

    def actions_apart(self, model: Model) -> tuple[Action, ...]:
        """Return the actions on other servers that the document lacks, and that none of its dispatchers
        offers.
        """
        offered = self.surface.actions if self.surface else model.actions
        shown = {str(a.name) for d in self.dispatchers(model) for a in d.actions}
        return tuple(
            a for a in offered if a.server is not None and not self.complete and str(a.name) not in shown
        )

    def actions_elsewhere(self, model: Model) -> tuple[Action, ...]:
        """Return the actions that cannot be called through any operation of the document."""
        offered = self.surface.actions if self.surface else model.actions
        shown = {str(a.name) for d in self.dispatchers(model) for a in d.actions}
        return tuple(a for a in offered if not a.on_rest and str(a.name) not in shown)

    def dispatchers(self, model: Model) -> tuple[Dispatcher, ...]:
        """Return the dispatchers that the document offers besides its actions."""
        return model.dispatchers if self.surface is None or self.surface.dispatcher else ()

    def credentials(self, model: Model) -> dict[str, Credential]:
        """Return the credentials that the document describes, by scheme."""
        return {n: c for n, c in model.credentials.items() if self.schemes is None or n in self.schemes}

    def security(self, alternatives: Alternatives) -> Alternatives:
        """Return the alternatives that the document's credentials satisfy.

        A document for one host has at most one, because hosts do not choose. It is never the one without a
        key.
        """
        if self.schemes is None:
            return alternatives
        return tuple(one for one in alternatives if one and set(one) <= set(self.schemes))[:1]

    def params(self, action: Action) -> tuple[Param, ...]:
        """Return the action's arguments that the document offers."""
        offered = self.surface.params(action) if self.surface else action.params
        lost = {"header": not self.header_params, "cookie": not self.complete}
        return tuple(param for param in offered if not lost.get(param.place))

    def text(self, action: Action, what: str) -> str:
        """Return the action's title or description in the surface's wording."""
        own = action.texts.get(self.surface.name) if self.surface else None
        chosen: str = (getattr(own, what) if own else None) or getattr(action, what)
        return chosen

    def param_text(self, action: Action, param: Param) -> str:
        """Return the argument's description in the surface's wording."""
        return self.surface.param_text(action, param) if self.surface else param.description
