"""Which assistants an imported catalogue is offered to: those that take its documents as they are."""

from __future__ import annotations

from typing import Any

from pgagents.brief import brief
from pgagents.build import build, targets
from pgagents.catalogue.load import load_text
from pgagents.diagnostics import Diagnostic
from pgagents.errors import InputError
from pgagents.importer.note import Notes
from pgagents.importer.text import written
from pgagents.target import Target

MOST = {"openai": 30, "gemini": 128, "xai": 128, "openai_tools": 128, "anthropic": 128, "perplexity": 128}
"""Surfaces that need no settings, with how many actions each takes."""


def offer(data: dict[str, Any], notes: Notes) -> None:
    """Add every surface that the catalogue builds for; a note says of each other why not."""
    count = len(data["actions"])
    fitting = [name for name, most in MOST.items() if count <= most]
    beyond = [name for name in MOST if name not in fitting]
    if beyond:
        notes.decide(
            ("surfaces",),
            f"{', '.join(beyond)}: {count} actions are too many; choose some: `{beyond[0]}: {{actions: [{next(iter(data['actions']))}]}}`",
        )
    notes.decide(("surfaces",), "copilot, mcp and ai_plugin need names of their own; see the reference")
    if not fitting:
        return
    wanted = {**data, "surfaces": {**data["surfaces"], **{name: {"actions": "all"} for name in fitting}}}
    refused: dict[str, Diagnostic] = {}
    surface_of = {id: target.surface for id, target in targets().items() if isinstance(target, Target) and target.surface in fitting}
    try:
        built = build(load_text(written(wanted)), only=list(surface_of))
    except InputError:
        return
    for found in built.diagnostics:
        if found.severity == "error":
            refused.setdefault(surface_of["/".join(found.id.split("/")[:2])] or "", found)
    for name in fitting:
        if name in refused:
            notes.decide(("surfaces",), f"{name} would refuse the catalogue: {brief(refused[name].message, 160)}")
        else:
            data["surfaces"][name] = {"actions": "all"}
