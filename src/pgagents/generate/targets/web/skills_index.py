"""The index of a host's skills, by which agents find and check them (agent skills discovery 0.2.0).

https://agentskills.io, read 2026-11-21. Each digest is that of the bytes that are built and served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.model import Model
from pgagents.generate.addresses import SKILL_FILES, SKILLS_INDEX
from pgagents.generate.skills import Skill, make_skills
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the hosted skills.

    If the index itself is not hosted, return all skills at their usual places.
    """
    listing = model.surfaces["openai"].listing
    assert listing is not None
    return View({"skills": list(_list_entries(model, make_skills(model, listing).skills))})


def _list_entries(model: Model, skills: tuple[Skill, ...]) -> Iterator[Node]:
    # imported late: `build` imports this module, because it is a target
    from pgagents.generate.build import document

    server, hosted = model.api.server.rstrip("/"), model.api.hosted
    built = {
        artifact.path: artifact.data
        for artifact in document(model, SKILL_FILES.replace("*", skills[0].name), traced=False).artifacts()
    }
    for skill in skills:
        file = SKILL_FILES.replace("*", skill.name)
        if SKILLS_INDEX in hosted and file not in hosted:
            continue
        at = ("api", "hosted", file) if file in hosted else skill.origin
        path = hosted.get(file) or f"/.well-known/agent-skills/{skill.name}/SKILL.md"
        entry: dict[str, Any] = {
            "name": skill.name,
            "type": "skill-md",
            "description": skill.description,
            "url": Text(server + path, at),
            "digest": f"sha256:{hashlib.sha256(built[file]).hexdigest()}",
        }
        yield Node(entry, origin=skill.origin)


TARGET = Target(
    "Skills index",
    (SKILLS_INDEX,),
    view,
    surface="mcp",
    part="surfaces.openai.listing",
    lists_actions=False,
)
