"""Cut the texts of a document that are longer than a vendor takes, and list each as a loss.

A catalogue may lie over a document of others, whose author knew nothing of the vendor. Such a text ends at a
sentence on the vendor's surface alone. A text of the catalogue's own author is never cut: it stays an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pgagents.base.places import Pointer, Text
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


Cuts = Mapping[str, tuple[Loss, ...]]
"""Losses by the id of the document whose text was cut."""


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
        surfaces[one.surface] = _replace_text(surface, one.at, fit(text, most))
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
        return ""
    if len(at) == 3:
        return str(surface.text(action, "title" if at[2] == "title" else "description"))
    param = next((one for one in action.params if one.catalogue_name == at[3]), None)
    return surface.param_text(action, param) if param is not None and _is_of_argument(at) else ""


def _replace_text(surface: Surface, at: Pointer, text: str) -> Surface:
    """Return the surface with another text of its own."""
    written = Text(text, at)
    if at == _DESCRIPTION:
        return replace(surface, description=written)
    if at == _TITLE:
        return replace(surface, human_name=written)
    action = _find_action(surface.actions, at)
    assert action is not None
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
