"""Check authentication: the members of each scheme, its use, and collisions with other headers or
arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.signing import certificates
from pgagents.catalogue.language.basics import Security
from pgagents.catalogue.language.credentials import list_requirements, list_used_schemes
from pgagents.catalogue.language.platform.auth import Scheme
from pgagents.model.connection.certificate import MUTUAL_TLS
from pgagents.model.credential import Credential, find_path_below, kinds, make
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

_AT: Pointer = ("auth", "schemes")
_CALLED = {"header": "header", "query": "query parameter", "cookie": "cookie"}
_OF_ONE_KIND = {"in": "in_", "name": "name", "value": "value", "flows": "flows"}
_NEEDED_ELSE = "write `type: api_key` for a key in a place of that name"
_NEEDED = {"flows": "write `type: oauth2`"}


def run(checker: Checker) -> None:
    """Record wrong uses of `auth.schemes` and `security`."""
    for name, written in checker.written.auth.schemes.items():
        _scheme(checker, name, written)
    for pointer, security in list_requirements(checker.written):
        _security(checker, pointer, security)
    certificates.run(checker)
    _unused(checker)
    _users(checker)
    used = list_used_schemes(checker.written)
    if not used:
        _limits(checker)
        if checker.written.errors.framework.wrong_key is not None:
            at = ("errors", "framework", "wrong_key")
            checker.report(
                at, "idle", "`wrong_key` does nothing: no call has a key", "leave it out", at_value=False
            )
        return
    if checker.written.errors.framework.no_key is None:
        checker.report(
            ("errors", "framework"),
            "missing-key",
            "key `no_key` is missing in `errors.framework`, and calls have a key",
            "name the code that a call without a valid key gets, such as `no_key: UNAUTHORIZED`",
            at_value=False,
        )
    schemes = checker.written.auth.schemes
    if any(name not in schemes or not checker.sound((*_AT, name)) for name in used):
        return
    credentials = {name: make(name, schemes[name].model_dump(by_alias=True)) for name in used}
    _token_paths(checker)
    for credential in credentials.values():
        _collisions(checker, credential)
    for pointer, security in list_requirements(checker.written):
        _pairs(checker, pointer, security, credentials)


def _scheme(checker: Checker, name: str, scheme: Scheme) -> None:
    """Record an unknown type, members that belong to another type, and values that the type refuses."""
    at, kind = (*_AT, name), kinds().get(scheme.type)
    if scheme.type == MUTUAL_TLS:
        return  # checked by its own module
    if kind is None:
        checker.report(
            (*at, "type"),
            "credential",
            f"`{brief(scheme.type)}` is no type of a scheme",
            did_you_mean(scheme.type, [*kinds(), MUTUAL_TLS])
            or f"one of {', '.join(sorted([*kinds(), MUTUAL_TLS]))}",
        )
        return
    for key, attribute in _OF_ONE_KIND.items():
        if getattr(scheme, attribute) is not None and key not in kind.members:
            checker.report(
                (*at, key),
                "idle",
                f"`{key}` does nothing for `type: {scheme.type}`",
                f"leave it out, or {_NEEDED.get(key, _NEEDED_ELSE)}",
                at_value=False,
            )
    for misuse in kind.find_misuses(scheme.model_dump(by_alias=True)):
        if misuse.member:
            checker.report((*at, misuse.member), "credential", misuse.message, misuse.help)
        else:
            checker.report(at, "missing-key", misuse.message, misuse.help, at_value=False)


def _security(checker: Checker, pointer: Pointer, security: Security) -> None:
    """Record names that are no schemes, scopes, and redundant alternatives."""
    for index, need in enumerate(security):
        for name, scopes in need.items():
            checker.check_reference((*pointer, index, name), name, _AT, "scheme")
            if scopes:
                checker.report(
                    (*pointer, index, name),
                    "credential",
                    "scopes stand under `needs` of the flow `authorization_code`",
                    f"write `{name}: []`",
                )
        if not need and len(security) == 1:
            checker.report(
                (*pointer, index),
                "idle",
                "an optional key needs a scheme beside `{}`",
                "write `[]` for calls without a key, or add the scheme: `[{apiKey: []}, {}]`",
            )
        wider = next(
            (i for i, other in enumerate(security) if i != index and _covers(security, i, index)), None
        )
        if wider is not None:
            checker.report(
                (*pointer, index),
                "idle",
                f"alternative {wider + 1} admits every call that this one admits",
                "leave one of the two out",
            )


def _covers(security: Security, one: int, other: int) -> bool:
    """Return True if alternative `one` makes alternative `other` redundant.

    It needs fewer schemes, or the same ones and comes first.
    """
    first, second = set(security[one]), set(security[other])
    return bool(first) and (first < second or (first == second and one < other))


def _unused(checker: Checker) -> None:
    """Record schemes that no call uses."""
    written = checker.written
    schemes = written.auth.schemes
    if written.security is None and len(schemes) > 1:
        checker.report(
            _AT,
            "missing-key",
            f"there are {len(schemes)} schemes, and nothing says which of them calls use",
            f"write `security: [{{{next(iter(schemes))}: []}}]` at the top",
            at_value=False,
        )
        return
    used = {name for _, security in list_requirements(written) for need in security for name in need}
    used |= set(list_used_schemes(written))
    if written.security is None:
        used |= set(schemes)  # every call uses a single scheme
    if used - set(schemes):
        return  # the name is misspelt, which has its own message
    for name in schemes:
        if name not in used:
            checker.report(
                (*_AT, name),
                "idle",
                f"no call uses the scheme `{name}`",
                f"leave it out, or write `security: [{{{name}: []}}]`",
                at_value=False,
            )


def _pairs(
    checker: Checker, pointer: Pointer, security: Security, credentials: Mapping[str, Credential]
) -> None:
    """Record schemes that cannot be used together, because both are sent in the same place."""
    for index, need in enumerate(security):
        met: dict[tuple[str, str], str] = {}
        for name in (n for n in need if n in credentials) if len(need) > 1 else ():
            place = credentials[name].place, credentials[name].wire.lower()
            if place in met:
                checker.report(
                    (*pointer, index, name),
                    "credential",
                    f"`{met[place]}` and `{name}` stand in the same place, {credentials[name].wire}",
                    f"write them as alternatives: `[{{{met[place]}: []}}, {{{name}: []}}]`",
                )
            met.setdefault(place, name)


def _users(checker: Checker) -> None:
    """Record a second scheme with a flow for users."""
    found = [n for n, s in checker.written.auth.schemes.items() if s.flows and s.flows.authorization_code]
    for name in found[1:]:
        checker.report(
            (*_AT, name, "flows", "authorization_code"),
            "credential",
            f"users sign in by `{found[0]}` already",
            "leave the flow out here: one scheme of a catalogue has it, the one that agents use",
            at_value=False,
        )


def _limits(checker: Checker) -> None:
    """Record rate limits for each key if no call has a key."""
    for name, bucket in checker.written.limits.buckets.items():
        if bucket.of == "key":
            checker.report(
                ("limits", "buckets", name),
                "idle",
                "calls are counted for each key, and no call has one",
                "write `of: address`, or say under `auth.schemes` which key calls have",
                at_value=False,
            )


def _token_paths(checker: Checker) -> None:
    """Record an OAuth endpoint that is also an action, because secrets would become its arguments."""
    actions = {action.http: name for _, block in checker.blocks() for name, action in block.items()}
    for at, key, url in _list_endpoints(checker):
        path = find_path_below(url, checker.written.api.base_url)
        for method in ("GET", "POST") if key == "authorization_url" else ("POST",):
            name = actions.get(f"{method} {path}")
            if path and name is not None:
                checker.report(
                    (*at, key),
                    "credential",
                    f"this is the path of the action `{name}`",
                    "take the action out: no agent calls an endpoint of OAuth",
                )


def _list_endpoints(checker: Checker) -> Iterator[tuple[Pointer, str, str]]:
    """Yield the flow, key and URL of each endpoint that receives secrets or opens a sign-in page."""
    for name, scheme in checker.written.auth.schemes.items():
        for flow in ("client_credentials", "authorization_code") if scheme.flows else ():
            for key in ("authorization_url", "token_url", "revocation_url"):
                url = getattr(getattr(scheme.flows, flow), key, None)
                if url:
                    yield (*_AT, name, "flows", flow), key, str(url)


def _collisions(checker: Checker, credential: Credential) -> None:
    """Record every other value that would be sent in the credential's place."""
    for pointer, place, name in _list_others(checker):
        same = name.lower() == credential.wire.lower() if place == "header" else name == credential.wire
        if place == credential.place and same:
            checker.report(
                pointer,
                "credential",
                f"the {_CALLED[place]} `{name}` carries the key already (`auth.schemes.{credential.name}`)",
                "take one of the two out",
                at_value=False,
            )


def _list_others(checker: Checker) -> Iterator[tuple[Pointer, str, str]]:
    """Yield the headers, query parameters and cookies that the catalogue names, except the credential's."""
    for base, actions in checker.blocks():
        for action_name, action in actions.items():
            for name, param in action.input.items():
                at = (*base, action_name, "input", name)
                yield at, param.in_ or _default_place(action.http, name), param.wire or name
    for name, surface in checker.written.surfaces.items():
        for header in surface.headers:
            yield ("surfaces", name, "headers", header), "header", header
    for index, said in enumerate(checker.written.limits.end_user):
        if said.startswith("header "):
            yield ("limits", "end_user", index), "header", said.removeprefix("header ").strip()


def _default_place(http: str | None, name: str) -> str:
    """Return the place in which an argument without `in` is sent."""
    method, _, path = (http or "").partition(" ")
    return "path" if f"{{{name}}}" in path else "query" if method in ("GET", "DELETE") else "body"
