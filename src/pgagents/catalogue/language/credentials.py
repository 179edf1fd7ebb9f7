"""The schemes that a catalogue's calls use."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.language.basics import Security
from pgagents.catalogue.language.surface import Catalogue
from pgagents.source.source import Pointer

Alternatives = tuple[tuple[str, ...], ...]
"""Names of schemes: those of one alternative are needed together."""


def list_requirements(written: Catalogue) -> Iterator[tuple[Pointer, Security]]:
    """Yield every `security` that is written, with its place."""
    if written.security is not None:
        yield ("security",), written.security
    operator = written.operator.actions if written.operator else {}
    for base, actions in ((("actions",), written.actions), (("operator", "actions"), operator)):
        for name, action in actions.items():
            if action.security is not None:
                yield (*base, name, "security"), action.security


def list_alternatives(written: Catalogue, security: Security | None) -> Alternatives:
    """Return the alternatives of `security`. Without it, a single scheme is the only alternative."""
    if security is None:
        return ((next(iter(written.auth.schemes)),),) if len(written.auth.schemes) == 1 else ()
    return tuple(tuple(need) for need in security)


def list_used_schemes(written: Catalogue) -> list[str]:
    """Return the schemes that calls use, those of ordinary calls first."""
    ordinary = (name for need in list_alternatives(written, written.security) for name in need)
    named = (name for _, security in list_requirements(written) for need in security for name in need)
    return list(dict.fromkeys((*ordinary, *named)))
