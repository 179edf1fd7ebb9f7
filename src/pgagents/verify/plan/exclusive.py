"""Reasons for leaving out contracts that other users of the server could disturb."""

from __future__ import annotations

ADVICE = "add --exclusive where nobody else does"


def others_too(does: str) -> str:
    """Return the reason for leaving out a contract that other users of the server could disturb.

    `does` is the contract's verb, such as `counts` or `tells`.
    """
    return f"{does} what others change too: {ADVICE}"


FAILS_OTHERS = f"makes the next call fail, and others call too: {ADVICE}"
OTHERS_CHANGE = f"others change what it answers: {ADVICE}"
