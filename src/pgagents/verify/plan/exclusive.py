"""Why a run leaves out what it may only say, or do, of a server that nobody else uses meanwhile."""

from __future__ import annotations

ADVICE = "add --exclusive where nobody else does"


def others_too(does: str) -> str:
    """Of a contract that `counts` (lists, compares, tells) what others change too."""
    return f"{does} what others change too: {ADVICE}"


FAILS_OTHERS = f"makes the next call fail, and others call too: {ADVICE}"
OTHERS_CHANGE = f"others change what it answers: {ADVICE}"
