"""Make a target whose document is a list of function tools, from a vendor's dialect and limits."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.generate.formerly import list_offered
from pgagents.generate.functions import Function, functions
from pgagents.generate.lower.dialect import Dialect
from pgagents.generate.strict import Budget, strict_tools
from pgagents.generate.target import Note, Target, View
from pgagents.model.model import Model
from pgagents.model.surface import Surface

USUAL_MOST = 128
"""The most tools that most vendors accept. It also counts for a vendor that names no limit."""


def tool_list(
    title: str,
    output: str,
    surface: str,
    dialect: Dialect,
    *,
    limited_by: str = "",
    most: int = USUAL_MOST,
    answers: bool = False,
    member: str = "tools",
    strict: tuple[Dialect, Budget] | None = None,
) -> Target:
    """Make a target that offers a surface's actions as tools; the template gets them as `member`.

    `limited_by` is the name of a vendor that takes `most` tools; empty if it names no number. `answers` is
    true if the format has a place for the answer's schema. `strict` are the dialect of strict tools and their
    limits, for a list that marks each tool as strict or not.
    """

    def view(model: Model) -> View:
        offered = model.surfaces[surface]
        notes = _too_many(offered, most, limited_by) if limited_by else ()
        if strict is None:
            tools, losses = functions(model, offered, dialect, answers=answers)
            if dialect.additional == "drop":
                notes = (*notes, *_list_unsendable(offered, tools, limited_by or title))
            return View({member: tools}, losses, notes)
        marked, losses = strict_tools(model, offered, strict[0], dialect, strict[1])
        return View({member: marked}, losses, notes)

    return Target(title, (output,), view, surface=surface, for_models=True, most_actions=most)


def _list_unsendable(surface: Surface, tools: tuple[Function, ...], vendor: str) -> Iterator[Note]:
    """Yield a note for each required argument that its function lacks, so that every call of it fails."""
    for action, tool in zip(list_offered(surface), tools, strict=True):
        members = tool.parameters.get("properties", {})
        for param in surface.params(action) if action.alias_of is None else ():
            if param.required and param.place != "header" and param.name not in members:
                yield Note(
                    param.origin,
                    f"{tool.name} requires `{param.name}`, which {vendor} cannot send",
                    f"take {action.name} off `surfaces.{surface.name}`, or do not require the argument",
                )


def _too_many(surface: Surface, most: int, vendor: str) -> tuple[Note, ...]:
    """Return a note if the surface has more actions, including former names, than the vendor accepts
    tools.
    """
    count = len(list_offered(surface))
    if count <= most:
        return ()
    at = (*surface.origin, "actions")
    return (
        Note(
            at,
            f"{count} tools; {vendor} takes at most {most}",
            f"offer fewer actions on `surfaces.{surface.name}`",
        ),
    )
