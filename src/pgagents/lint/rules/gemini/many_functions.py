"""A surface offers more functions than Gemini accepts, or than it chooses from reliably.

Google's guide recommends 10 to 20 active functions: more than 20 are a note. One reference gives 128 as the
limit, a newer one 512: more than 128 are a warning, more than 512 an error.

Bad:

    surfaces: {gemini: {actions: all}}      # of a catalogue with 21 actions

Good:

    surfaces: {gemini: {actions: [search_products, get_product]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.errors import Severity
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import list_offered
from pgagents.lint.rule import Hit, Rule

_WELL, _LOW, _HIGH = 20, 128, 512


def find(model: Model) -> Iterator[Hit]:
    surface = model.surfaces["gemini"]
    count = len(list_offered(surface))
    if count > _WELL:
        severity: Severity = "error" if count > _HIGH else "warning" if count > _LOW else "note"
        limits = (
            f"at most {_LOW} in one reference, {_HIGH} in another"
            if count > _LOW
            else f"ideally no more than {_WELL}"
        )
        yield Hit(
            (*surface.origin, "actions"),
            f"{count} functions; Gemini takes {limits}",
            "offer fewer actions on `surfaces.gemini`",
            severity,
        )


RULE = Rule("note", "google.few-active-tools", find, surface="gemini")
