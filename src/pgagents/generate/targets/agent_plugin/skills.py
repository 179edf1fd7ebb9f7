"""Skills of the Agent Plugin: a folder for each, with its SKILL.md."""

from __future__ import annotations

from pgagents.generate.skills.skill import make_skills
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return one skill about all tools, and one for each task of a user."""
    listing = model.surfaces["openai"].listing
    assert listing is not None
    made = make_skills(model, listing)
    return View({}, made.losses, made.notes, several=made.contexts)


TARGET = Target(
    "Skills of the Agent Plugin",
    ("agent_plugin/skills/*/SKILL.md",),
    view,
    surface="mcp",
    part="surfaces.openai.listing",
    lists_actions=False,
)
