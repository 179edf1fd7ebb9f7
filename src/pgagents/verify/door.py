"""Doors: an action on a surface that really exists on the wire, REST or a dispatcher."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.model import Action, Dispatcher, Model, Param

REST = "rest"
FRAMEWORK = "framework"


@dataclass(frozen=True, slots=True)
class Door:
    """One action on one wire surface; `dispatcher` is None on REST. `place` is the tail of its contracts' ids."""

    action: Action
    surface: str
    dispatcher: Dispatcher | None
    place: str

    @property
    def params(self) -> tuple[Param, ...]:
        """The arguments that can be given through this door."""
        return self.action.params

    @property
    def success_status(self) -> int:
        """The status of a first success here: a dispatcher always answers 200."""
        return self.action.success.status if self.dispatcher is None else 200

    @property
    def method(self) -> str:
        """The method as sent."""
        return self.action.method if self.dispatcher is None else self.dispatcher.method

    @property
    def path(self) -> str:
        """The path template as sent."""
        return str(self.action.path if self.dispatcher is None else self.dispatcher.path)


def doors(model: Model) -> list[Door]:
    """All doors, REST first, in the catalogue's order."""
    rest = model.surfaces.get(REST)
    actions = rest.actions if rest else model.actions
    found = [Door(a, REST, None, f"{a.name}@{REST}") for a in actions]
    for dispatcher in model.dispatchers:
        found += [Door(a, dispatcher.surface, dispatcher, f"{a.name}@{dispatcher.surface}") for a in dispatcher.actions]
    return found


def wire_surfaces(model: Model) -> list[str]:
    """Names of the surfaces on the wire."""
    return [REST, *(d.surface for d in model.dispatchers)]


def framework_places(model: Model) -> list[str]:
    """The tails of contracts about answers that no action gives, one a surface."""
    return [f"{FRAMEWORK}@{s}" for s in wire_surfaces(model)]
