"""Check who may call, and what is signed: schemes, certificates, envelopes and signature formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.errors import Diagnostic
from pgagents.base.places import Pointer, Source
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.auth import Scheme
from pgagents.catalogue.language.basics import Security
from pgagents.catalogue.language.catalogue import list_requirements, list_used_schemes
from pgagents.catalogue.model.credential import (
    Credential,
    SignatureScheme,
    find_path_below,
    kinds,
    make,
    schemes,
)

_AT: Pointer = ("auth", "schemes")
_CALLED = {"header": "header", "query": "query parameter", "cookie": "cookie"}
_OF_ONE_KIND = {"in": "in_", "name": "name", "value": "value", "flows": "flows"}
_NEEDED_ELSE = "write `type: api_key` for a key in a place of that name"
_NEEDED = {"flows": "write `type: oauth2`"}


def check_security(checker: Checker) -> None:
    """Record wrong uses of `auth.schemes` and `security`."""
    for name, written in checker.written.auth.schemes.items():
        _scheme(checker, name, written)
    for pointer, security in list_requirements(checker.written):
        _security(checker, pointer, security)
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
    _check_refusals_of_plans(checker)
    schemes = checker.written.auth.schemes
    if any(name not in schemes or not checker.sound((*_AT, name)) for name in used):
        return
    credentials = {name: make(name, schemes[name].model_dump(by_alias=True)) for name in used}
    _token_paths(checker)
    for credential in credentials.values():
        _collisions(checker, credential)
    for pointer, security in list_requirements(checker.written):
        _pairs(checker, pointer, security, credentials)


def _check_refusals_of_plans(checker: Checker) -> None:
    """Record that nothing says what a key without the scope gets, so that no refusal would be tried."""
    plans = checker.written.auth.plans.values()
    scopes = {str(action.scope): name for name, action in checker.written.actions.items() if action.scope}
    refused = [name for scope, name in scopes.items() if any(scope not in plan for plan in plans)]
    if refused and checker.written.errors.framework.no_scope is None:
        code = "codes: {FORBIDDEN: {status: 403, meaning: The key does not allow this}}"
        checker.report(
            ("actions", refused[0], "scope"),
            "missing-key",
            "no code says what a key without this scope gets, so nothing would be tried",
            f"write it: `errors: {{{code}, framework: {{no_scope: FORBIDDEN}}}}`",
            at_value=False,
        )


def _scheme(checker: Checker, name: str, scheme: Scheme) -> None:
    """Record an unknown type, members that belong to another type, and values that the type refuses."""
    at, kind = (*_AT, name), kinds().get(scheme.type)
    if kind is None:
        checker.report(
            (*at, "type"),
            "credential",
            f"`{brief(scheme.type)}` is not a type of a scheme",
            did_you_mean(scheme.type, kinds()) or f"one of {', '.join(sorted(kinds()))}",
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
    """Record names that are not schemes, scopes, and redundant alternatives."""
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


# -- envelopes of events


AT: Pointer = ("webhooks",)


def check_envelopes(checker: Checker) -> None:
    """Record a secret that signs nothing."""
    hooks = checker.written.webhooks
    if hooks is None:
        return
    if hooks.secret_at and hooks.signature is None and checker.sound((*AT, "signature")):
        message = "`secret_at` has no effect: no delivery is signed"
        help = "leave it out, or say under `signature` how deliveries are signed"
        checker.report((*AT, "secret_at"), "idle", message, help, at_value=False)


# -- signature formats


def check_signatures(checker: Checker) -> None:
    """Record unknown formats, missing headers of a format, and keys without an effect in it."""
    hooks = checker.written.webhooks
    if hooks is not None and hooks.signature is not None:
        at: Pointer = ("webhooks", "signature")
        scheme = _find(checker, at, hooks.signature.scheme)
        if scheme is not None and "tolerance_s" in hooks.signature.model_fields_set:
            _tolerance(checker, at, scheme)
    for base, actions in checker.blocks():
        for name, action in actions.items():
            signed, at = action.signed, (*base, name, "signed")
            scheme = _find(checker, at, signed.scheme) if signed is not None else None
            if signed is None or scheme is None:
                continue
            if "tolerance_s" in signed.model_fields_set:
                _tolerance(checker, at, scheme)
            for key, header in (("time", scheme.time_header), ("id", scheme.id_header)):
                given = getattr(signed, key)
                checker.check_reference((*at, key), given, (*base, name, "input"), "argument")
                if header and given is None:
                    message = f"`{scheme.name}` has its {key} in the header `{header}`"
                    help = f"add `{key}: ARGUMENT`, the argument that is this header"
                    checker.report(at, "missing-key", message, help, at_value=False)
                elif given is not None and not header:
                    message = f"`{key}` does nothing here: `{scheme.name}` has no header for it"
                    checker.report((*at, key), "idle", message, "leave it out", at_value=False)


def _find(checker: Checker, at: Pointer, name: str) -> SignatureScheme | None:
    found = schemes().get(name)
    if found is None:
        help = did_you_mean(name, schemes()) or f"one of {', '.join(sorted(schemes()))}"
        checker.report((*at, "scheme"), "signature", f"`{brief(name)}` is not a format of a signature", help)
    return found


def _tolerance(checker: Checker, at: Pointer, scheme: SignatureScheme) -> None:
    if not scheme.timed:
        message = f"`tolerance_s` does nothing here: `{scheme.name}` signs no time"
        checker.report((*at, "tolerance_s"), "idle", message, "leave it out", at_value=False)


# -- credentials that no call can send yet


KINDS = {
    "http": "HTTP authentication by `{scheme}`",
    "oauth2": "an OAuth 2.0 token by no flow that calls can take",
    "open_id_connect": "an OpenID Connect token",
    "unsendable": "a key under a name that no request can carry",
    "undeclared": "a key that its document does not describe",
}
HELP = (
    "if the API takes a key too, write that: `type: http_bearer`, or `{type: api_key, in: header, name: "
    "X-API-Key}`; if not, no manifest can be made of it with this version of pgagents"
)


def find_unsupported_key(source: Source) -> list[Diagnostic]:
    """Return an error for the first credential that calls cannot send, with the number of others; else
    empty.
    """
    found = list(_list_schemes(source))
    if not found:
        return []
    at, said = found[0]
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = f"{said}{others}, which is not supported yet"
    return [Diagnostic(source.locate(at), "catalogue/key-kind", "error", message, HELP)]


def as_bearer(source: Source) -> Source:
    """Return the source with bearer keys instead of such credentials, so that everything else can be
    checked.
    """
    if not find_unsupported_key(source):
        return source
    described = ("description", "prefixes", "issue_at")
    schemes = _schemes(source.data)
    made = {
        n: {k: s[k] for k in described if k in s} if _is_unsupported(s) else s for n, s in schemes.items()
    }
    data = dict(source.data)
    if isinstance(data.get("auth"), dict):
        data["auth"] = {**data["auth"], "schemes": made}
    return replace(source, data=data)


def _list_schemes(source: Source) -> Iterator[tuple[Pointer, str]]:
    for name, scheme in _schemes(source.data).items():
        if _is_unsupported(scheme):
            words = {"scheme": brief(str(scheme.get("scheme", "?")), 40)}
            at: Pointer = ("auth", "schemes", name, "type")
            yield at, f"`{brief(str(name))}` is {KINDS[_kind(scheme)].format(**words)}"


def _schemes(data: Any) -> Mapping[Any, Any]:
    auth = data.get("auth") if isinstance(data, dict) else None
    schemes = auth.get("schemes") if isinstance(auth, dict) else None
    return schemes if isinstance(schemes, dict) else {}


def _is_unsupported(scheme: Any) -> bool:
    kind = _kind(scheme)
    return kind in KINDS and not (kind == "oauth2" and scheme.get("flows"))


def _kind(scheme: Any) -> str:
    kind = scheme.get("type") if isinstance(scheme, dict) else None
    return kind if isinstance(kind, str) else ""
