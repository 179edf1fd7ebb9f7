"""The API plugin manifest v2.4 of Microsoft 365 Copilot, which its documentation recommends for new plugins.

https://github.com/MicrosoftDocs/m365copilot-docs/blob/90efae8/docs/api-plugin-manifest-2.4.md, read
2026-11-20.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate import apiplugin
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the manifest of v2.2, changed to the newer version.

    A `spec` with only a URL matches two runtimes of Microsoft's own schema (the npm version), so validation
    fails (json-schemas issue 617). A `progress_style` makes it match the OpenAPI runtime alone.
    """
    sign_in = apiplugin.api_sign_in(model)
    runtime = apiplugin.openapi_runtime(model, sign_in.surface)
    runtime["spec"]["progress_style"] = "ShowUsage"
    return apiplugin.openapi_plugin(model, sign_in, "v2.4", runtime)


TARGET = Target(
    "Microsoft 365 Copilot API plugin v2.4",
    ("copilot/ai-plugin.v2.4.json",),
    view,
    surface="copilot",
    template="copilot/plugin",
)
