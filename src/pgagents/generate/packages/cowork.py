"""The Microsoft 365 Copilot plugin for Copilot Cowork: manifest, tools, skills and icons in one zip.

All paths are those of the generated folder, without `./`, as the manifest names them. The id that the
developer portal gave replaces the name in the catalogue.
https://learn.microsoft.com/microsoft-365/copilot/cowork/cowork-plugin-development, read 2026-11-25.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pgagents.base.writing import to_json
from pgagents.catalogue.model.model import Model
from pgagents.generate.package import pack_files

PART = "surfaces.copilot_mcp.package"
"""The part of the catalogue that the package requires."""
OUTPUT = "cowork/plugin.zip"
_FOLDER = "cowork/"
_MANIFEST = "cowork/manifest.json"
NEEDS = (_MANIFEST, "cowork/tools.json", "cowork/color.png", "cowork/outline.png")
"""The generated files without which there is no package. The skills are packed as they are."""


def references(model: Model) -> tuple[str, ...]:
    """Return the names that the catalogue uses in place of ids from the Teams developer portal."""
    named = model.surfaces["copilot_mcp"].auth.get("reference_id")
    return (str(named),) if named else ()


def pack(_model: Model, files: Mapping[str, bytes], ids: Mapping[str, str]) -> bytes:
    """Return the zip.

    `files` are the generated files by path; `ids` holds the id for each name of `references`.
    """
    contents = {path: data for path, data in files.items() if path.startswith(_FOLDER) and path != OUTPUT}
    manifest = json.loads(contents[_MANIFEST])
    for connector in manifest["agentConnectors"]:
        authorization = connector["toolSource"]["remoteMcpServer"].get("authorization", {})
        if named := authorization.get("referenceId"):
            authorization["referenceId"] = ids[named]
    contents[_MANIFEST] = to_json(manifest)
    return pack_files({path.removeprefix(_FOLDER): data for path, data in contents.items()})
