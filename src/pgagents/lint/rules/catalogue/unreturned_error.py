"""An error code is listed that no action can answer.

Documents list the codes, and models and people prepare for them. A code that nothing answers is obsolete, or
missing from an action's `errors`.

Bad:

    errors: {codes: {too_heavy: {status: 409, meaning: The parcel is too heavy}}}

Good:

    errors: {codes: {too_heavy: {status: 409, meaning: The parcel is too heavy}}}
    actions: {place_order: {errors: [refused, too_heavy]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    errors = model.errors
    known = {*errors.always, *(getattr(errors.framework, key) for key in type(errors.framework).model_fields)}
    for action in (*model.actions, *model.operator):
        known |= {code.name for code in action.errors}
    for name, code in model.codes.items():
        if name not in known:
            said = f"no action can answer `{name}` ({code.status})"
            yield Hit(
                code.origin, said, "add it to the `errors` of an action, or to `errors.always`, or remove it"
            )


RULE = Rule("warning", "catalogue.known-errors", find)
