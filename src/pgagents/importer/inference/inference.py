"""Run all inferences about a document, each after those whose results it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.importer.inference.calling import infer_idempotency, infer_limits
from pgagents.importer.inference.conditional import infer_conditional
from pgagents.importer.inference.descriptions import infer_descriptions
from pgagents.importer.inference.links import infer_links
from pgagents.importer.inference.pages import infer_pages
from pgagents.importer.inference.resources import infer_resources
from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.references import References


def infer(
    made: list[ImportedAction],
    named: Mapping[str, Any],
    references: References,
    errors: dict[str, Any],
    notes: Notes,
) -> dict[str, Any]:
    """Return the inferred sections of a catalogue; pages and texts are added to the actions.

    `named` are the schemas. The section `errors` gets the code of a call over a limit.
    """
    infer_conditional(made, errors["codes"], notes)
    infer_pages(made, named, notes)
    resources = infer_resources(made, named, errors, notes)
    infer_links(made, resources, named, references, notes)
    infer_descriptions(made, named, resources, notes)
    limits, limited = infer_limits(made, references, errors["codes"], notes)
    if limited:
        errors["framework"]["limited"] = limited
    found = {"limits": limits, "idempotency": infer_idempotency(made, notes), "resources": resources}
    return {section: value for section, value in found.items() if value}
