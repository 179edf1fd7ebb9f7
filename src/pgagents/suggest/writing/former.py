"""Recognise a file that an earlier suggestion wrote, by its first line."""

from __future__ import annotations

import re

LAWS = "laws in"
CASES = "test cases to paste"
_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?# [\d,]+ (?:%b|%b)\b" % (LAWS.encode(), CASES.encode()))


def is_suggestion(raw: bytes) -> bool:
    """True if a file begins as `pgagents suggest` begins its laws or test cases."""
    return _FIRST.match(raw) is not None
