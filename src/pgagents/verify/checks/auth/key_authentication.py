"""A call is accepted with a valid key in each declared form, or without one where it is optional, and
refused, for its key, with any other.

Each endpoint is called without a key. One endpoint of each surface also gets malformed, wrong, misplaced and
revoked keys, in the forms of the scheme's type, since one middleware reads the keys of all. In
`user:password` the password is wrong. Where a call needs several schemes (`security`), each is left out once.
A scheme of other actions, such as a user's where an administrator's is asked for, is refused. If the
catalogue sets `auth_first`, the key is checked before the body is parsed or ids are looked up. The name of an
HTTP scheme is also accepted in lower case (RFC 9110, 11.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pgagents.base.acting import asks_health
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.credential import Credential
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.refusal import ANY_REFUSAL
from pgagents.verify.judgement import Untested, conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw, Twist
from pgagents.verify.wire.encode import list_twists
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

OPTIONAL, REVOKED, BEFORE_BODY, EITHER_CASE = "optional", "revoked", "before_body", "either_case"
NEAR: dict[Twist, tuple[Twist, ...]] = {"garbage": ("longer", "shorter", "garbage"), "flip": ("flip", "case")}
"""Keys that were never issued and resemble an issued one.

They reveal servers that truncate keys to a column's width, or ignore case, as MySQL does by default. Surface
and seed choose which one is sent: wrong keys may lock a caller out, as fail2ban does.
"""
WRONG: frozenset[Twist] = frozenset(("garbage", "flip", *NEAR["garbage"], *NEAR["flip"]))
"""The twists that send a well-formed but wrong key."""
UNUSUAL_FORMS: frozenset[Twist] = frozenset(("plain", "basic", "bearer", "bare", "query", "header"))
"""The twists that send the right key, whole, where or as nobody should."""
FORBIDDEN, NOT_FOUND = 403, 404
UNSAID = tuple(s for s in ANY_REFUSAL if s not in (NOT_FOUND, 405, 410))
"""Statuses that may refuse a key if an OpenAPI document names no code for it; the others say that there is
nothing to refuse, but for a 404 that hides it.
"""


@dataclass(frozen=True, slots=True)
class Form:
    """A form in which a call presents its key. The call must be refused; with `accepted`, be accepted."""

    endpoint: Endpoint
    detail: str
    what: str
    twist: Twist = ""
    scheme: str = ""
    """The scheme that the twist changes; empty for all schemes."""
    schemes: tuple[str, ...] | None = None
    """The schemes that are presented; None for those of an ordinary call."""
    accepted: bool = False


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each form of a key: none at each endpoint, wrong and revoked ones once a surface.

    One endpoint of each surface is also called without a key and with an unreadable body. One call has the
    scheme in lower case. The first calls of each surface come early: a server that needs no key is the first
    thing to be known.
    """
    del roles
    for endpoint, credential in _find_first_read(setting):
        says = "the scheme's name is known in either case (RFC 9110, 11.1)"
        what = "a call whose scheme is written in small letters"
        lower = Form(endpoint, EITHER_CASE, what, "lower", accepted=True)
        attempt = Attempt(partial(_try_accepted, form=lower))
        # advice, because client libraries write it as RFC 6750 does: `Bearer`
        yield Case(endpoint, says, credential.origin, attempt, EITHER_CASE, cite=(), advice=True)
    unread = {endpoint.place for endpoint in _list_unread(setting)}
    called: set[tuple[str, Twist]] = set()
    for form in _list_forms(setting):
        endpoint, twist = form.endpoint, form.twist
        early = twist in ("none", "garbage") and (endpoint.surface, twist) not in called
        called.add((endpoint.surface, twist))
        attempt = Attempt(
            partial(_try_accepted if form.accepted else _try_refused, form=form),
            stage=2 if early else None,
            role=(_find_revoked_role(setting) or "main") if form.detail == REVOKED else "main",
            schemes=form.schemes or (),
        )
        both = twist == "none" and not form.accepted and endpoint.place in unread
        if both:
            attempt = replace(attempt, run=None, together=partial(_try_half_a_body, form=form))
        says = f"{endpoint.action.name} called {form.what} is {'served' if form.accepted else 'refused'}"
        origin = ("security",) if form.accepted else ("errors", "framework", "no_key")
        yield Case(endpoint, says, origin, attempt, form.detail)
        if both:
            says = f"{endpoint.action.name} called without a key is refused for that, whatever its body is"
            yield Case(endpoint, says, ("behaviour", "auth_first"), attempt, BEFORE_BODY)


# -- calls with a missing or wrong key, and with a right key in an unusual form


def _find_first_read(setting: Setting) -> list[tuple[Endpoint, Credential]]:
    """Return the first REST read that is not served without a key and needs no id, as a list of at most one:
    it makes nothing, and needs nothing that was made.

    The list is also empty if the key is not sent under a scheme of HTTP authentication.
    """
    credential = setting.model.credential
    if credential is None or not credential.any_case:
        return []
    reads = _list_plain_reads(setting)
    plain = (read for read in reads if next(iter(read.security), ()) == (credential.name,))
    return [(read, credential) for read in plain if () not in read.security][:1]


def _list_plain_reads(setting: Setting) -> Iterator[Endpoint]:
    """Yield the REST reads that take a key and need no id."""
    for endpoint in setting.endpoints:
        plain = endpoint.on_rest and "{" not in endpoint.path
        if plain and endpoint.needs_key and endpoint.action.only_reads:
            yield endpoint


def _list_unread(setting: Setting) -> list[Endpoint]:
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
    """Return the endpoints. If a document made the catalogue, plain reads come first, because writes need
    `--allow-writes`.
    """
    if not setting.model.leaves_open:
        return setting.endpoints
    plain = {endpoint.place for endpoint in _list_plain_reads(setting)}
    return sorted(setting.endpoints, key=lambda endpoint: endpoint.place not in plain)


def _list_forms(setting: Setting) -> Iterator[Form]:
    """Yield each wrong form of a key once a surface, no key at each endpoint, and what must be accepted."""
    seen: set[tuple[str, str]] = set()
    for endpoint in _order_endpoints(setting):
        if not endpoint.needs_key or () in endpoint.security:
            continue
        yield Form(endpoint, "none", "without a key", "none")
        for alternative in endpoint.security:
            for scheme in alternative:
                if (endpoint.surface, scheme) not in seen:
                    seen.add((endpoint.surface, scheme))
                    yield from _list_wrong_forms(setting, endpoint, alternative, scheme)
            if (endpoint.surface, " ".join(alternative)) not in seen and len(alternative) > 1:
                seen.add((endpoint.surface, " ".join(alternative)))
                yield from _list_parts(endpoint, alternative)
        yield from _list_others(setting, endpoint, seen)
        if (endpoint.surface, "") not in seen and _find_revoked_role(setting):
            yield Form(endpoint, REVOKED, "with a revoked key")
        seen.add((endpoint.surface, ""))
    yield from _list_accepted(setting)


def _list_wrong_forms(
    setting: Setting, endpoint: Endpoint, alternative: tuple[str, ...], scheme: str
) -> Iterator[Form]:
    """Yield each wrong form of one scheme. The other schemes of its alternative are presented correctly."""
    credentials = setting.model.credentials
    first = scheme == next(iter(credentials))
    further = [other for other in endpoint.security if other != alternative]
    others = [credentials[name] for other in further for name in other if name != scheme]  # may be taken so
    for twist, what in list_twists(credentials[scheme], others).items():
        detail, shown = (twist, what) if first else (f"{twist}-{scheme}", f"{what} (`{scheme}`)")
        yield Form(endpoint, detail, shown, twist, scheme, alternative)


def _list_parts(endpoint: Endpoint, alternative: tuple[str, ...]) -> Iterator[Form]:
    """Yield forms that each lack one of several schemes that are needed together."""
    for scheme in alternative:
        rest = tuple(name for name in alternative if name != scheme)
        if not any(set(other) <= set(rest) for other in endpoint.security):  # else the rest is enough
            yield Form(endpoint, f"without-{scheme}", f"without `{scheme}`", schemes=rest)


def _list_others(setting: Setting, endpoint: Endpoint, seen: set[tuple[str, str]]) -> Iterator[Form]:
    """Yield forms with one scheme that other actions take, and this one does not. Middleware may read all."""
    taken = {name for alternative in endpoint.security for name in alternative}
    for scheme in setting.model.credentials:
        met = (endpoint.surface, f"{scheme} for {endpoint.security}")
        if scheme not in taken and met not in seen:
            seen.add(met)
            yield Form(endpoint, f"other-{scheme}", f"with `{scheme}` instead", schemes=(scheme,))


def _list_accepted(setting: Setting) -> Iterator[Form]:
    """Yield a form with each alternative but the first, and one without a key where it is optional."""
    seen: set[tuple[str, ...]] = set()
    for endpoint in _list_plain_reads(setting):
        if () in endpoint.security:
            yield Form(endpoint, OPTIONAL, "without a key, which is optional,", "none", accepted=True)
        _, *others = [schemes for schemes in endpoint.security if schemes] or [()]  # all calls have the first
        for alternative in others:
            if alternative not in seen:
                seen.add(alternative)
                shown = " and ".join(f"`{name}`" for name in alternative)
                detail = f"alternative-{'+'.join(alternative)}"
                yield Form(endpoint, detail, f"with {shown} instead", schemes=alternative, accepted=True)


def _find_revoked_role(setting: Setting) -> str | None:
    """Return the role whose key is `revoked`; None without one."""
    return next((name for name, role in setting.model.auth.roles.items() if role.revoked), None)


def _make_call(trial: Trial, form: Form, what: str) -> Call:
    """Return the call that presents its key in this form.

    Without a key and with `auth_first`, its ids name no instance. A 404 then reveals a server that looks up
    the id first, or that checks no key at all.
    """
    endpoint, arguments = trial.endpoint, dict(trial.template.input)
    if form.twist == "none" and trial.model.behaviour.auth_first is True and () not in endpoint.security:
        for param in endpoint.params:
            resource = trial.model.resources.get(param.refers_to or "")
            if resource is not None and resource.absent is not None and param.required:
                arguments[str(param.name)] = resource.find_absent_value(param)
    twist = _choose_twist(trial.setting, form)
    return trial.call("auth", what, twist=twist, twisted=form.scheme, schemes=form.schemes, input=arguments)


def _choose_twist(setting: Setting, form: Form) -> Twist:
    """Return the form's twist, or one of several similar ones, chosen by surface and seed."""
    several = NEAR.get(form.twist, (form.twist,))
    surfaces = list(dict.fromkeys(endpoint.surface for endpoint in setting.endpoints))
    return several[(surfaces.index(form.endpoint.surface) + setting.seed) % len(several)]


# -- the judgement of their answers


def _try_accepted(trial: Trial, form: Form) -> None:
    what = form.what if form.detail == EITHER_CASE else f"a call {form.what}"
    usual = _ask_as_usual(trial)
    if not usual.success:  # an operator's key may read no customer's profile
        raise Untested(f"with its key as usual it was answered {usual.outcome}")
    if () not in trial.endpoint.security:
        keyless = demand(trial.ask(trial.call("auth", "the call without a key", twist="none")))
        if keyless.success:
            raise Untested("it is answered without a key, too, so that none was read")
    answer = trial.ask(_make_call(trial, form, what))
    judged = list(trial.accepted(answer, what))
    habit = form.detail == EITHER_CASE and trial.model.leaves_open  # hand-written servers compare a prefix
    conclude([judgement.with_rank(Rank.COERCED) for judgement in judged] if habit else judged)


def _ask_as_usual(trial: Trial) -> Exchange:
    """Return the answer to the call with its key; it reads only, so that an earlier one will do."""
    return trial.ask(replace(trial.call("explore", "the call with its key as usual"), reuse="ever"))


def _try_refused(trial: Trial, form: Form) -> None:
    call, setting = _make_call(trial, form, f"a call {form.what}"), trial.setting
    codes = _list_codes(trial, call)
    statuses: tuple[int, ...] = UNSAID if trial.model.leaves_open else ()
    if form.schemes is not None:  # the caller is known by a valid key, and may not (RFC 9110, 15.5.4)
        statuses = (*statuses, FORBIDDEN)
    answer = trial.ask(call)
    if answer.status == NOT_FOUND and trial.model.leaves_open:  # GitHub hides private repositories so
        if not trial.action.only_reads or not _ask_as_usual(trial).success:
            raise Untested("a 404 may hide what is there from a caller without a valid key")
        statuses = (*statuses, NOT_FOUND)
    reason = ""
    if answer.success and setting.bare is not None:
        # without its header the caller may be another, who may not
        reason = _find_other_key(call, [*(code.status for code in codes), FORBIDDEN])
    if reason:
        conclude(trial.untested(reason))
    else:
        # who presents the whole key in another form has it, so nothing is shown to anybody who may not see it
        mild = answer.success and form.twist in UNUSUAL_FORMS
        open_to_all = answer.success and _is_for_probes(trial)
        for judgement in trial.refused(answer, codes, f"a call {form.what}", statuses):
            said = judgement.with_rank(Rank.LAX) if mild else judgement
            conclude(replace(said, odd=True) if open_to_all else said)


def _is_for_probes(trial: Trial) -> bool:
    """True for a document's read that asks whether the server is well: probes of a cluster have no key, and a
    scheme of the whole document often means none of these (Unleash 8.2.0, 2026-11-29).
    """
    action = trial.endpoint.action
    reads = trial.model.leaves_open and action.only_reads and not action.params
    return reads and asks_health(str(action.name), str(action.path))


def _list_codes(trial: Trial, call: Call) -> list[Code]:
    """Return the codes with which a call may be refused: for no key, a wrong key, or an unreadable key."""
    missing, wrong = trial.model.no_key, trial.model.wrong_key
    assert missing is not None
    assert wrong is not None  # the catalogue names it if calls have keys
    if call.twist == "none":
        return [missing]
    revoked = not call.twist and call.schemes is None
    if call.twist in WRONG or revoked or missing is wrong:
        return [wrong]
    return [missing, wrong]  # a mere `Bearer` may be either


def _find_other_key(call: Call, statuses: list[int]) -> str:
    """Return why a success without a key proves nothing, such as a key in the headers of `--env`.

    Empty if it proves that no key is needed.
    """
    why = f"{call.why}, and without the headers that were given"
    bare = ask(replace(call, bare=True, why=why))
    if bare.success:
        return ""
    if bare.status in statuses:
        return (
            "a header that --env gives goes with every call and is a key itself: without it the call is "
            "refused"
        )
    return f"without the headers that --env gives the call was answered {bare.outcome}"


def _try_half_a_body(trials: Sequence[Trial], form: Form) -> None:
    """Judge both contracts by one call if the call is refused for its key.

    If it is not, a second call shows which contract is broken.
    """
    keyless, before_body = trials
    code = keyless.model.no_key
    assert code is not None
    call = _make_call(keyless, form, "a call without a key, with half a body")
    unread = ask(replace(call, raw=Raw(edit=lambda _: b'{"')))
    judged = list(before_body.refused(unread, [code], "a call without a key, whatever its body,"))
    conclude(judged)
    if judged and judged[0].verdict is Verdict.KEPT:
        conclude(keyless.kept())
    else:
        _try_refused(keyless, form)


CHECK = make_check("key_authentication", __doc__, cases, overlap="all", rank=Rank.EXPOSED)
