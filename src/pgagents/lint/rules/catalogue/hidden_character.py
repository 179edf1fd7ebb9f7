"""A text contains invisible characters.

Zero-width characters, direction marks and the tag block are invisible in an editor but visible to a model.
Attackers use them to hide instructions in a description, and Microsoft's store refuses them. They also break
searches for the text. `--fix` removes them.

Bad:

    actions:
      search_products: {description: "Search the shop's pro\\u200bducts by a word of their name."}

Good:

    actions:
      search_products: {description: "Search the shop's products by a word of their name."}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule, within
from pgagents.lint.texts import HIDDEN, HIDDEN_CHARACTERS, collect_shown

_WRITTEN = re.compile(
    HIDDEN.pattern + "|" + "|".join(rf"\\u{ord(c):04x}" for c in HIDDEN_CHARACTERS if ord(c) < 0x10000), re.I
)


def find(model: Model) -> Iterator[Hit]:
    for said in collect_shown(model):
        if found := HIDDEN.findall(said.text):
            codes = ", ".join(dict.fromkeys(f"U+{ord(c):04X}" for c in found))
            count = f"{len(found)} characters" if len(found) > 1 else "a character"
            message = f"the text of {said.what} holds {count} that nobody sees ({codes})"
            yield Hit(
                said.origin, message, "take them out (`--fix` does)", edit=within(said.origin, _WRITTEN, "")
            )


RULE = Rule("error", "catalogue.no-hidden-characters", find)
