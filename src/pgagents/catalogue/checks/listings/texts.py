"""Judge single texts of a listing by a store's limits, with the store's own codes."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pgagents.catalogue.checks.listings.listing import Excess
from pgagents.source.origin import Text
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

_SHORTER = "write fewer characters"


def judge_length(what: str, text: Text, most: int, code: str) -> Iterator[Excess]:
    """Yield a problem if the text has more than `most` characters."""
    if len(text) > most:
        message = f"{what} has {len(text):,} characters, and the store takes at most {most:,}"
        yield Excess(text.origin, code, message, _SHORTER)


def judge_characters(what: str, text: Text, code: str, *, lines: bool = False) -> Iterator[Excess]:
    """Yield a problem if the text has control characters. With `lines`, line breaks are allowed."""
    odd = next((c for c in text if not c.isprintable() and not (lines and c in "\r\n")), None)
    if odd is not None:
        message = f"{what} has the character `{brief(odd)}`, which the store does not show"
        yield Excess(text.origin, code, message, "take it out" if lines else "write one line of plain text")


def judge_presence(what: str, text: Text, at: Pointer, key: str, code: str) -> Iterator[Excess]:
    """Yield a problem at `at` if the text is missing."""
    if not text.strip():
        yield Excess(text.origin if text else at, code, f"{what} is missing", f"add `{key}: …`")


def judge_url(what: str, url: Text, most: int, code: str, code_long: str) -> Iterator[Excess]:
    """Yield a problem if a URL is not https, holds a user's name, or is longer than `most` characters."""
    parts = urlsplit(url)
    if url and (parts.scheme != "https" or not parts.hostname or "@" in parts.netloc):
        message = f"{what} is `{brief(url)}`; the store takes an https URL without a user's name"
        yield Excess(url.origin, code, message, "write `https://…`")
    yield from judge_length(what, url, most, code_long)


def judge_contrast(what: str, colour: Text, against: str, code: str) -> Iterator[Excess]:
    """Yield a problem if a colour has less than 2:1 contrast against another (WCAG 2.2, contrast ratio)."""
    if not colour:
        return
    bright, dark = sorted((_luminance(colour), _luminance(against)), reverse=True)
    ratio = (bright + 0.05) / (dark + 0.05)
    if ratio < 2:
        message = (
            f"{what} is {colour}, with a contrast of {ratio:.2f}:1 against {against}; the store asks 2:1"
        )
        yield Excess(colour.origin, code, message, "choose another colour")


def _luminance(colour: str) -> float:
    """Return the relative luminance of `#RRGGBB`, from 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
