"""How a key is presented: as it should be, and in the forms that must be refused."""

from __future__ import annotations

from pgagents.model import Model
from pgagents.verify.call import Twist


def presented(key: str, twist: Twist, model: Model) -> str | None:
    """The Authorization header for a key, presented as it should be or not."""
    if twist in ("none", "query"):
        return None
    if twist == "garbage":
        prefix = next(iter(model.auth.schemes[model.auth.default].prefixes), "")
        return f"Bearer {prefix}pgv000000000000000000000000"
    if twist == "flip":
        return f"Bearer {key[:-1]}{'A' if key[-1] != 'A' else 'B'}"
    if twist == "basic":
        return f"Basic {key}"
    return key if twist == "bare" else f"Bearer {key}"
