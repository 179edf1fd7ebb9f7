"""Check how calls are authenticated: each scheme by its type, who uses it, and what its header collides
with.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.basics import Security
from pgagents.catalogue.language.credentials import (
    find_default_scheme,
    find_used_scheme,
    list_requirements,
)
from pgagents.catalogue.language.platform import Scheme
from pgagents.model.credential import Credential, kinds, make
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

_AT: Pointer = ("auth", "schemes")
_OF_ONE_KIND = {"in": "in_", "name": "name", "value": "value"}


def run(checker: Checker) -> None:
    """Record misuse of `auth.schemes` and `security`."""
    for name, written in checker.written.auth.schemes.items():
        _scheme(checker, name, written)
    for pointer, security in list_requirements(checker.written):
        _security(checker, pointer, security)
    _choice(checker)
    used = find_used_scheme(checker.written)
    if used is None:
        _limits(checker)
        return
    if checker.written.errors.framework.no_key is None:
        checker.fault(
            ("errors", "framework"),
            "missing-key",
            "key `no_key` is missing in `errors.framework`, and calls have a key",
            "name the code that a call without a valid key gets, such as `no_key: UNAUTHORIZED`",
            at_value=False,
        )
    scheme = checker.written.auth.schemes.get(used)
    if scheme is not None and checker.sound((*_AT, used)):
        credential = make(used, scheme.model_dump(by_alias=True))
        _oauth(checker, credential)
        _collisions(checker, credential)


def _scheme(checker: Checker, name: str, scheme: Scheme) -> None:
    """Record an unknown type, members of another type, and what the type refuses."""
    at, kind = (*_AT, name), kinds().get(scheme.type)
    if kind is None:
        checker.fault(
            (*at, "type"),
            "credential",
            f"`{brief(scheme.type)}` is no type of a scheme",
            did_you_mean(scheme.type, kinds()) or f"one of {', '.join(sorted(kinds()))}",
        )
        return
    for key, attribute in _OF_ONE_KIND.items():
        if getattr(scheme, attribute) is not None and key not in kind.members:
            checker.fault(
                (*at, key),
                "idle",
                f"`{key}` does nothing for `type: {scheme.type}`",
                "leave it out, or write `type: api_key` for a key in a header of that name",
                at_value=False,
            )
    for misuse in kind.find_misuses(scheme.model_dump(by_alias=True)):
        if misuse.member:
            checker.fault((*at, misuse.member), "credential", misuse.message, misuse.help)
        else:
            checker.fault(at, "missing-key", misuse.message, misuse.help, at_value=False)


def _security(checker: Checker, pointer: Pointer, security: Security) -> None:
    """Record names that are no schemes, and requirements that calls cannot meet yet."""
    for index, need in enumerate(security):
        for name, scopes in need.items():
            checker.check_reference((*pointer, index, name), name, _AT, "scheme")
            if scopes:
                checker.fault(
                    (*pointer, index, name),
                    "credential",
                    "scopes stand under `auth.oauth.needs`",
                    f"write `{name}: []`",
                )
        if not need:
            checker.fault(
                (*pointer, index),
                "credential",
                "an optional key cannot be said yet",
                "write `[]` for calls without a key, or leave `{}` out for calls with one",
            )
    if len(security) > 1:
        checker.fault(
            (*pointer, 1),
            "credential",
            "a choice of schemes cannot be said yet: calls use one",
            "keep the scheme that calls shall use",
        )


def _choice(checker: Checker) -> None:
    """Record schemes that no call uses, and calls that use several."""
    written = checker.written
    schemes, used = written.auth.schemes, find_used_scheme(written)
    if written.security is None and len(schemes) > 1:
        checker.fault(
            _AT,
            "missing-key",
            f"there are {len(schemes)} schemes, and nothing says which of them calls use",
            f"write `security: [{{{next(iter(schemes))}: []}}]` at the top",
            at_value=False,
        )
        return
    required = list(list_requirements(written))
    named = {name for _, security in required for need in security for name in need}
    if named - set(schemes):
        return  # a name is misspelt, which is told
    for name in schemes:
        if name != used and name not in named:
            checker.fault(
                (*_AT, name),
                "idle",
                f"no call uses the scheme `{name}`",
                f"leave it out, or write `security: [{{{name}: []}}]`",
                at_value=False,
            )
    default = find_default_scheme(written)
    for pointer, security in required:
        if len(security) == 1 and any(name != used for name in security[0]):
            checker.fault(
                pointer,
                "credential",
                f"other calls use `{default or used}`; a catalogue cannot say several schemes yet",
                "keep the actions of the other scheme in a catalogue of their own",
            )


def _oauth(checker: Checker, credential: Credential) -> None:
    if checker.written.auth.oauth is not None and credential.kind != "http_bearer":
        checker.fault(
            ("auth", "oauth"),
            "credential",
            f"an access token is a bearer token, and calls use `{credential.name}` ({credential.kind})",
            "leave `oauth` out, or write `type: http_bearer` if the API takes bearer tokens",
            at_value=False,
        )


def _limits(checker: Checker) -> None:
    """Record rate limits of a key where no call has one."""
    for name, bucket in checker.written.limits.buckets.items():
        if bucket.of == "key":
            checker.fault(
                ("limits", "buckets", name),
                "idle",
                "calls are counted for each key, and no call has one",
                "write `of: address`, or say under `auth.schemes` which key calls have",
                at_value=False,
            )


def _collisions(checker: Checker, credential: Credential) -> None:
    """Record everything else that would be sent in the credential's header."""
    header = credential.header.lower()
    for pointer, name in _other_headers(checker):
        if name.lower() == header:
            checker.fault(
                pointer,
                "credential",
                f"the header `{name}` carries the key already (`auth.schemes.{credential.name}`)",
                "take one of the two out",
                at_value=False,
            )


def _other_headers(checker: Checker) -> Iterator[tuple[Pointer, str]]:
    """Yield the request headers that the catalogue names besides the credential's."""
    for base, actions in checker.blocks():
        for action_name, action in actions.items():
            for name, param in action.input.items():
                if param.in_ == "header":
                    yield (*base, action_name, "input", name), param.wire or name
    for name, surface in checker.written.surfaces.items():
        for header in surface.headers:
            yield ("surfaces", name, "headers", header), header
    for index, said in enumerate(checker.written.limits.end_user):
        if said.startswith("header "):
            yield ("limits", "end_user", index), said.removeprefix("header ").strip()
