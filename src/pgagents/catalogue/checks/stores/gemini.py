"""Extensions of Gemini CLI: names as its own validator allows them.

npm @google/gemini-cli 0.61.0, run 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.checks.listings import Excess, Store, judge_characters
from pgagents.catalogue.model.listing import Listing


def _judge(listing: Listing) -> Iterator[Excess]:
    yield from judge_characters("the surface's description", listing.summary, "description", lines=True)


STORE = Store(
    "Gemini CLI's gallery",
    frozenset(
        {
            *("subtitle", "description", "category", "capabilities", "keywords", "developer", "website"),
            *("support", "privacy", "terms", "colour", "colour_dark", "icon", "license", "release_notes"),
            *("countries", "demo", "commerce", "translations"),
        }
    ),
    _judge,
)
