"""What distinguishes the OpenAPI documents made from one catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.model.action import Action, Param
from pgagents.model.model import Dispatcher, Model, Surface


@dataclass(frozen=True, slots=True)
class Profile:
    """Which operations a document has, and which of their parts.

    `surface` None is the whole API. `complete` brings headers, narrowed error envelopes, OAuth and typed dispatcher
    answers; a document for an assistant goes without. `consequential` marks what an assistant must ask a person about.
    """

    version: str
    surface: Surface | None
    complete: bool
    header_params: bool
    examples: bool
    consequential: bool

    def actions(self, model: Model) -> tuple[Action, ...]:
        """The actions that are operations of their own."""
        return self.surface.actions if self.surface else model.actions

    def dispatchers(self, model: Model) -> tuple[Dispatcher, ...]:
        """The dispatchers beside them."""
        return model.dispatchers if self.surface is None or self.surface.dispatcher else ()

    def params(self, action: Action) -> tuple[Param, ...]:
        """The action's arguments that the document offers."""
        offered = self.surface.params(action) if self.surface else action.params
        return offered if self.header_params else tuple(p for p in offered if p.place != "header")

    def text(self, action: Action, what: str) -> str:
        """The action's title or description, as the surface words it."""
        own = action.texts.get(self.surface.name) if self.surface else None
        chosen: str = (getattr(own, what) if own else None) or getattr(action, what)
        return chosen

    def param_text(self, action: Action, param: Param) -> str:
        """The argument's description, as the surface words it."""
        return self.surface.param_text(action, param) if self.surface else param.description
