"""Which broken contracts are one finding: those that one thing on the server may have broken."""

from __future__ import annotations

import re

_MEMBER = re.compile(r"(?:[\w-]+ does not hold: )?(?:response\.)?([A-Za-z_]\w*(?:\.\w+)*)(?: is | = |: )")
_OF_MEMBERS = frozenset(("response_schema", "law"))
"""Checks whose findings begin with the member of the answer that is wrong."""


def cause(check: str, outcome: str, actual: str) -> str:
    """What findings of one cause have in common: the member that is wrong, whichever check and action show it; else the check, what came
    back and what is wrong with it."""
    if check in _OF_MEMBERS and (match := _MEMBER.match(actual)):
        path = [step for step in match[1].split(".") if not step.isdigit()]
        return f"member {path[-1]}|{outcome[:1]}"
    return f"{check}|{outcome}|{actual.partition(':')[0]}"
