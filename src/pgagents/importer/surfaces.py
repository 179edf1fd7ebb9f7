"""Choose the assistants that an imported catalogue is offered to: those that accept its documents
unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from pgagents.catalogue.load import load
from pgagents.generate.build import build, targets
from pgagents.generate.target import Target
from pgagents.importer.reading.note import Notes
from pgagents.importer.text import render_yaml
from pgagents.jsonschema.schema import Validators
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.read import parse
from pgagents.text.brief import brief


@cache
def list_plain() -> Mapping[str, int]:
    """Return the surfaces that need no settings, each with the number of actions that it accepts."""
    found: dict[str, int] = {}
    for target in targets().values():
        if isinstance(target, Target) and target.surface is not None and target.most_actions is not None:
            found[target.surface] = min(target.most_actions, found.get(target.surface, target.most_actions))
    return MappingProxyType(found)


def offer(data: dict[str, Any], notes: Notes, known: Validators | None = None) -> dict[str, str]:
    """Add every surface for which the catalogue builds.

    Return the other surfaces, each with the reason, which is also recorded in a note.
    """
    without: dict[str, str] = {}
    count = len(data["actions"])
    plain = list_plain()
    fitting = [name for name, most in plain.items() if count <= most]
    beyond = [name for name in plain if name not in fitting]
    if beyond:
        without |= {name: f"it takes {plain[name]} actions, and there are {count}" for name in beyond}
        notes.decide(
            ("surfaces",),
            (
                f"{', '.join(beyond)}: {count} actions are too many; choose some: `{beyond[0]}: {{actions: "
                f"[{next(iter(data['actions']))}]}}`"
            ),
        )
    notes.decide(("surfaces",), "copilot, mcp and ai_plugin need names of their own; see the reference")
    if not fitting:
        return without
    wanted = {**data, "surfaces": {**data["surfaces"], **{name: {"actions": "all"} for name in fitting}}}
    refused: dict[str, Diagnostic] = {}
    surface_of = {
        id: target.surface
        for id, target in targets().items()
        if isinstance(target, Target) and target.surface in fitting
    }
    model, _ = load(parse(render_yaml(wanted)), any_key=True, known=known)
    if model is None:
        return without
    built = build(model, only=list(surface_of))
    for found in built.diagnostics:
        if found.severity == "error":
            refused.setdefault(surface_of["/".join(found.id.split("/")[:2])] or "", found)
    for name in fitting:
        if name in refused:
            without[name] = _why(refused[name], _find_url(data["api"]["server"]))
            notes.decide(
                ("surfaces",),
                f"{name} is left out, as its vendor would refuse the catalogue: {without[name]}",
            )
        else:
            data["surfaces"][name] = {"actions": "all"}
    return without


def _find_url(server: Any) -> str:
    return str(server["url"] if isinstance(server, dict) else server)


def _why(refused: Diagnostic, server: str) -> str:
    """Return a vendor's objection to the catalogue, reworded if it is about the server's address."""
    if "#/servers/" in refused.message and server.startswith("http://"):
        return f"it takes https servers alone, and `api.server` is {brief(server, 80)}"
    return brief(refused.message, 160)
