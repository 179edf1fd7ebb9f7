"""Signature formats of webhook and request bodies, as data.

`signatures/<scheme>.py` has one module for each. Code that makes, checks or describes a signature reads the
same data and computes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pgagents import registry


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """A signature format. All are HMAC-SHA256.

    `content` is the signed text with `{body}`, and optionally `{time}` (epoch seconds) and `{id}` (of the
    message). The header's value is `first` followed by `each` signature, joined with `between`. `form`
    matches the whole value; `pick` finds the signatures in it. Time and id have their own headers if these
    are named. Otherwise the time is the group `time` of `form`.
    """

    name: str
    header: str
    content: str
    first: str
    each: str
    form: str
    pick: str
    says: str
    between: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    coded_secret: bool = False
    """True if the secret is `whsec_` followed by the Base64 of the key."""
    time_header: str = ""
    id_header: str = ""
    redirect_refuses: bool = False
    """True if the scheme's specification says that a redirect counts as a failed delivery."""

    @property
    def timed(self) -> bool:
        """True if the time is signed too, so that an old message can be refused."""
        return "{time}" in self.content


@cache
def schemes() -> Mapping[str, SignatureScheme]:
    """Return all formats by name."""
    found = registry.collect_by_name("pgagents.model.signatures")
    return {name: module.SCHEME for name, module in found.items()}
