"""Find the schemes that a catalogue's calls use."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.language.basics import Security
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.language.platform.auth import Scheme
from pgagents.model.connection.certificate import MUTUAL_TLS
from pgagents.source.source import Pointer

Alternatives = tuple[tuple[str, ...], ...]
"""Alternatives, each with the names of the schemes that are needed together."""


def list_requirements(written: Catalogue) -> Iterator[tuple[Pointer, Security]]:
    """Yield every `security` in the file, with its place."""
    if written.security is not None:
        yield ("security",), written.security
    operator = written.operator.actions if written.operator else {}
    for base, actions in ((("actions",), written.actions), (("operator", "actions"), operator)):
        for name, action in actions.items():
            if action.security is not None:
                yield (*base, name, "security"), action.security


def list_alternatives(written: Catalogue, security: Security | None) -> Alternatives:
    """Return the alternatives of `security`. Without `security`, a single scheme is the only alternative.

    The users' scheme is left out if its tokens are sent in the place of a bearer key. A client certificate is
    left out too, because it belongs to the connection.
    """
    certificate = find_certificate(written)
    if security is None:
        names = list(written.auth.schemes)
        return ((names[0],),) if len(names) == 1 and names[0] != certificate else ()
    beside = (find_user_scheme(written),) if find_carrier(written) != find_user_scheme(written) else None
    needs = tuple(need for each in security if (need := tuple(each)) != beside)
    if not needs_certificate(written, security):
        return needs
    return tuple(rest for need in needs if (rest := tuple(name for name in need if name != certificate)))


def find_certificate(written: Catalogue) -> str | None:
    """Return the scheme that is a client certificate, or None."""
    return next((name for name, one in written.auth.schemes.items() if one.type == MUTUAL_TLS), None)


def needs_certificate(written: Catalogue, security: Security | None) -> bool:
    """Return whether calls with this `security` need a client certificate."""
    name = find_certificate(written)
    if security is None:
        return name is not None and len(written.auth.schemes) == 1
    return any(name in need for need in security)


def find_user_scheme(written: Catalogue) -> str | None:
    """Return the name of the scheme with an authorization code flow, by which users sign in; None without
    one.
    """
    return next((n for n, s in written.auth.schemes.items() if s.flows and s.flows.authorization_code), None)


def find_carrier(written: Catalogue) -> str | None:
    """Return the scheme in whose place calls send the tokens of users; None if users do not sign in.

    It is a bearer scheme if both schemes are alone in exactly the same alternatives. Otherwise it is the
    users' scheme itself.
    """
    users = find_user_scheme(written)
    if users is None or _has_client(written.auth.schemes[users]):
        return users
    needs = [[tuple(need) for need in security] for _, security in list_requirements(written)]
    together = any(users in need and len(need) > 1 for each in needs for need in each)
    for name, scheme in written.auth.schemes.items():
        bearer = scheme.type == "http_bearer" or _has_client(scheme)
        if bearer and not together and _stand_together(needs, users, name):
            return name
    return users


def _has_client(scheme: Scheme) -> bool:
    return scheme.flows is not None and scheme.flows.client_credentials is not None


def _stand_together(needs: list[list[tuple[str, ...]]], users: str, name: str) -> bool:
    both = {((users,) in each, (name,) in each) for each in needs}
    return (True, True) in both and both <= {(True, True), (False, False)}


def list_used_schemes(written: Catalogue) -> list[str]:
    """Return the schemes that calls use, those of ordinary calls first."""
    ordinary = (name for need in list_alternatives(written, written.security) for name in need)
    named = (
        name
        for _, security in list_requirements(written)
        for need in list_alternatives(written, security)
        for name in need
    )
    return list(dict.fromkeys((*ordinary, *named)))
