"""Give the same key to broken contracts that may have one cause on the server. They become one finding."""

from __future__ import annotations

import re

_MEMBER = re.compile(r"(?:[\w-]+ does not hold: )?(?:response\.)?([A-Za-z_]\w*(?:\.\w+)*)(?: is | = |: )")
_OF_MEMBERS = frozenset(("response_schema", "law"))
"""Checks whose findings begin with the wrong member of the answer."""


def cause(check: str, outcome: str, actual: str) -> str:
    """Return the key of a broken contract's cause; contracts with equal keys are one finding.

    `outcome` is the answer's status and code, `actual` the finding's description of the answer. If the check
    names the wrong member of an answer, the key is that member and the first digit of the status. For other
    checks it is check, outcome and `actual` up to its first colon.
    """
    if check in _OF_MEMBERS and (match := _MEMBER.match(actual)):
        path = [step for step in match[1].split(".") if not step.isdigit()]
        return f"member {path[-1]}|{outcome[:1]}"
    return f"{check}|{outcome}|{actual.partition(':')[0]}"
