"""Find misspelt surfaces of a catalogue: no target makes a document for such a name, and nothing calls it.

The names are those that targets ask for, so a further target brings its own. A dispatcher may have any name.
"""

from __future__ import annotations

from pgagents.errors import InputError
from pgagents.generate.build import targets
from pgagents.generate.target import Target
from pgagents.model.model import Model
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Source
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

REST = "rest"
"""The surface of the paths themselves, which every document with paths describes."""


def check_surfaces(model: Model) -> Model:
    """Return the model. Raises InputError if its catalogue has surfaces that nothing knows."""
    if found := find_unknown(model.source):
        raise InputError(found, model.source)
    return model


def find_unknown(source: Source) -> list[Diagnostic]:
    """Return an error for each surface that is no dispatcher, and whose name no target asks for."""
    written = source.data.get("surfaces") if isinstance(source.data, dict) else None
    own = written if isinstance(written, dict) else {}
    names = [
        name
        for name, surface in own.items()
        if name != REST and not (isinstance(surface, dict) and "http" in surface)
    ]
    known = list_surfaces() if names else set()
    return [
        Diagnostic(
            source.locate(("surfaces", name)),
            "catalogue/unknown-surface",
            "error",
            f"there is no surface `{brief(str(name))}`: no document is made for it",
            did_you_mean(str(name), known),
        )
        for name in names
        if name not in known
    ]


def list_surfaces() -> set[str]:
    """Return the names of the surfaces that targets make documents for, and that of the paths."""
    found = (t.surface for t in targets().values() if isinstance(t, Target))
    return {REST, *(name for name in found if name)}
