"""The scheme that a catalogue's calls use."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.language.basics import Security
from pgagents.catalogue.language.surface import Catalogue
from pgagents.source.source import Pointer


def list_requirements(written: Catalogue) -> Iterator[tuple[Pointer, Security]]:
    """Yield every `security` that is written, with its place."""
    if written.security is not None:
        yield ("security",), written.security
    operator = written.operator.actions if written.operator else {}
    for base, actions in ((("actions",), written.actions), (("operator", "actions"), operator)):
        for name, action in actions.items():
            if action.security is not None:
                yield (*base, name, "security"), action.security


def find_default_scheme(written: Catalogue) -> str | None:
    """Return the scheme of an action without `security` of its own; None if it is called without a key."""
    if written.security is None:
        return next(iter(written.auth.schemes)) if len(written.auth.schemes) == 1 else None
    return next((name for need in written.security for name in need), None)


def find_used_scheme(written: Catalogue) -> str | None:
    """Return the one scheme that calls use; None if no call has a key."""
    named = (name for _, security in list_requirements(written) for need in security for name in need)
    return find_default_scheme(written) or next(named, None)
