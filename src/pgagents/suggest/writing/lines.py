"""Lines of YAML: scalars, long texts and comments."""

from __future__ import annotations

import json
from textwrap import wrap

WIDTH = 140


def scalar(text: str) -> str:
    """Return a text as a YAML scalar, without quotes if it cannot be misread."""
    safe = text[0].isalpha() and not any(mark in text for mark in (": ", " #", "{", "}", '"', "[", "]"))
    if safe:
        return text
    return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)


def entry(key: str, text: str, indent: int) -> list[str]:
    """Return a key with its text, folded if it is long."""
    pad = " " * indent
    if len(text) < WIDTH - 20:
        return [f"{pad}{key}: {scalar(text)}"]
    return [f"{pad}{key}: >-", *_fold(text, f"{pad}  ", f"{pad}  ")]


def comment(text: str, first: str, rest: str) -> list[str]:
    """Return a comment in lines of limited length."""
    return _fold(text.replace("\n", " "), first, rest)


def _fold(text: str, first: str, rest: str) -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
