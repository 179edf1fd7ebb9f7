"""Reasons for leaving out contracts that other users of the server could disturb."""

from __future__ import annotations

ADVICE = "add --exclusive if nobody else uses the server"


def others_too(does: str) -> str:
    """Return the reason for leaving out a contract that other users of the server could disturb.

    `does` is the contract's verb, such as `counts` or `reports`.
    """
    return f"it {does} what other users of the server may change too: {ADVICE}"


FAILS_OTHERS = f"it makes the next call fail, which may be another user's: {ADVICE}"
OTHERS_CHANGE = f"other users of the server may change what it answers: {ADVICE}"
