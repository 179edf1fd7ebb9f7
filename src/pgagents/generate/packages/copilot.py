"""The Microsoft 365 app package for side-loading: app manifest, declarative agent, plugin, OpenAPI document,
icons.

All files are at the zip's root and refer to each other. So the plugin names the OpenAPI document beside it
instead of the hosted one.
https://github.com/MicrosoftDocs/m365copilot-docs/blob/90efae8/docs/declarative-agent-manifest.md, read
2026-11-20.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pgagents.base.writing import to_json
from pgagents.catalogue.model.model import Model
from pgagents.generate import store_listing
from pgagents.generate.hosts import find_placeholders_of, write_lines
from pgagents.generate.package import pack_files

PART = "surfaces.copilot.package"
"""The part of the catalogue that the package requires."""
OUTPUT = "copilot/app.zip"
NEEDS = (
    "copilot/app/manifest.json",
    "copilot/app/declarativeAgent.json",
    "copilot/ai-plugin.json",
    "copilot/openapi-3.0.yaml",
)
"""The generated files in the package, without folders."""


def references(model: Model) -> tuple[str, ...]:
    """Return the names that the catalogue uses in place of ids from the Teams developer portal."""
    found = model.surfaces["copilot"].auth.get("reference_id")
    return (str(found),) if found else ()


def list_lines(model: Model) -> list[str]:
    """Return the lines of the catalogue that a package lacks; none where the author wants no such surface."""
    placeholders = find_placeholders_of(model)
    waits = bool(placeholders) and model.source.is_from_document(("surfaces", "copilot"))
    if "copilot" not in model.surfaces and not waits:
        return []
    lacking = [*placeholders, *(key for key in ("privacy", "terms") if not model.text("api", key))]
    # a surface that waits for the server has no name for the id yet
    names = references(model) if not waits else ("NAME",) if model.credential is not None else ()
    return [
        "`surfaces: {copilot: {package: {developer: …}}}`",
        *([write_lines(lacking)] if lacking else []),
        *(f"--reference-id {name}=ID, from the Teams developer portal" for name in names),
    ]


def pack(model: Model, files: Mapping[str, bytes], ids: Mapping[str, str]) -> bytes:
    """Return the zip.

    `files` are the generated files by path; `ids` holds the id for each name of `references`.
    """
    contents = {path.rpartition("/")[2]: files[path] for path in NEEDS}
    contents["ai-plugin.json"] = _plugin(contents["ai-plugin.json"], ids)
    surface = model.surfaces["copilot"]
    letters = store_listing.initials(str(surface.human_name or model.api.title))
    contents["color.png"] = store_listing.draw_icon(letters, 192, surface.package.accent)
    contents["outline.png"] = store_listing.draw_icon(letters, 32, None)
    return pack_files(contents)


def _plugin(data: bytes, ids: Mapping[str, str]) -> bytes:
    """Return the plugin manifest with real reference ids and the OpenAPI document beside it."""
    plugin = json.loads(data)
    for runtime in plugin["runtimes"]:
        runtime["spec"]["url"] = "openapi-3.0.yaml"
        if named := runtime["auth"].get("reference_id"):
            runtime["auth"]["reference_id"] = ids[named]
    return to_json(plugin)
