"""OpenAI function tools for Chat Completions: the nested form, not strict.

https://platform.openai.com/docs/guides/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.functions import functions, too_many
from pgagents.generate.lower.dialect import OPENAI
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return the actions of the `openai_tools` surface as function tools."""
    surface = model.surfaces["openai_tools"]
    tools, losses = functions(model, surface, OPENAI, answers=False)
    return View({"tools": tools}, losses, too_many(surface, 128, "OpenAI"))


TARGET = Target(
    "OpenAI tools (Chat Completions)",
    ("openai/tools.chat.json",),
    view,
    surface="openai_tools",
    for_models=True,
)
