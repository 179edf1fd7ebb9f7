"""Fresh values of each kind, in several forms. A caller sends the first form that the schema allows."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

MOST_INT = 2**53 - 1
"""The greatest whole number that every JSON parser keeps exactly."""


def list_forms(kind: str, mark: str) -> list[Any]:
    """Return values of a kind that contain a mark, the most readable first.

    Kinds are `text`, `slug`, `email`, `uuid`, `int` and `url`. If the mark does not fit, its digest replaces
    it.
    """
    digest = sha256(mark.encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    if kind == "email":
        return [f"{mark}@example.com"]
    if kind == "url":
        return [f"https://{mark}.example/"]
    if kind == "uuid":
        return [str(UUID(bytes=digest[:16], version=4))]
    if kind == "int":
        return [number % MOST_INT, *(number % 10**digits for digits in (12, 9, 6, 4))]
    plain = mark.replace("-", "")
    return [
        mark,
        plain,
        plain.upper(),
        mark.replace("-", "_"),
        digest.hex()[:16],
        digest.hex()[:16].upper(),
        str(number),
    ]
