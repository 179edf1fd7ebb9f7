"""Decide if JSON Schema allows a value for a keyword."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any


def is_number(value: Any) -> bool:
    """True for a finite number below 1e300."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) < 1e300
    )


def is_count(value: Any) -> bool:
    """True for a whole number of at least zero."""
    return is_number(value) and value == int(value) and value >= 0


def is_text(value: Any) -> bool:
    """True for a text that is more than blanks."""
    return isinstance(value, str) and bool(value.strip())


def is_pattern(value: Any) -> bool:
    """True for a regular expression that the validator accepts."""
    return isinstance(value, str) and compiles(value)


@lru_cache(maxsize=10_000)
def compiles(pattern: str) -> bool:
    """True if the validator accepts the pattern: valid ECMA-262, and not too large when compiled."""
    from pgagents.jsonschema.schema import list_problems, validator

    if list_problems({"pattern": pattern}):
        return False
    try:
        validator({"pattern": pattern}, {})
    except ValueError:
        return False
    return True


ALLOWED_VALUES: dict[str, Callable[[Any], bool]] = {
    "title": is_text, "description": is_text, "format": is_text, "pattern": is_pattern,
    "enum": lambda v: isinstance(v, list) and bool(v), "const": lambda _: True, "default": lambda _: True,
    "examples": lambda v: isinstance(v, list),
    "minimum": is_number, "maximum": is_number, "multipleOf": lambda v: is_number(v) and v > 0,
    "minLength": is_count, "maxLength": is_count, "minItems": is_count, "maxItems": is_count,
    "minProperties": is_count, "maxProperties": is_count, "uniqueItems": lambda v: isinstance(v, bool),
    "readOnly": lambda v: isinstance(v, bool), "writeOnly": lambda v: isinstance(v, bool),
    "deprecated": lambda v: isinstance(v, bool),
}  # fmt: skip
"""A function for each keyword; it returns True for an allowed value."""
