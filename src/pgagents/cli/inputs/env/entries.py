"""The entries of a server description, read with their places, and the problems found so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Pointer, Source
from pgagents.text.brief import brief

_VARIABLE = re.compile(
    r"[A-Z_][A-Z0-9_]*\Z"
)  # only capitals, so that a key written here by mistake is not taken for a name
NO_NAME = "env/no-variable"
FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
"""The name of a header, as RFC 9110 (section 5.1) has it."""


class Entries:
    """Read the entries of a description, and collect its problems in `found`.

    `variables` is the environment.
    """

    def __init__(self, source: Source, variables: Mapping[str, str]) -> None:
        self.source, self.variables = source, variables
        self.found = [Diagnostic(f.span, f"env/{f.id}", "error", f.message, f.help) for f in source.problems]

    def report(
        self, pointer: Pointer, id: str, message: str, help: str = "", *, at_value: bool = True
    ) -> None:
        """Record a problem at an entry, at its value or else at its key."""
        self.found.append(
            Diagnostic(self.source.locate(pointer, at_value=at_value), f"env/{id}", "error", message, help)
        )

    def mapping(self, key: str) -> dict[Any, Any]:
        """Return the mapping under a key of the file; empty, with a problem, if it is something else."""
        given = self.source.data[key]
        if isinstance(given, dict):
            return given
        self.report((key,), "type", f"`{key}` is a mapping")
        return {}

    def variable(self, pointer: Pointer, name: Any) -> str:
        """Return the value of an environment variable.

        The message never repeats the text, which may be a key in place of the name.
        """
        if not isinstance(name, str) or not _VARIABLE.match(name):
            self.report(
                pointer,
                "no-variable",
                "this is no name of an environment variable (capitals, digits and _)",
                "keys never stand in a file: export NAME=…, and write NAME",
            )
            return ""
        if not self.variables.get(name):
            self.report(
                pointer,
                "variable",
                f"the environment variable {brief(name)} is not set",
                f"export {brief(name)}=… first",
            )
        return self.variables.get(name, "")
