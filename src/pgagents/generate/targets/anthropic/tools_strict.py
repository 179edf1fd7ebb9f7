"""Anthropic tools for the Messages API, strict within the vendor's limits.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import ANTHROPIC, ANTHROPIC_STRICT
from pgagents.generate.strict import Budget, strict_tools
from pgagents.generate.target import Target, View
from pgagents.model.model import Model

# limits for all tools of one request; a request over them is refused
_BUDGET = Budget(tools=20, optional=24, unions=16)


def view(model: Model) -> View:
    """Return the actions of the `anthropic` surface, each marked as strict or not."""
    surface = model.surfaces["anthropic"]
    tools, losses = strict_tools(model, surface, ANTHROPIC_STRICT, ANTHROPIC, _BUDGET)
    return View({"tools": tools}, losses)


TARGET = Target(
    "Anthropic tools (strict)", ("anthropic/tools.strict.json",), view, surface="anthropic", for_models=True
)
