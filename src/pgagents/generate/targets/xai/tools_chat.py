"""Grok tools for chat completions: the nested form.

https://docs.x.ai/developers/tools/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.functions import functions, too_many
from pgagents.generate.lower.dialect import XAI
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return the actions of the `xai` surface as tools."""
    surface = model.surfaces["xai"]
    tools, losses = functions(model, surface, XAI, answers=False)
    return View({"tools": tools}, losses, too_many(surface, 128, "xAI"))


TARGET = Target(
    "Grok tools, chat completions", ("xai/tools.chat.json",), view, surface="xai", for_models=True
)
