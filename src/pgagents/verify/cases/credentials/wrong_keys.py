"""Choose the calls whose key is missing or wrong, and those whose key is right in an unusual way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.model.credential import Credential
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.call import Twist
from pgagents.verify.wire.credential import list_twists
from pgagents.verify.wire.endpoint import Endpoint

NAME = "key_authentication"
OPTIONAL = "optional"
EVERYWHERE: dict[Twist, str] = {"none": "without a key"}
NEAR: dict[Twist, tuple[Twist, ...]] = {"garbage": ("longer", "shorter", "garbage"), "flip": ("flip", "case")}
"""Keys that were never issued and resemble an issued one.

They reveal servers that truncate keys to a column's width, or ignore case. Surface and seed choose which one
is sent.
"""


@dataclass(frozen=True, slots=True)
class KeyCase:
    """A call that must be refused; with `accepted`, one that must be accepted."""

    endpoint: Endpoint
    detail: str
    what: str
    twist: Twist = ""
    scheme: str = ""
    """The scheme that the twist changes; empty for all schemes."""
    schemes: tuple[str, ...] | None = None
    """The schemes that are presented; None for those of an ordinary call."""
    accepted: bool = False

    @property
    def contract(self) -> str:
        """The id of the case's contract."""
        return f"{NAME}/{self.detail}/{self.endpoint.place}"


def find_first_read(setting: Setting) -> list[tuple[Endpoint, Credential]]:
    """Return the first REST read that needs a key and no id, as a list of at most one.

    The list is also empty if the key is not sent under a scheme of HTTP authentication.
    """
    credential = setting.model.credential
    if credential is None or not credential.any_case:
        return []
    plain = (d for d in list_plain_reads(setting) if next(iter(d.security), ()) == (credential.name,))
    return [(d, credential) for d in plain][:1]


def list_plain_reads(setting: Setting) -> Iterator[Endpoint]:
    """Yield the REST reads that take a key and need no id."""
    for endpoint in setting.endpoints:
        plain = endpoint.on_rest and "{" not in endpoint.path
        if plain and endpoint.needs_key and endpoint.action.only_reads:
            yield endpoint


def list_unread(setting: Setting) -> list[Endpoint]:
    """Return the first endpoint of each surface that has a body; empty unless the catalogue sets
    `auth_first`.
    """
    bodies: dict[str, Endpoint] = {}
    for endpoint in setting.endpoints if setting.model.behaviour.auth_first is True else ():
        refuses = endpoint.needs_key and () not in endpoint.security
        if refuses and (not endpoint.on_rest or any(p.place == "body" for p in endpoint.params)):
            bodies.setdefault(endpoint.surface, endpoint)
    return list(bodies.values())


def _order_endpoints(setting: Setting) -> Sequence[Endpoint]:
    """Return the endpoints. If a document made the catalogue, plain reads come first, because writes may be
    forbidden.
    """
    if not setting.model.leaves_open:
        return setting.endpoints
    plain = {endpoint.place for endpoint in list_plain_reads(setting)}
    return sorted(setting.endpoints, key=lambda endpoint: endpoint.place not in plain)


def list_cases(setting: Setting) -> Iterator[KeyCase]:
    """Yield the calls of the check: each wrong form of a key once a surface, and no key at each endpoint."""
    seen: set[tuple[str, str]] = set()
    for endpoint in _order_endpoints(setting):
        if not endpoint.needs_key or () in endpoint.security:
            continue
        for twist, what in EVERYWHERE.items():
            yield KeyCase(endpoint, twist, what, twist)
        for alternative in endpoint.security:
            for scheme in alternative:
                if (endpoint.surface, scheme) not in seen:
                    seen.add((endpoint.surface, scheme))
                    yield from _list_wrong_forms(setting, endpoint, alternative, scheme)
            if (endpoint.surface, " ".join(alternative)) not in seen and len(alternative) > 1:
                seen.add((endpoint.surface, " ".join(alternative)))
                yield from _list_parts(endpoint, alternative)
        yield from _list_others(setting, endpoint, seen)
        if (endpoint.surface, "") not in seen and find_revoked_role(setting):
            yield KeyCase(endpoint, "revoked", "with a revoked key")
        seen.add((endpoint.surface, ""))
    yield from _list_accepted(setting)


def _list_wrong_forms(
    setting: Setting, endpoint: Endpoint, alternative: tuple[str, ...], scheme: str
) -> Iterator[KeyCase]:
    """Yield a case for each wrong form of one scheme. The other schemes of its alternative are presented
    correctly.
    """
    credentials = setting.model.credentials
    credential, first = credentials[scheme], scheme == next(iter(credentials))
    others = [credentials[n] for one in endpoint.security for n in one if n != scheme and one != alternative]
    for twist, what in list_twists(credential, others).items():
        detail, said = (twist, what) if first else (f"{twist}-{scheme}", f"{what} (`{scheme}`)")
        yield KeyCase(endpoint, detail, said, twist, scheme, alternative)


def _list_parts(endpoint: Endpoint, alternative: tuple[str, ...]) -> Iterator[KeyCase]:
    """Yield calls that each lack one of several schemes that are needed together."""
    for scheme in alternative:
        rest = tuple(name for name in alternative if name != scheme)
        if not any(set(one) <= set(rest) for one in endpoint.security):
            yield KeyCase(endpoint, f"without-{scheme}", f"without `{scheme}`", schemes=rest)


def _list_others(setting: Setting, endpoint: Endpoint, seen: set[tuple[str, str]]) -> Iterator[KeyCase]:
    """Yield calls with one scheme that other actions take and this one does not."""
    taken = {name for one in endpoint.security for name in one}
    for scheme in setting.model.credentials:
        met = (endpoint.surface, f"{scheme} for {endpoint.security}")
        if scheme not in taken and met not in seen:
            seen.add(met)
            yield KeyCase(endpoint, f"other-{scheme}", f"with `{scheme}` instead", schemes=(scheme,))


def _list_accepted(setting: Setting) -> Iterator[KeyCase]:
    """Yield a call with each alternative but the first, and each call without a key if its key is
    optional.
    """
    seen: set[tuple[str, ...]] = set()
    for endpoint in list_plain_reads(setting):
        if () in endpoint.security:
            yield KeyCase(endpoint, OPTIONAL, "without a key, which is optional,", "none", accepted=True)
        for alternative in [one for one in endpoint.security if one][1:]:
            if alternative not in seen:
                seen.add(alternative)
                shown = " and ".join(f"`{name}`" for name in alternative)
                detail = f"alternative-{'+'.join(alternative)}"
                yield KeyCase(endpoint, detail, f"with {shown} instead", schemes=alternative, accepted=True)


def find_revoked_role(setting: Setting) -> str | None:
    """Return the role whose key is revoked; None without one."""
    return next((name for name, role in setting.model.auth.roles.items() if role.revoked), None)


def choose_twist(setting: Setting, endpoint: Endpoint, twist: Twist) -> Twist:
    """Return the twist to send: one of several similar twists, chosen by surface and seed, or the twist
    itself.
    """
    several = NEAR.get(twist, (twist,))
    surfaces = setting.compute_once(
        "surfaces", lambda: list(dict.fromkeys(d.surface for d in setting.endpoints))
    )
    return several[(surfaces.index(endpoint.surface) + setting.seed) % len(several)]


def choose_input(setting: Setting, endpoint: Endpoint, twist: Twist) -> dict[str, Any]:
    """Return the call's arguments. Without a key and with `auth_first`, the ids name no instance.

    A 404 then reveals a server that looks up the id first, or that checks no key at all.
    """
    given = dict(template_of(setting.model, endpoint.action).input)
    if twist == "none" and setting.model.behaviour.auth_first is True and () not in endpoint.security:
        for param in endpoint.params:
            resource = setting.model.resources.get(param.refers_to or "")
            if resource is not None and resource.absent is not None and param.required:
                given[str(param.name)] = resource.find_absent_value(param)
    return given
