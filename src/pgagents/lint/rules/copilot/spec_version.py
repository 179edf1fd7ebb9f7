"""The Copilot manifest names an OpenAPI document that Copilot cannot read.

Copilot reads OpenAPI 3.0; Microsoft's parser refuses 3.1 (`spec-version-not-supported`). GPT Actions need
3.1, so one document cannot serve both: `openai/openapi.yaml` is 3.1, `copilot/openapi-3.0.yaml` is 3.0.3.

Bad:

    surfaces: {copilot: {published_spec: openai/openapi.yaml}}

Good:

    surfaces: {copilot: {published_spec: copilot/openapi-3.0.yaml}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_OF_3_0 = ("copilot/openapi-3.0.yaml", "openapi-3.0.yaml")


def find(model: Model) -> Iterator[Hit]:
    surface = model.surfaces["copilot"]
    spec = surface.published_spec
    if spec in ("openai/openapi.yaml", "openai/openapi.json", "openapi/openapi.yaml", "openapi/openapi.json"):
        said = f"the manifest names `{spec}`, which is OpenAPI 3.1; Copilot reads 3.0 only"
        yield Hit((*surface.origin, "published_spec"), said, f"name `{_OF_3_0[0]}`")


RULE = Rule("error", "microsoft.openapi-version", find, surface="copilot")
