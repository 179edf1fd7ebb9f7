"""A token does what its scope allows and is refused everything else: each action that the catalogue's scopes name, on each surface.

One token for each scope, granted that scope alone, so each action is tried with a token that has another. That a scope
suffices is shown by calls about nothing, so that nothing is changed: what they are answered is not a refusal of the token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.invalid import negatives_of, ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, refused_with, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.oauth.granting import TOKEN_COST, Granting, bearer, consenting
from pgagents.verify.wire.call import Call, Intent, Raw
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen, got
from pgagents.verify.wire.oauth import OAuthClient

NAME = "needs_grant"


@dataclass(frozen=True, slots=True)
class _Case:
    """A door whose action needs `scope`, and one that does not suffice."""

    door: Door
    scope: str
    other: str
    within: bool
    """Whether it is also shown that the scope suffices: for what writes on REST, and for one read."""


def promises(setting: Setting) -> Iterator[Contract]:
    """For each door of an action that a scope allows: refused without it, not refused with it."""
    for case in _cases(setting):
        door, origin = case.door, ("auth", "oauth", "needs", case.scope)
        says = f"{door.action.name} is refused to a token that has {case.other} and not {case.scope}"
        yield promise(NAME, "without", door, says, origin, door.action.cite)
        if case.within:
            says = f"{door.action.name} is not refused to a token for having {case.scope} alone"
            yield promise(NAME, "within", door, says, origin, door.action.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """A client and its user must be there."""
    del contract
    if setting.oauth is None:
        return Verdict.NOT_SELECTED, "needs a registered OAuth client: add `oauth` to the --env file"
    if consenting(setting) is None:
        return Verdict.NOT_SELECTED, "needs a user who consents: add `oauth.consent` to the --env file"
    return None


def _cases(setting: Setting) -> tuple[_Case, ...]:
    """Actions that need one scope only; `other` is each of the others in turn, so that a scope which implies another is seen."""

    def found() -> Iterator[_Case]:
        oauth = setting.model.auth.oauth
        needs = oauth.needs if oauth is not None and setting.model.errors.framework.no_scope else {}
        scopes = list(needs)
        read: set[str] = set()
        turns: Counter[str] = Counter()
        for door in setting.doors:
            own = [scope for scope in scopes if str(door.action.name) in needs[scope]]
            if len(own) == 1 and len(scopes) > 1:
                within = door.surface == REST and (door.action.effect == "write" or own[0] not in read)
                read |= {own[0]} if within and door.action.effect == "read" else set()
                others = [scope for scope in scopes if scope != own[0]]
                yield _Case(door, own[0], others[turns[own[0]] % len(others)], within)
                turns[own[0]] += 1

    return setting.kept(NAME, lambda: tuple(found()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """For each scope one token, and every call that it is for."""
    del roles
    client = consenting(setting)
    if client is None:
        return
    for scope in dict.fromkeys(case.other for case in _cases(setting)):
        without = [case for case in _cases(setting) if case.other == scope]
        within = [case for case in _cases(setting) if case.scope == scope and case.within]
        covers = (*(f"{NAME}/without/{c.door.place}" for c in without), *(f"{NAME}/within/{c.door.place}" for c in within))
        run = _run(setting, client, scope, without, within)
        doors = tuple({case.door.place: case.door for case in (*without, *within)}.values())
        yield Probe(f"{NAME}/{scope}", 5, covers, TOKEN_COST + len(covers) + 1, run, doors, "main", True)


def _run(setting: Setting, client: OAuthClient, scope: str, without: list[_Case], within: list[_Case]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        as_client = Granting(setting, client)
        seen, problem = yield from as_client.granted(scope, f"a token with {scope} alone")
        if seen is None:
            for case in without:
                yield untested(f"{NAME}/without/{case.door.place}", problem)
            for case in within:
                yield untested(f"{NAME}/within/{case.door.place}", problem)
            return
        token = str(got(seen.body, "access_token"))
        for case in without:
            yield from _without(setting, case, token)
        for case in within:
            yield from _within(setting, case, token)
        yield from as_client.ended(seen)

    return run


def _with(call: Call, token: str) -> Call:
    """The call with a token instead of a key."""
    return Call(
        call.door, call.input, call.intent, call.why, role="", subject=call.subject, states=call.states, surface=call.surface,
        raw=Raw(headers=bearer(token)),
    )  # fmt: skip


def _without(setting: Setting, case: _Case, token: str) -> Conversation:
    errors, door = setting.model.errors, case.door
    what = f"a token without {case.scope}"
    seen: Seen = yield _with(ordinary(door, recipe_of(setting.model, door.action), "scope", what), token)
    contract = f"{NAME}/without/{door.place}"
    verdicts: list[Judgement] = list(refused_with(seen, contract, [setting.model.codes[str(errors.framework.no_scope)]], what))
    told = got(seen.body, errors.scope_at) if errors.scope_at and seen.status >= 400 else None
    if told not in (None, case.scope) and not seen.spoilt_by("error_envelope"):
        verdicts = [broken(contract, f"{errors.scope_at} is {case.scope}", f"{errors.scope_at} is {told}")]
    yield from verdicts


def _within(setting: Setting, case: _Case, token: str) -> Conversation:
    """Whatever it is answered, it is not that the token will not do. A wrong call may be refused before anyone looks at scopes."""
    framework, codes = setting.model.errors.framework, setting.model.codes
    refusals = {str(framework.no_scope), str(framework.no_key)}
    seen: Seen = yield _with(_harmless(setting, case.door), token)
    contract = f"{NAME}/within/{case.door.place}"
    if seen.void or seen.unsound:
        return
    told = got(seen.body, setting.model.errors.scope_at) if setting.model.errors.scope_at else None
    refused = seen.code in refusals or (seen.code is None and seen.status in {codes[c].status for c in refusals})
    if refused and told in setting.model.auth.scopes and told != case.scope:
        yield Judgement(contract, Verdict.NOT_CLAIMED, f"the plan of the token's user lacks the scope {told}")
    elif refused:
        yield broken(contract, f"{case.scope} suffices for {case.door.action.name}", seen.outcome)
    else:
        yield kept(contract)


def _harmless(setting: Setting, door: Door) -> Call:
    """A call that changes nothing: about an id of nothing where the action takes one, else a wrong one; a read as it is."""
    recipe, why = recipe_of(setting.model, door.action), "a token with just the scope that is needed"
    ids = {
        str(p.name): r.absent_for(p)
        for p in door.params
        if (r := setting.model.resources.get(p.refers_to or "")) and r.absent is not None and p.required
    }
    intent: Intent = "absent" if ids else "explore"
    if not ids and door.action.effect == "write":
        wrong = next((n for n in negatives_of(setting, door) if n.tier == 1), None)
        return wrong.call if wrong is not None else ordinary(door, recipe, "scope", why)
    return ordinary(door, recipe, intent, why, input={**recipe.input, **ids}, subject=recipe.subject)
