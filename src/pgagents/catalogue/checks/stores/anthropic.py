"""Claude's plugin directory: what `claude plugin validate --profile directory` and the directory refuse.

npm @anthropic-ai/claude-code 2.1.329, run 2026-11-21; the limit of 500 is an organisation's message
(github AgriciDaniel/claude-blog#22, 2026-05-13).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.checks.listings import (
    Excess,
    IconLimits,
    Store,
    judge_characters,
    judge_icon,
    judge_length,
    judge_url,
)
from pgagents.catalogue.model.listing import Listing

_RESERVED = ("claude", "anthropic", "anthropics")
_LEADING = ("claude-", "anthropic-", "anthropics-", "cc-plugin-")
_ICON = IconLimits(
    (".png",),  # one file is the icon of the plugin and of the bundle, which takes a PNG
    least=512,
    most=2048,
    bytes=1_999_999,
    codes={"missing": "ICON_MISSING"},
    other="icon-size",
)


def _judge(listing: Listing) -> Iterator[Excess]:
    id = listing.id
    yield from judge_length("the package's name", id, 64, "NAME_TOO_LONG")
    if "--" in id or id.endswith("-"):
        message = "the package's name has lower-case letters, digits and single hyphens between them"
        yield Excess(id.origin, "NAME_NOT_KEBAB_CASE", message, "write `id: my-plugin`")
    if id in _RESERVED or id.startswith(_LEADING):
        message = f"the package's name `{id}` is one that Claude's directory keeps for itself"
        yield Excess(id.origin, "NAME_RESERVED", message, "write another `id`")
    yield from judge_length("the surface's description", listing.summary, 500, "at most 500 characters")
    yield from judge_characters("the surface's description", listing.summary, "DESCRIPTION", lines=True)
    if not listing.privacy:
        message = "the URL of the privacy policy is missing"
        yield Excess(listing.origin, "PRIVACY_URL_MISSING", message, "add `privacy: https://…`")
    for key in ("website", "support", "privacy", "terms", "developer_url"):
        url = getattr(listing, key)
        yield from judge_url(f"`{key}`", url, 2048, "LISTING_URL_SCHEME", "LISTING_URL_SCHEME")
    yield from judge_icon(listing.icon, _ICON)


STORE = Store(
    "Claude's plugin directory",
    frozenset(
        {
            "subtitle",
            "capabilities",
            "colour_dark",
            "release_notes",
            "countries",
            "demo",
            "commerce",
            "translations",
        }
    ),
    _judge,
)
