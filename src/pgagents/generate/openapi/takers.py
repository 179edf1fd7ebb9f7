"""Choose the actions and arguments of an OpenAPI document for a vendor that sends plain JSON bodies only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgagents.encoding.medium import JSON, WHOLE, has_body, is_whole
from pgagents.generate.target import Loss
from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.model.surface import Surface

CHATGPT = "ChatGPT"
COPILOT = "Copilot"


def in_json(surface: Surface, who: str) -> tuple[Surface, list[Loss]]:
    """Return the surface with the actions that `who` can call, and a loss for each other action.

    Neither ChatGPT nor Copilot documents support for `style`, or for `content` of a parameter. So such
    arguments are left out.
    """
    kept: list[Action] = []
    lost: list[Loss] = []
    omit = {name: tuple(names) for name, names in surface.omit.items()}
    for action in surface.actions:
        if action.content_type != JSON and has_body(action):
            why = f"its body is {action.content_type}, and {who} sends {JSON} only"
            lost.append(_drop(action, (*action.origin, "content_type"), why))
            continue
        if is_whole(action):
            why = f"its body is no object with members, and {who} takes nothing else"
            lost.append(_drop(action, next(p.origin for p in action.params if p.place == WHOLE), why))
            continue
        styled = list(_styled(action))
        needed = next((p for p in styled if p.required), None)
        if needed is not None:
            lost.append(_drop(action, needed.origin, f"{who} has no {_form(needed)} for its `{needed.name}`"))
            continue
        kept.append(action)
        for param in styled:
            detail = f"{action.operation_id}: {who} has no {_form(param)} for it"
            lost.append(Loss(param.origin, f"argument {param.name}", "dropped", detail))
        if styled:
            omit[action.name] = (*omit.get(action.name, ()), *(str(p.name) for p in styled))
    return replace(surface, actions=tuple(kept), omit=omit), lost


def _drop(action: Action, origin: tuple[str | int, ...], why: str) -> Loss:
    return Loss(origin, f"action {action.name}", "dropped", why)


def _form(param: Param) -> str:
    """Return OpenAPI's word for the form in which an argument is sent."""
    return "`content`" if param.json else "`style`"


def _styled(action: Action) -> Iterator[Param]:
    """Yield the arguments that are sent as JSON, or as text in a style other than OpenAPI's default."""
    for param in action.params:
        if param.place == "query" and param.odd_style:
            yield param
