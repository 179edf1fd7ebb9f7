"""The context file of a Gemini CLI extension: its skills, one after the other."""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.skills import make_skills
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the skills."""
    listing = model.surfaces["gemini"].listing
    assert listing is not None
    made = make_skills(model, listing)
    return View({"skills": made.skills}, made.losses, made.notes)


TARGET = Target(
    "Context of the Gemini CLI extension",
    ("gemini_cli/GEMINI.md",),
    view,
    surface="mcp",
    part="surfaces.gemini.listing",
    lists_actions=False,
    for_models=True,
)
