"""The stores that a package can be submitted to, one for each module under `stores`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from pgagents.errors import PgagentsError
from pgagents.text.nearest import did_you_mean

PACKAGE = "pgagents.submit.stores"
OTHER_NAMES = MappingProxyType({"claude": "anthropic", "chatgpt": "openai"})
"""Other names of stores, each with the surface that has the listing."""
Subject = Literal["hint", "case", "tools", "sign_in", "challenge", "page", "address", "discovery", "run"]
"""The subjects of a missing requirement, besides the package itself."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store's demands on a package and on the server behind it.

    `judge` is the package judge of the store; empty if there is none. `hints` are those that the store reads.
    `codes` are the store's own codes by subject. `pages` are members of the listing whose pages a reviewer
    opens. `host_only` lists facts that neither this machine nor a public address can show.
    """

    title: str
    judge: str
    hints: tuple[str, ...]
    codes: Mapping[Subject, str]
    pages: tuple[str, ...]
    host_only: tuple[str, ...]
    hosted: bool = False
    """True if the store connects to a hosted server only."""
    keys: bool = True
    """True if the store can connect with a key instead of OAuth."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """The store's codes for problems that one of our lint rules finds too, each with the rule's id."""
    challenge: str = ""
    """The path of the file that proves ownership of the domain; empty if the store demands none."""


@cache
def list_stores() -> Mapping[str, Store]:
    """Return every store by the name of its surface."""
    from pgagents import registry

    found: dict[str, Any] = registry.collect(PACKAGE)
    return MappingProxyType({name: module.STORE for name, module in found.items()})


def find_store(name: str) -> tuple[str, Store]:
    """Return the surface and the store of a name. Raises PgagentsError for an unknown one."""
    stores = list_stores()
    surface = OTHER_NAMES.get(name, name)
    if surface not in stores:
        raise PgagentsError(
            f"there is no store `{name}`",
            did_you_mean(name, [*stores, *OTHER_NAMES]) or f"there are {', '.join(stores)}",
        )
    return surface, stores[surface]
