"""The two statuses that refuse invalid arguments, and whether the catalogue leaves open which one a server
sends.
"""

from __future__ import annotations

from pgagents.model.model import Model

INVALID, UNPROCESSABLE = 400, 422
REFUSED_STATUSES = frozenset((INVALID, UNPROCESSABLE))


def allows_either(model: Model, *statuses: int) -> bool:
    """True if `behaviour.refused_status` is `any`, and each of these statuses is one of the two."""
    return model.behaviour.refused_status == "any" and REFUSED_STATUSES.issuperset(statuses)
