"""Make the target for a package's skills: one folder with a SKILL.md for each."""

from __future__ import annotations

from pgagents.generate.skills.skill import make_skills
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def skills_target(title: str, folder: str, store: str) -> Target:
    """Return the target that writes a package's skills into a folder.

    `store` is the surface with the listing.
    """

    def view(model: Model) -> View:
        listing = model.surfaces[store].listing
        assert listing is not None
        made = make_skills(model, listing)
        return View({}, made.losses, made.notes, several=made.contexts)

    return Target(
        title,
        (f"{folder}/skills/*/SKILL.md",),
        view,
        surface="mcp",
        part=f"surfaces.{store}.listing",
        lists_actions=False,
        template="agent_plugin/skills",
    )
