"""Servers of an API: their URLs, which may have variables, and their addresses in one run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pgagents.source.origin import Text
from pgagents.source.source import Pointer
from pgagents.text.placeholders import split

_ANY = "[A-Za-z0-9-]+"
"""Values of a variable without a list of allowed values: part of a host name, never the whole."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a server's URL; an empty `values` leaves its values open."""

    name: str
    default: str
    values: tuple[str, ...]
    description: str
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `name` is empty for the API's own, and `template` may have variables in braces."""

    name: str
    template: Text
    variables: tuple[Variable, ...]
    description: str
    origin: Pointer

    @property
    def url(self) -> str:
        """The server's URL with the default of each variable."""
        return self.fill({})

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the URL with these values, and with the default of each other variable.

        A value that the variable does not allow is ignored.
        """
        known = {
            v.name: values[v.name] if not v.values or values[v.name] in v.values else v.default
            for v in self.variables
            if v.name in values
        }
        return fill(str(self.template), {**{v.name: v.default for v in self.variables}, **known})

    def find_values(self, url: str) -> dict[str, str] | None:
        """Return the values of the variables in this URL; None if the URL does not fit the template."""
        if url.rstrip("/") == self.url.rstrip("/"):
            return {v.name: v.default for v in self.variables}
        literals, names = split(str(self.template).rstrip("/"))
        known = {v.name: v for v in self.variables}
        parts = [re.escape(literals[0])]
        for name, literal in zip(names, literals[1:], strict=True):
            values = known[name].values
            parts.append(f"({'|'.join(map(re.escape, values)) if values else _ANY}){re.escape(literal)}")
        found = re.fullmatch("".join(parts), url.rstrip("/"))
        return dict(zip(names, found.groups(), strict=True)) if found is not None else None


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a template with values in place of the names in braces."""
    return re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], name[0]), template)


def find_addresses(
    main: Server, servers: Mapping[str, Server], url: str, given: Mapping[str, str]
) -> dict[str, str]:
    """Return the base URLs of the other servers by name, if the API's own server is at `url`.

    `given` names addresses of a run. The catalogue's address counts only if `url` is the catalogue's too,
    with the same variables. Otherwise a key for a test server would be sent to a live one.
    """
    values = main.find_values(url)
    named = {name: one.fill(values) for name, one in servers.items()} if values is not None else {}
    return {
        name: (given.get(name) or named[name]).rstrip("/") for name in servers if name in {**named, **given}
    }
