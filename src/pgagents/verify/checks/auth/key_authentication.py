"""A call without a valid key is refused.

Each endpoint is called without a key. One endpoint of each surface also gets malformed, wrong, misplaced and
revoked keys, in the forms of the scheme's type. In `user:password` the password is wrong. Where a call needs
several schemes, each is left out once. A scheme of other actions is refused. Each further alternative is
accepted, and so is a call without a key if the key is optional. If the catalogue sets `auth_first`, the key
is checked before the body is parsed or ids are looked up. The name of an HTTP scheme is also accepted in
lower case.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.credential import Credential
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.refusal import ANY_REFUSAL
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Probe,
    judge_accepted,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw, Twist
from pgagents.verify.wire.encode import list_twists
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

# -- calls with a missing or wrong key, and with a right key in an unusual form


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


BEFORE_BODY = "before_body"
EITHER_CASE = "either_case"
FORBIDDEN = 403
UNSAID = tuple(s for s in ANY_REFUSAL if s not in (404, 405, 410))
"""Statuses that may refuse a key if a document names no code for it."""
WRONG: frozenset[Twist] = frozenset(("garbage", "flip", *NEAR["garbage"], *NEAR["flip"]))
"""The twists that send a well-formed but wrong key."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts: no key on every endpoint; wrong and revoked keys on one endpoint of each surface.

    One endpoint of each surface is also called without a key and with an unreadable body. One call has the
    scheme in lower case, and one call uses each further alternative.
    """
    for case in list_cases(setting):
        endpoint, ends = case.endpoint, "is served" if case.accepted else "is refused"
        yield promise(
            NAME,
            case.detail,
            endpoint,
            f"{endpoint.action.name} called {case.what} {ends}",
            ("security",) if case.accepted else ("errors", "framework", "no_key"),
            endpoint.action.cite,
        )

    for endpoint in list_unread(setting):
        says = f"{endpoint.action.name} called without a key is refused for that, whatever its body is"
        yield promise(NAME, BEFORE_BODY, endpoint, says, ("behaviour", "auth_first"), endpoint.action.cite)
    for endpoint, credential in find_first_read(setting):
        says = "the scheme's name is known in either case (RFC 9110, 11.1)"
        either_case = promise(NAME, EITHER_CASE, endpoint, says, credential.origin)
        yield replace(either_case, advice=True)  # client libraries write it as the standard does


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract. The first endpoint of each surface is called early."""
    del roles
    for endpoint, _ in find_first_read(setting):
        contract = f"{NAME}/{EITHER_CASE}/{endpoint.place}"
        what = "a call whose scheme is written in small letters"
        call = ordinary(endpoint, template_of(setting.model, endpoint.action), "auth", what, twist="lower")
        yield Probe(contract, 6, (contract,), 1, partial(_run_accepted, call, contract, what), (endpoint,))
    first: set[tuple[str, Twist]] = set()
    unread = {endpoint.place for endpoint in list_unread(setting)}
    for case in list_cases(setting):
        endpoint, twist = case.endpoint, case.twist
        role = (find_revoked_role(setting) or "main") if case.detail == "revoked" else "main"
        early = twist in ("none", "garbage") and (endpoint.surface, twist) not in first
        first.add((endpoint.surface, twist))
        call = ordinary(
            endpoint,
            template_of(setting.model, endpoint.action),
            "auth",
            f"a call {case.what}",
            twist=choose_twist(setting, endpoint, twist),
            twisted=case.scheme,
            schemes=case.schemes,
            role=role,
            input=choose_input(setting, endpoint, twist),
        )
        run, covers = partial(_run, setting, call, case.contract, case.what), [case.contract]
        if case.accepted:
            run = partial(_run_accepted, call, case.contract, f"a call {case.what}")
        elif twist == "none" and endpoint.place in unread:
            covers.append(f"{NAME}/{BEFORE_BODY}/{endpoint.place}")
            run = partial(_both, setting, call, case.contract, covers[1])
        yield Probe(
            case.contract,
            2 if early else 6,
            tuple(covers),
            1,
            run,
            (endpoint,),
            role,
            endpoint.action.effect == "write",
            schemes=case.schemes or (),
        )


def _run_accepted(call: Call, contract: str, what: str) -> Conversation:
    exchange: Exchange = yield call
    yield from judge_accepted(exchange, contract, what)


def _list_codes(setting: Setting, call: Call) -> list[Code]:
    """Return the codes with which a call may be refused: for no key, a wrong key, or an unreadable key."""
    missing, wrong = setting.model.no_key, setting.model.wrong_key
    assert missing is not None
    assert wrong is not None  # the catalogue names it if calls have keys
    if call.twist == "none":
        return [missing]
    whole = call.twist in WRONG or (not call.twist and call.schemes is None)
    return [wrong] if whole or missing is wrong else [missing, wrong]


def _run(setting: Setting, call: Call, contract: str, what: str) -> Conversation:
    codes = _list_codes(setting, call)
    statuses = UNSAID if setting.model.leaves_open else ()
    exchange: Exchange = yield call
    if (
        exchange.success
        and setting.bare is not None
        and (reason := (yield from _otherwise_keyed(call, [*(code.status for code in codes), FORBIDDEN])))
    ):
        yield judge_untested(contract, reason)
    else:
        yield from judge_refused(exchange, contract, codes, f"a call {what}", statuses)


def _otherwise_keyed(call: Call, statuses: list[int]) -> Generator[Any, Any, str]:
    """Return why a success without a key proves nothing, such as a key in the headers of `--env`.

    Empty if it proves that no key is needed.
    """
    bare: Exchange = yield replace(
        call, bare=True, why=f"{call.why}, and without the headers that were given"
    )
    if bare.success:
        return ""
    if bare.status in statuses:
        return (
            "a header that --env gives goes with every call and is a key itself: without it the call is "
            "refused"
        )
    return f"without the headers that --env gives the call was answered {bare.outcome}"


def _both(setting: Setting, call: Call, contract: str, before: str) -> Conversation:
    """Judge both contracts by one call if the call is refused for its key.

    If it is not, a second call shows which contract is broken.
    """
    code = setting.model.no_key
    assert code is not None
    unread: Exchange = yield replace(
        call, why="a call without a key, with half a body", raw=Raw(edit=lambda _: b'{"')
    )
    judged = list(judge_refused(unread, before, [code], "a call without a key, whatever its body,"))
    yield from judged
    if judged and judged[0].verdict is Verdict.KEPT:
        yield judge_kept(contract)
    else:
        yield from _run(setting, call, contract, "without a key")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="all",
    rank=Rank.EXPOSED,
)
