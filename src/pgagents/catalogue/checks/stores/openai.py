"""ChatGPT's and Codex's plugin directory: limits of the final submission, with the portal's codes.

https://developers.openai.com/plugins/deploy/submission-errors and …/submission, read 2026-11-21. If the pages
differ, the narrower limit applies. A rule without a code of the portal has a word of its page instead.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from pgagents.base.text import did_you_mean
from pgagents.catalogue.checks.listings import (
    Excess,
    IconLimits,
    Store,
    judge_characters,
    judge_contrast,
    judge_icon,
    judge_length,
    judge_url,
)
from pgagents.catalogue.model.listing import Listing

CATEGORIES = (
    *("Productivity", "Creativity", "Developer Tools", "Business & Operations", "Data & Analytics"),
    *("Communication", "Education & Research", "Security", "Finance", "Healthcare", "Travel"),
    *("Entertainment", "Other"),
)
_ICON = IconLimits(
    (".png", ".jpg", ".jpeg", ".webp", ".svg"),
    least=48,
    most=4096,
    bytes=5 * 1024 * 1024,
    codes={
        "outside": "declared_asset_path_unsafe",
        "missing": "declared_asset_file_missing",
        "no_file": "declared_asset_not_regular_file",
        "unreadable": "image_file_unreadable",
        "format": "image_file_format_unsupported",
        "bytes": "image_file_too_large",
        "content": "raster_image_decode_failed",
        "mismatch": "raster_image_extension_content_mismatch",
        "small": "raster_image_dimensions_too_small",
        "large": "raster_image_dimensions_too_large",
        "square": "raster_image_not_square",
    },
    drawing="svg_",
)
MOST_STARTERS, MOST_CAPABILITIES = 3, 20
_URLS = {
    "website": "plugin_website_url",
    "support": "plugin_support_url",
    "privacy": "plugin_privacy_policy_url",
    "terms": "plugin_terms_of_service_url",
}


def _judge(listing: Listing) -> Iterator[Excess]:
    yield from _names(listing)
    yield from _texts(listing)
    yield from _lists(listing)
    for key, code in _URLS.items():
        url = getattr(listing, key)
        if not url:
            message = f"the URL of `{key}` is missing, and the store asks it of a plugin with an MCP server"
            yield Excess(listing.origin, f"{code}_missing", message, f"add `{key}: https://…`")
        yield from judge_url(f"`{key}`", url, 1024, f"{code}_format", f"{code}_too_long")
    yield from judge_url(
        "the developer's URL",
        listing.developer_url,
        2048,
        "plugin_author_url_not_https",
        "plugin_author_url_too_long",
    )
    yield from judge_url("`demo`", listing.demo, 2048, "demo_recording_url", "demo_recording_url")
    yield from judge_contrast("`colour`", listing.colour, "#FFFFFF", "plugin_brand_color_contrast")
    yield from judge_contrast(
        "`colour_dark`", listing.colour_dark, "#212121", "plugin_brand_color_dark_contrast"
    )
    yield from judge_icon(listing.icon, _ICON)


def _names(listing: Listing) -> Iterator[Excess]:
    yield from judge_length("the package's name", listing.id, 64, "plugin_name_too_long")
    if "--" in listing.id or listing.id.endswith("-"):
        message = "the package's name has lower-case letters, digits and single hyphens between them"
        yield Excess(listing.id.origin, "plugin_name_format", message, "write `id: my-plugin`")
    yield from judge_length("the version", listing.version, 64, "plugin_version_too_long")
    yield from judge_length("the name", listing.name, 30, "submission_display_name_too_long")
    yield from judge_characters("the name", listing.name, "submission_display_name_character_unsupported")
    yield from judge_length(
        "the developer's name", listing.developer, 80, "submission_developer_name_too_long"
    )
    yield from judge_characters(
        "the developer's name", listing.developer, "submission_developer_name_character_unsupported"
    )
    yield from judge_length("the e-mail address", listing.email, 320, "plugin_author_email_too_long")


def _texts(listing: Listing) -> Iterator[Excess]:
    subtitle, long = "submission_subtitle", "submission_description"
    if not listing.subtitle.strip():
        at = listing.subtitle.origin if listing.subtitle else listing.origin
        yield Excess(at, f"{subtitle}_required", "the subtitle is missing", "add `subtitle: …`")
    yield from judge_length("the subtitle", listing.subtitle, 30, f"{subtitle}_too_long")
    yield from judge_characters("the subtitle", listing.subtitle, f"{subtitle}_character_unsupported")
    yield from judge_length("the surface's description", listing.summary, 1024, "plugin_description_too_long")
    yield from judge_length("the description", listing.description, 4000, f"{long}_too_long")
    yield from judge_characters(
        "the description", listing.description, f"{long}_character_unsupported", lines=True
    )
    for told in listing.translations.values():
        yield from judge_length("the subtitle", told.subtitle, 30, f"{subtitle}_too_long")
        yield from judge_characters("the subtitle", told.subtitle, f"{subtitle}_character_unsupported")
        yield from judge_length("the description", told.description, 4000, f"{long}_too_long")
        yield from judge_characters(
            "the description", told.description, f"{long}_character_unsupported", lines=True
        )


def _lists(listing: Listing) -> Iterator[Excess]:
    if listing.category and listing.category not in CATEGORIES:
        help = did_you_mean(listing.category, CATEGORIES) or f"write one of {', '.join(CATEGORIES)}"
        message = f"the store has no category `{listing.category}`"
        yield Excess(listing.category.origin, "plugin_category_unknown", message, help)
    if len(listing.capabilities) > MOST_CAPABILITIES:
        message = f"{len(listing.capabilities)} capabilities; the store takes at most {MOST_CAPABILITIES}"
        yield Excess(
            listing.capabilities[MOST_CAPABILITIES].origin,
            "plugin_capabilities_too_many",
            message,
            "leave some out",
        )
    for text in listing.capabilities:
        yield from judge_length("a capability", text, 120, "plugin_capability_too_long")
        yield from judge_characters("a capability", text, "plugin_capability_character_unsupported")
    yield from _starters(listing)


def _starters(listing: Listing) -> Iterator[Excess]:
    code = "plugin_default_prompt"
    if len(listing.starters) > MOST_STARTERS:
        message = f"{len(listing.starters)} starters; the store takes at most {MOST_STARTERS}"
        yield Excess(listing.starters[MOST_STARTERS].origin, f"{code}_too_many", message, "leave some out")
    met: set[str] = set()
    for text in listing.starters:
        yield from judge_length("a starter", text, 128, f"{code}_too_long")
        yield from judge_characters("a starter", text, f"{code}_character_unsupported")
        if any(word.startswith("@") and len(word) > 1 for word in text.split()):
            message = "a starter mentions an app by @, which the store refuses"
            yield Excess(text.origin, f"{code}_mention", message, "write the words alone")
        normal = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
        if normal in met:
            yield Excess(text.origin, f"{code}_duplicate", "two starters are the same", "leave one out")
        met.add(normal)


STORE = Store("ChatGPT's plugin directory", frozenset(), _judge, cases=(5, 3), longest_case=4000)
