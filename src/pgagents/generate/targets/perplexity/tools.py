"""Function tools of Perplexity's Agent API: flat, in the subset of JSON Schema that all its vendors' models
accept.

https://docs.perplexity.ai/docs/agent-api/tools/custom-functions, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.functions import functions
from pgagents.generate.lower.dialect import PERPLEXITY
from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return the actions of the `perplexity` surface as function tools."""
    surface = model.surfaces["perplexity"]
    tools, losses = functions(model, surface, PERPLEXITY, answers=False)
    return View({"tools": tools}, losses)


TARGET = Target(
    "Perplexity Agent API tools", ("perplexity/tools.json",), view, surface="perplexity", for_models=True
)
