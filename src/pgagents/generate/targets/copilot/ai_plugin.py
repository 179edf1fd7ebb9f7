"""The API plugin manifest v2.2 of Microsoft 365 Copilot."""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate import apiplugin
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the manifest: one function per operation of the surface, and one runtime that serves them
    all.
    """
    sign_in = apiplugin.api_sign_in(model)
    return apiplugin.openapi_plugin(model, sign_in, "v2.2", apiplugin.openapi_runtime(model, sign_in.surface))


TARGET = Target(
    "Microsoft 365 Copilot API plugin v2.2",
    ("copilot/ai-plugin.json",),
    view,
    surface="copilot",
    template="copilot/plugin",
)
