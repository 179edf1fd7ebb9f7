"""How a key is presented: as it should be, and in the forms that must be refused."""

from __future__ import annotations

import re

from pgagents.model import Model
from pgagents.verify.call import Twist

_HEX = re.compile(r"[0-9A-Fa-f-]*")
"""A key whose letters are digits may be read in either case."""


def presented(key: str, twist: Twist, model: Model) -> str | None:
    """The Authorization header for a key, presented as it should be or not."""
    if twist in ("none", "query"):
        return None
    if twist == "garbage":
        prefix = next(iter(model.auth.schemes[model.auth.default].prefixes), "")
        return f"Bearer {prefix}pgv000000000000000000000000"
    if twist in ("flip", "case", "longer", "shorter"):
        return f"Bearer {_near(key, twist, model)}"
    if twist == "basic":
        return f"Basic {key}"
    return key if twist == "bare" else f"Bearer {key}"


def _near(key: str, twist: Twist, model: Model) -> str:
    """A key that is nearly this one, and so none."""
    if twist == "longer":
        return key + "A"
    if twist == "shorter":
        return key[:-1]
    prefix = next((p for p in model.auth.schemes[model.auth.default].prefixes if key.startswith(p)), "")
    own = key[len(prefix) :]
    if twist == "case" and own.swapcase() != own and not _HEX.fullmatch(own):
        return prefix + own.swapcase()
    return f"{key[:-1]}{'A' if key[-1] not in 'Aa' else 'B'}"
