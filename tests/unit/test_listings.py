"""A listing's texts are those that its store takes; any other is one message with the store's own code."""

from __future__ import annotations

from typing import Any

import pytest

from offering import LISTING, shop_text
from pgagents.base.reading import parse
from pgagents.catalogue.load import load, load_text
from pgagents.catalogue.model.listing import Listing

SUBTITLE = "Find and order things"


def _listing(store: str = "openai", **changes: Any) -> Listing:
    model = load_text(_text(store, **changes), "shop.yaml")
    found = model.surfaces[store].listing
    assert found is not None
    return found


def _text(store: str = "openai", **changes: Any) -> str:
    written = {**LISTING, **({"subtitle": SUBTITLE} if store == "openai" else {}), **changes}
    given = {key: value for key, value in written.items() if value is not None}
    return shop_text(**{f"surfaces__{store}__listing": given})


def _messages(text: str) -> list[str]:
    model, found = load(parse(text, "shop.yaml"))
    assert (model is None) == bool(found)
    return [f"{d.id} {d.span.line} {d.message}" for d in found]


def test_what_is_not_written_comes_from_the_api() -> None:
    listing = _listing(id=None)
    model = load_text(shop_text(), "shop.yaml")
    assert (listing.id, listing.version) == (model.api.id, model.api.version)
    assert (listing.name, listing.developer) == (model.api.title, model.api.title)
    assert listing.email == model.api.contact
    assert listing.email.origin == ("api", "contact")
    assert listing.subtitle.origin == ("surfaces", "openai", "listing", "subtitle")
    assert listing.countries is None
    assert _listing(countries=[]).countries == ()


CODES: dict[str, dict[str, Any]] = {
    "submission_subtitle_required": {"subtitle": None},
    "submission_subtitle_too_long": {"subtitle": "x" * 31},
    "submission_subtitle_character_unsupported": {"subtitle": "one\ntwo"},
    "submission_description_too_long": {"description": "x" * 4001},
    "submission_description_character_unsupported": {"description": "a\tb"},
    "submission_developer_name_too_long": {"developer": {"name": "x" * 81}},
    "submission_developer_name_character_unsupported": {"developer": {"name": "a\tb"}},
    "plugin_author_email_too_long": {"developer": {"name": "A", "email": "x" * 310 + "@shop.example"}},
    "plugin_author_url_not_https": {"developer": {"name": "A", "url": "http://shop.example"}},
    "plugin_author_url_too_long": {"developer": {"name": "A", "url": "https://shop.example/" + "x" * 2048}},
    "plugin_name_too_long": {"id": "x" * 65},
    "plugin_name_format": {"id": "a--b"},
    "plugin_version_too_long": {"version": "1.0.0-" + "x" * 64},
    "plugin_category_unknown": {"category": "Shopping"},
    "plugin_capabilities_too_many": {"capabilities": [f"Thing {i}" for i in range(21)]},
    "plugin_capability_too_long": {"capabilities": ["x" * 121]},
    "plugin_capability_character_unsupported": {"capabilities": ["a\nb"]},
    "plugin_website_url_format": {"website": "https://me@shop.example"},
    "plugin_support_url_format": {"support": "http://shop.example/help"},
    "plugin_privacy_policy_url_too_long": {"privacy": "https://shop.example/" + "x" * 1024},
    "plugin_terms_of_service_url_format": {"terms": "http://shop.example/terms"},
    "plugin_support_url_missing": {"support": None},
    "plugin_brand_color_contrast": {"colour": "#F0F0F0"},
    "plugin_brand_color_dark_contrast": {"colour_dark": "#101010"},
}


@pytest.mark.parametrize("code", CODES)
def test_each_limit_of_the_portal_has_its_code(code: str) -> None:
    found = _messages(_text(**CODES[code]))
    assert len(found) == 1, found
    assert found[0].startswith("catalogue/listing ")
    assert found[0].endswith(f"({code})")


STARTERS: dict[str, list[str]] = {
    "plugin_default_prompt_too_many": ["A", "B", "C", "D"],
    "plugin_default_prompt_too_long": ["x" * 129],
    "plugin_default_prompt_mention": ["Ask @shop for a kettle"],
    "plugin_default_prompt_duplicate": ["Is there a kettle?", "is  there a KETTLE?"],
    "plugin_default_prompt_character_unsupported": ["a\nb"],
}


@pytest.mark.parametrize("code", STARTERS)
def test_each_limit_of_starters_has_its_code(code: str) -> None:
    found = _messages(shop_text(surfaces__openai__starters=STARTERS[code]))
    assert len(found) == 1, found
    assert found[0].endswith(f"({code})")


def test_a_name_from_the_api_is_held_to_the_limit_at_its_own_line() -> None:
    text = shop_text(api__title="The Corner Shop at the End of the Road")
    found = _messages(text)
    assert len(found) == 1
    assert found[0].endswith("(submission_display_name_too_long)")
    line = int(found[0].split()[1])
    assert "title: The Corner Shop" in text.splitlines()[line - 1]


LEGAL: tuple[dict[str, Any], ...] = (
    {"subtitle": "x" * 30, "description": "x" * 4000, "developer": {"name": "x" * 80}},
    {"subtitle": "Ünïcode — 買い物", "description": "One.\n\nTwo."},
    {"capabilities": ["x" * 120] * 20, "countries": ["US", "DE"], "category": "Other"},
    {"colour": "#ff0000", "colour_dark": "#FFFFFF"},
    {"translations": {"pt-BR": {"subtitle": "x" * 30}}},
    {"website": "https://shop.example:8443/a@b?c=d"},
)


@pytest.mark.parametrize("changes", LEGAL, ids=lambda c: "-".join(c))
def test_what_the_store_takes_is_taken(changes: dict[str, Any]) -> None:
    assert _messages(_text(**changes)) == []


CLAUDE: dict[str, dict[str, Any]] = {
    "NAME_RESERVED": {"id": "claude-shop"},
    "NAME_NOT_KEBAB_CASE": {"id": "shop-"},
    "PRIVACY_URL_MISSING": {"privacy": None},
    "LISTING_URL_SCHEME": {"support": "http://shop.example/help"},
}


@pytest.mark.parametrize("code", CLAUDE)
def test_each_limit_of_claudes_directory_has_its_code(code: str) -> None:
    found = _messages(_text("anthropic", **CLAUDE[code]))
    assert len(found) == 1, found
    assert found[0].endswith(f"({code})")


def test_a_long_description_is_refused_by_claude_alone() -> None:
    long = {"description": "x" * 501}
    both = {"surfaces__openai__description": long["description"]}
    assert _messages(shop_text(**both)) == []
    found = _messages(shop_text(surfaces__anthropic={"actions": "all", **long, "listing": LISTING}))
    assert len(found) == 1
    assert found[0].endswith("(at most 500 characters)")
