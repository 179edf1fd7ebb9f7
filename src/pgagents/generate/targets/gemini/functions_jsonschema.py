"""Gemini function declarations in JSON Schema, the style that Google's own kits prefer: one Tool object.

https://ai.google.dev/gemini-api/docs/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.functions import functions, too_many
from pgagents.generate.lower.dialect import GEMINI_JSON
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return the actions of the `gemini` surface as function declarations."""
    surface = model.surfaces["gemini"]
    declarations, losses = functions(model, surface, GEMINI_JSON, answers=True)
    return View({"functions": declarations}, losses, too_many(surface, 128, "Gemini"))


TARGET = Target(
    "Gemini functions in JSON Schema",
    ("gemini/functions.jsonschema.json",),
    view,
    surface="gemini",
    for_models=True,
)
