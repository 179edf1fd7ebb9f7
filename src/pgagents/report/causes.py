"""Groups broken contracts into one finding where they may have one cause on the server."""

from __future__ import annotations

import re

_MEMBER = re.compile(r"(?:[\w-]+ does not hold: )?(?:response\.)?([A-Za-z_]\w*(?:\.\w+)*)(?: is | = |: )")
_OF_MEMBERS = frozenset(("response_schema", "law"))
"""Checks whose findings begin with the wrong member of the answer."""


def cause(check: str, outcome: str, actual: str) -> str:
    """Return a key that findings with the same cause share.

    For checks of members it is the member and the class of the status; else check, outcome and the beginning
    of `actual`.
    """
    if check in _OF_MEMBERS and (match := _MEMBER.match(actual)):
        path = [step for step in match[1].split(".") if not step.isdigit()]
        return f"member {path[-1]}|{outcome[:1]}"
    return f"{check}|{outcome}|{actual.partition(':')[0]}"
