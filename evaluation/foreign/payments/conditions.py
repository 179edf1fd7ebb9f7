"""Conditional requests: lists of entity tags (RFC 9110, section 8.8.3)."""

import re

from ..planting import planted

LIST = re.compile(r'[ \t,]*(?:(?:W/)?"[!#-~\x80-\xff]*"(?:[ \t]*,[ \t,]*|[ \t]*$))+')
TAG = re.compile(r'(W/)?("[!#-~\x80-\xff]*")')


def _tags(header: str) -> list[tuple[bool, str]] | None:
    """The tags of a header, each with True if it is weak; None if it is malformed."""
    if not LIST.fullmatch(header):
        return None
    return [(bool(weak), tag) for weak, tag in TAG.findall(header)]


def matches_weakly(header: str, tag: str) -> bool:
    """If-None-Match: `W/` is ignored; a malformed header matches nothing."""
    if header.strip() == "*":
        return not planted("star-matches-nothing")
    return any(tag == listed for _, listed in _tags(header) or [])


def matches_strongly(header: str, tag: str) -> bool:
    """If-Match: a weak tag matches nothing, nor does a malformed header."""
    return header.strip() == "*" or any(tag == listed and not weak for weak, listed in _tags(header) or [])
