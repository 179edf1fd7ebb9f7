"""Anthropic tools for the Messages API, not strict: the schema guides the model, but is not enforced.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.functions import functions
from pgagents.generate.lower.dialect import ANTHROPIC
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return the actions of the `anthropic` surface as function tools."""
    surface = model.surfaces["anthropic"]
    tools, losses = functions(model, surface, ANTHROPIC, answers=False)
    return View({"tools": tools}, losses)


TARGET = Target("Anthropic tools", ("anthropic/tools.json",), view, surface="anthropic", for_models=True)
