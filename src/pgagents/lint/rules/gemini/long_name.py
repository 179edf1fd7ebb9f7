"""A function's name is not valid for Gemini.

Google publishes three rules: 128 characters with dots, dashes and colons, 64 with them, and "without spaces,
periods, or dashes". A name that satisfies all three begins with a letter or `_`, has only letters, digits and
`_`, and at most 64 characters.

Bad:

    actions: {search_products: {texts: {gemini: {name: search.products}}}}

Good:

    actions: {search_products: {texts: {gemini: {name: search_products_by_word}}}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_TAKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.A)
_MOST = 64


def find(model: Model) -> Iterator[Hit]:
    for action in model.surfaces["gemini"].actions:
        own = action.texts.get("gemini")
        name = own.name if own else None
        at = (*action.origin, "texts", "gemini", "name")
        if name and len(name) > _MOST:
            yield Hit(
                at, f"function name has {len(name)} characters; Gemini takes at most {_MOST}", "shorten it"
            )
        elif name and not _TAKEN.fullmatch(name):
            said = f"function name `{name}` has characters that Gemini does not take everywhere"
            yield Hit(at, said, "use letters, digits and `_`, and begin with a letter or `_`")


RULE = Rule("error", "google.function-name", find, surface="gemini")
