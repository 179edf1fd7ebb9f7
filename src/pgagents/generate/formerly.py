"""Names that actions had before: until its day, each is offered beside the new one wherever a name alone says what is called.

A list of functions gets a second function, and a dispatcher takes a second value; an OpenAPI document cannot, because a method
and a path have one operation. Nothing here depends on today: a name is offered until its line is taken out of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgagents.generate.target import Loss
from pgagents.model.action import Action, Former, Texts
from pgagents.model.model import Dispatcher, Surface
from pgagents.source.origin import Text

MOST = 900
"""So many characters of a new name's description go into that of an old one, so that both fit where one does."""


def called(surface: Surface, action: Action) -> Text:
    """The action's name on the surface."""
    own = action.texts.get(surface.name)
    return Text(own.name, (*action.origin, "texts", surface.name, "name")) if own and own.name else action.name


def offered(surface: Surface) -> tuple[Action, ...]:
    """What a list of functions holds: each action, and right behind it the same under every name that it had before."""
    if not any(action.formerly for action in surface.actions):
        return surface.actions
    return tuple(one for action in surface.actions for one in (action, *_aliases(surface, action)))


def named(surface: Surface) -> dict[str, Action]:
    """The surface's actions by every name that it offers them under, the names of today first."""
    found = {str(called(surface, action)): action for action in surface.actions}
    for alias in offered(surface):
        if alias.alias_of is not None:
            found.setdefault(str(alias.name), alias.alias_of)
    return found


def actions_by_name(dispatcher: Dispatcher) -> dict[str, Action]:
    """The actions by every value that the dispatcher's selector takes, each old name right behind the new one."""
    return {name: action for action in dispatcher.actions for name in (action.name, *(f.name for f in action.formerly))}


def unnamed(actions: Iterable[Action]) -> Iterator[Loss]:
    """The old names that a document of operations has no place for; an operation whose id did not change has none."""
    for action in actions:
        for former in action.formerly:
            if former.operation_id != action.operation_id:
                said = f"a path has one operation: the old name `{former.operation_id}` is not offered here"
                yield Loss(former.origin, f"former name {former.name} until {former.until}", "dropped", said)


def describe_deprecation(former: Former, new: str) -> str:
    """What a model is told first of a function that is to go."""
    return f"Deprecated until {former.until}: use {new}."


def noted(actions: Iterable[Action], *, operations: bool = False) -> list[str]:
    """Each old name with the new one, in words: as operations' ids, or as names."""
    found = []
    for action in actions:
        for former in action.formerly:
            old, new = (former.operation_id, action.operation_id) if operations else (former.name, action.name)
            if old != new:
                found.append(f"{old} is the old name of {new}, good until {former.until}")
    return found


def _aliases(surface: Surface, action: Action) -> Iterator[Action]:
    """The action as its old names offer it. One that the surface has kept for it is no old name there."""
    new = called(surface, action)
    for former in action.formerly:
        if former.name != new:
            title, text = surface.text(action, "title"), surface.text(action, "description")
            own = replace(action.texts.get(surface.name, Texts()), name=None, title=None, description=None)
            yield replace(
                action,
                name=former.name,
                operation_id=Text(former.operation_id, former.origin),
                title=Text(f"{title} (old name)", former.origin),
                description=Text(f"{describe_deprecation(former, new)} {_short(text)}", former.origin),
                texts={**action.texts, surface.name: own},
                formerly=(),
                deprecated=False,
                alias_of=action,
            )


def _short(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1].rstrip()}…"
