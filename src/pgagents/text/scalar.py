"""Interpret plain YAML scalars by the core schema of YAML 1.2 (section 10.3.2)."""

from __future__ import annotations

import re
from typing import Any

from pgagents.text.brief import brief

_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCT = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NON_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def scalar(text: str) -> tuple[Any, str]:
    """Return the value of an unquoted scalar and an error message, which is empty if the scalar is valid.

    A scalar of more than 400 characters stays text, because converting digits takes time quadratic in their
    number.
    """
    if text in _WORDS:
        return _WORDS[text], ""
    if text[0] not in "+-.0123456789" or len(text) > 400:
        return text, ""
    if _INT.match(text):
        return int(text), ""
    if _OCT.match(text):
        return int(text[2:], 8), ""
    if _HEX.match(text):
        return int(text[2:], 16), ""
    if _FLOAT.match(text):
        number = float(text)
        return number, f"`{brief(text)}` is too large for a number" if number in (
            float("inf"),
            float("-inf"),
        ) else ""
    return text, f"`{text}` is not a number that JSON can say" if _NON_FINITE.match(text) else ""
