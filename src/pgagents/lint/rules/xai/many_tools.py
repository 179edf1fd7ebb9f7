"""A surface offers more tools than Grok accepts.

One page of xAI's says 128, another 200: more than 128 are a warning, more than 200 an error.

Bad:

    surfaces: {xai: {actions: all}}      # of a catalogue with 129 actions

Good:

    surfaces: {xai: {actions: [search_products, get_product]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import list_offered
from pgagents.lint.rule import Hit, Rule

_LOW, _HIGH = 128, 200


def find(model: Model) -> Iterator[Hit]:
    surface = model.surfaces["xai"]
    count = len(list_offered(surface))
    if count > _LOW:
        said = f"{count} tools; Grok takes at most {_LOW} by one page, {_HIGH} by another"
        yield Hit(
            (*surface.origin, "actions"),
            said,
            "offer fewer actions on `surfaces.xai`",
            "error" if count > _HIGH else "warning",
        )


RULE = Rule("error", "xai.most-tools", find, surface="xai")
