"""Compare the addresses of an operation."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import Any

from pgagents.diff.openapi.parameters import Sides
from pgagents.diff.openapi.tree import Edition, Spot

MOST = 200
SHOWN = 3
_VARIABLE = re.compile(r"\{([^{}]*)\}")
Server = tuple[str, Spot]


def servers(edition: Edition, item: Spot, operation: Spot) -> tuple[list[Spot], Spot]:
    """Return an operation's servers and their place: its own, its path's, or the document's."""
    for owner in (operation, item, edition.root):
        found = edition.open(owner, "servers")
        if isinstance(found.value, list) and found.value:
            return [edition.open(found, n) for n in range(len(found.value))], found
    return [], edition.root


def addresses(edition: Edition, server: Spot) -> list[str]:
    """Return the addresses of a server, at most MOST.

    Each variable is replaced by every listed value; `{}` stands for any value.
    """
    url = edition.text(server, "url").rstrip("/")
    variables = edition.mapping(edition.open(server, "variables"))
    names = _VARIABLE.findall(url)[:20]
    choices: list[list[str]] = []
    for name in names:
        variable: Any = variables.get(name)
        listed = variable.get("enum") if isinstance(variable, dict) else None
        choices.append([str(v) for v in listed] if isinstance(listed, list) and listed else ["{}"])
    parts = _VARIABLE.split(url)[::2]
    if len(parts) != len(names) + 1:
        return [url]
    return [
        "".join(p + c for p, c in zip(parts, (*chosen, ""), strict=True))
        for chosen in islice(product(*choices), MOST)
    ]


def compare(s: Sides, old: tuple[Spot, Spot], new: tuple[Spot, Spot]) -> None:
    """Add the changes of addresses. Each side is a path item with its operation."""
    before, there = servers(s.both.old, *old)
    after, here = servers(s.both.new, *new)
    then = {address: spot for spot in before for address in addresses(s.both.old, spot)} or {"": there}
    now = {address: spot for spot in after for address in addresses(s.both.new, spot)} or {"": here}
    open_ = [re.compile(".*".join(map(re.escape, a.split("{}"))) + r"\Z") for a in now if "{}" in a]
    lost = [a for a in then if a not in now and not any(p.match(a) for p in open_)]
    told = {
        a: (edition.text(spot, "url") if "{}" in a else a)
        for edition, side in ((s.both.old, then), (s.both.new, now))
        for a, spot in side.items()
    }
    come = [a for a in now if a not in then]
    if lost:
        s.tell(
            "server-removed",
            (
                f"is not served at {_join_addresses(lost, told)} any more: it is at "
                f"{_join_addresses(list(now), told)}"
            ),
            then[lost[0]],
            here,
        )
    elif come:
        s.tell("server-added", f"is served at {_join_addresses(come, told)} too", None, now[come[0]])
    first, is_first = _find_first(s.both.old, before), _find_first(s.both.new, after)
    if not lost and first != is_first:
        message = f"the first address is {_format_address(is_first)} now, was {_format_address(first)}"
        s.tell("server-order", message, there, here)
    if len(before) != len(after):
        return
    if not lost and first == is_first and _defaults(s.both.old, before) != _defaults(s.both.new, after):
        s.tell("server-order", "a variable of the address has another default", there, here)
    if [s.both.old.text(x, "description") for x in before] != [
        s.both.new.text(x, "description") for x in after
    ]:
        s.tell("server-text", "an address is described anew", there, here)


def _find_first(edition: Edition, found: list[Spot]) -> str:
    """Return the address that most callers take: the first server's, with its variables' defaults.

    A variable without a default is written `{}`.
    """
    if not found:
        return ""
    variables = edition.mapping(edition.open(found[0], "variables"))

    def fill(match: re.Match[str]) -> str:
        variable: Any = variables.get(match[1])
        value = variable.get("default") if isinstance(variable, dict) else None
        return "{}" if value is None else str(value)

    return _VARIABLE.sub(fill, edition.text(found[0], "url").rstrip("/"))


def _defaults(edition: Edition, found: list[Spot]) -> list[dict[str, Any]]:
    return [
        {
            name: v.get("default")
            for name, v in edition.mapping(edition.open(spot, "variables")).items()
            if isinstance(v, dict)
        }
        for spot in found
    ]


def _join_addresses(addresses: list[str], told: dict[str, str]) -> str:
    more = f" and {len(addresses) - SHOWN} more" if len(addresses) > SHOWN else ""
    return ", ".join(_format_address(told[address]) for address in addresses[:SHOWN]) + more


def _format_address(address: str) -> str:
    return address or "its own host"
