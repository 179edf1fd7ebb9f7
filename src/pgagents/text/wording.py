"""Describe schema constraints in words, for descriptions and for lists of losses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def short(value: Any) -> str:
    """Return a value on one line, cut to 120 characters."""
    text = str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:119] + "…"


def _count(number: int, instance: str) -> str:
    return f"{number} {instance}{'' if number == 1 else 's'}"


WORDS: dict[str, Callable[[Any], str]] = {
    "minimum": lambda v: f"at least {v:g}" if isinstance(v, float) else f"at least {v}",
    "maximum": lambda v: f"at most {v:g}" if isinstance(v, float) else f"at most {v}",
    "exclusiveMinimum": lambda v: f"more than {v}",
    "exclusiveMaximum": lambda v: f"less than {v}",
    "multipleOf": lambda v: f"a multiple of {v}",
    "minLength": lambda v: f"at least {_count(v, 'character')}",
    "maxLength": lambda v: f"at most {_count(v, 'character')}",
    "pattern": lambda v: f"matches {v}",
    "minItems": lambda v: f"at least {_count(v, 'item')}",
    "maxItems": lambda v: f"at most {_count(v, 'item')}",
    "uniqueItems": lambda v: "no item twice" if v else "",
    "minProperties": lambda v: f"at least {_count(v, 'member')}",
    "maxProperties": lambda v: f"at most {_count(v, 'member')}",
    "format": lambda v: f"format {v}",
    "enum": lambda v: "one of " + ", ".join(json.dumps(x, ensure_ascii=False) for x in v),
    "contentEncoding": lambda v: f"encoded as {v}",
    "contentMediaType": lambda v: f"holds {v}",
    "deprecated": lambda v: "deprecated" if v else "",
}


def append_remark(text: str, said: str, *, inside: bool = False) -> str:
    """Append a remark to a description: in brackets after a phrase, as a sentence of its own after a
    sentence.

    With `inside`, the remark joins brackets that already end the text.
    """
    if inside and text.endswith(")"):
        return f"{text[:-1]}; {said})"
    if text and not text.rstrip().endswith("."):
        return f"{text} ({said})"
    return f"{text} {said[:1].upper()}{said[1:]}.".lstrip()
