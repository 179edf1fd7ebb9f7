"""Gemini function declarations in the API's own Schema (a part of OpenAPI 3.0): one Tool object.

https://ai.google.dev/api/caching#FunctionDeclaration, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.functions import functions, too_many
from pgagents.generate.lower.dialect import GEMINI
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return the actions of the `gemini` surface as function declarations."""
    surface = model.surfaces["gemini"]
    declarations, losses = functions(model, surface, GEMINI, answers=True)
    return View({"functions": declarations}, losses, too_many(surface, 128, "Gemini"))


TARGET = Target("Gemini functions", ("gemini/functions.json",), view, surface="gemini", for_models=True)
