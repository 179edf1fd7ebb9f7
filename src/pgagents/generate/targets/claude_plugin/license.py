"""The LICENSE of a Claude plugin: the licence's SPDX name, or the terms of use where none is named.

npm @anthropic-ai/claude-code 2.1.329, run 2026-11-21: the directory asks a LICENSE file or `license`.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the holder of the rights, and the licence of the files."""
    listing = model.surfaces["anthropic"].listing
    return View({"listing": listing})


TARGET = Target(
    "LICENSE of the Claude plugin",
    ("claude_plugin/LICENSE",),
    view,
    surface="anthropic",
    part="surfaces.anthropic.listing",
    lists_actions=False,
)
