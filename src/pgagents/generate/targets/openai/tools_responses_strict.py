"""OpenAI function tools for the Responses API, strict: every member is always present, null if it is not
given.

https://platform.openai.com/docs/guides/structured-outputs, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.functions import too_many
from pgagents.generate.lower.dialect import OPENAI, OPENAI_STRICT
from pgagents.generate.strict import Budget, strict_tools
from pgagents.generate.target import Target, View
from pgagents.model.model import Model

# "a schema may have up to 5000 object properties total, with up to 10 levels of nesting", 120,000 characters,
# 1,000 enum values
_BUDGET = Budget(depth=10, properties=5000, characters=120_000, enum_values=1000)


def view(model: Model) -> View:
    """Return the actions of the `openai_tools` surface, each marked as strict or not."""
    surface = model.surfaces["openai_tools"]
    tools, losses = strict_tools(model, surface, OPENAI_STRICT, OPENAI, _BUDGET)
    return View({"tools": tools}, losses, too_many(surface, 128, "OpenAI"))


TARGET = Target(
    "OpenAI tools (Responses, strict)",
    ("openai/tools.responses.strict.json",),
    view,
    surface="openai_tools",
    for_models=True,
)
