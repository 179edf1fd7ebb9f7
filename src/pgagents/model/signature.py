"""Formats of the signatures of bodies, each as data.

`signatures/<scheme>.py` has one module for each. Whoever makes, checks or describes a signature reads the
same data and computes by code of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pgagents import registry


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """A format of signatures. All are HMAC-SHA256.

    `content` is the signed text, with `{body}` and maybe `{time}` (epoch seconds) and `{id}` (of the
    message). The header's value is `first`, and `each` signature, with `between` if there are several. `form`
    matches a whole value, and `pick` finds the signatures in it. Time and id have headers of their own if
    these are named; else the time is the group `time` of `form`.
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
    """True if the secret is `whsec_` and the Base64 of the key."""
    time_header: str = ""
    id_header: str = ""
    redirect_refuses: bool = False
    """True if the scheme's specification says that a redirect is no delivery."""

    @property
    def timed(self) -> bool:
        """True if the time is signed too, so that an old message can be refused."""
        return "{time}" in self.content


@cache
def schemes() -> Mapping[str, SignatureScheme]:
    """Return all formats by name."""
    found = registry.collect_by_name("pgagents.model.signatures")
    return {name: module.SCHEME for name, module in found.items()}
