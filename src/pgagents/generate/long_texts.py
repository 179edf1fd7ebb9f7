"""Cut the texts of a document that are longer than a vendor takes, leave out tools that it refuses for
another reason, and list each as a loss.

A catalogue may lie over a document of others, whose author knew nothing of the vendor. Such a text ends at a
sentence on the vendor's surface alone, and such a tool is missing there alone. What the catalogue's own
author wrote is never changed: it stays an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.places import Node, Pointer, Text
from pgagents.base.text import fit
from pgagents.catalogue.model.action import Action, Texts
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.target import Loss

LEAST = 20
"""A text is not cut to fewer characters, as it would say nothing."""
_DESCRIPTION: Pointer = ("api", "for_people")
_TITLE: Pointer = ("api", "title")


@dataclass(frozen=True, slots=True)
class LongText:
    """A text of a vendor's document that has `length` characters and may have `most`.

    `target` is the document's id and `surface` the surface that it describes. `at` is the part of the
    catalogue that the text comes from; the document may add sentences to it.
    """

    target: str
    surface: str
    at: Pointer
    length: int
    most: int


@dataclass(frozen=True, slots=True)
class RefusedTool:
    """An action that a vendor's document cannot have, and why. `target` is the document's id."""

    target: str
    surface: str
    action: str
    why: str


Cuts = Mapping[str, tuple[Loss, ...]]
"""Losses by the id of the document whose text was cut, or that lacks a tool."""


def leave_out(model: Model, found: Sequence[RefusedTool]) -> tuple[Model, Cuts]:
    """Return the model without these actions on these surfaces, and what that lost.

    A surface on which nothing would be left stays as it is.
    """
    surfaces = dict(model.surfaces)
    cuts: dict[str, tuple[Loss, ...]] = {}
    for name in dict.fromkeys(one.surface for one in found):
        refused = {one.action: one for one in found if one.surface == name}
        kept = tuple(action for action in surfaces[name].actions if str(action.name) not in refused)
        if not kept:
            continue
        gone = [action for action in surfaces[name].actions if str(action.name) in refused]
        surfaces[name] = replace(surfaces[name], actions=kept)
        for action in gone:
            one = refused[str(action.name)]
            why = f"the vendor refuses it: {one.why}"
            lost = Loss(action.origin, f"action {action.name}", "dropped", why, gone="action")
            cuts[one.target] = (*cuts.get(one.target, ()), lost)
    return (replace(model, surfaces=surfaces) if cuts else model), cuts


def for_surface(model: Model, name: str | None) -> Model:
    """Return the model as a surface shows it: with schemas of its own, if texts in them were cut."""
    surface = model.surfaces.get(name or "")
    return model if surface is None or surface.schemas is None else replace(model, schemas=surface.schemas)


def cut_texts(model: Model, found: Sequence[LongText]) -> tuple[Model, Cuts]:
    """Return the model with shorter texts on the surfaces of these documents, and what that lost.

    Both are as before if no text can be cut.
    """
    surfaces = dict(model.surfaces)
    cuts: dict[str, tuple[Loss, ...]] = {}
    longest: dict[tuple[str, Pointer], LongText] = {}
    for one in found:
        known = longest.get((one.surface, one.at))
        if known is None or one.length - one.most > known.length - known.most:
            longest[one.surface, one.at] = one
    for one in longest.values():
        surface = surfaces[one.surface]
        text = _find_text(model, surface, one.at)
        most = len(text) - (one.length - one.most)
        if not text or most < LEAST:
            continue
        surfaces[one.surface] = _replace_text(model, surface, one.at, fit(text, most))
        said = f"text of {one.length:,} characters"
        loss = Loss(one.at, said, "dropped", f"cut at a sentence: at most {one.most:,} are taken")
        for id in dict.fromkeys(o.target for o in found if (o.surface, o.at) == (one.surface, one.at)):
            cuts[id] = (*cuts.get(id, ()), loss)
    return (replace(model, surfaces=surfaces) if cuts else model), cuts


def join_cuts(first: Cuts, second: Cuts) -> Cuts:
    """Return the losses of both, for each document once and for each text the last."""
    joined = {id: {loss.origin: loss for loss in losses} for id, losses in first.items()}
    for id, losses in second.items():
        joined.setdefault(id, {}).update((loss.origin, loss) for loss in losses)
    return {id: tuple(losses.values()) for id, losses in joined.items()}


def _find_text(model: Model, surface: Surface, at: Pointer) -> str:
    """Return the text on the surface that a part of the catalogue gives; empty for a part without one."""
    if at == _DESCRIPTION:
        return str(surface.description or model.text("api", "for_people"))
    if at == _TITLE:
        return str(surface.human_name or model.text("api", "title"))
    action = _find_action(surface.actions, at)
    if action is None:
        inside = _list_inside(model, surface, at)
        return next((text for value in inside for text in _list_texts(value, at)), "")
    if len(at) == 3:
        return str(surface.text(action, "title" if at[2] == "title" else "description"))
    param = next((one for one in action.params if one.catalogue_name == at[3]), None)
    return surface.param_text(action, param) if param is not None and _is_of_argument(at) else ""


def _list_inside(model: Model, surface: Surface, at: Pointer) -> list[Any]:
    """Return the schemas of a surface in which a text stands that has no wording for one surface."""
    if at[:1] == ("schemas",) and len(at) > 1:
        named = model.schemas if surface.schemas is None else surface.schemas
        return [named[str(at[1])]] if str(at[1]) in named else []
    several = [one for one in surface.actions if at[:1] == ("actions",) and one.name == at[1]]
    return [
        *(p.schema for one in several for p in one.params),
        *(o.schema for one in several for o in one.outputs),
    ]


def _list_texts(value: Any, at: Pointer) -> Iterator[str]:
    """Yield the descriptions at a place inside a schema."""
    if _describes(value, at):
        yield value["description"]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for member in members:
        yield from _list_texts(member, at)


def _replace_inside(value: Any, at: Pointer, text: Text) -> Any:
    """Return a schema with another description at a place inside it."""
    if isinstance(value, list):
        return [_replace_inside(one, at, text) for one in value]
    if not isinstance(value, Mapping):
        return value
    made = {key: _replace_inside(member, at, text) for key, member in value.items()}
    if _describes(value, at):
        made["description"] = text
    return Node(made, origin=value.origin) if isinstance(value, Node) else made


def _describes(value: Any, at: Pointer) -> bool:
    return (
        isinstance(value, Node)
        and at in (value.origin, (*value.origin, "description"))
        and isinstance(value.get("description"), str)
    )


def _replace_text(model: Model, surface: Surface, at: Pointer, text: str) -> Surface:
    """Return the surface with another text of its own."""
    written = Text(text, at)
    if at == _DESCRIPTION:
        return replace(surface, description=written)
    if at == _TITLE:
        return replace(surface, human_name=written)
    if at[:1] == ("schemas",):
        named = model.schemas if surface.schemas is None else surface.schemas
        return replace(
            surface, schemas={**named, str(at[1]): _replace_inside(named[str(at[1])], at, written)}
        )
    action = _find_action(surface.actions, at)
    if action is None:
        action = next(one for one in surface.actions if one.name == at[1])
        changed = replace(
            action,
            params=tuple(replace(p, schema=_replace_inside(p.schema, at, written)) for p in action.params),
            outputs=tuple(replace(o, schema=_replace_inside(o.schema, at, written)) for o in action.outputs),
        )
        return replace(surface, actions=tuple(changed if one is action else one for one in surface.actions))
    texts = action.texts.get(surface.name, Texts())
    if _is_of_argument(at):
        texts = replace(texts, params={**texts.params, str(at[3]): written})
    elif at[2] == "title":
        texts = replace(texts, title=written)
    else:
        texts = replace(texts, description=written)
    changed = replace(action, texts={**action.texts, surface.name: texts})
    return replace(surface, actions=tuple(changed if one is action else one for one in surface.actions))


def _is_of_argument(at: Pointer) -> bool:
    return len(at) in (4, 5) and at[2] == "input" and at[4:] in ((), ("description",))


def _find_action(actions: Iterable[Action], at: Pointer) -> Action | None:
    """Return the action that a text belongs to, if a surface can have its own one."""
    if at[:1] != ("actions",) or not (at[2:] in (("title",), ("description",)) or _is_of_argument(at)):
        return None
    return next((action for action in actions if action.name == at[1]), None)
