"""A token is refused the actions that its scope does not name, on each surface, and is not refused the others
for its scope (RFC 6750, 3.1).

One token is granted for each scope alone. Each action that needs one scope is called with a token of another.
A call that changes nothing is made on REST with a token of its own scope. It need not succeed: Laravel and
Rails look up what a path names before they look at scopes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import without_env
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.target import makes_it
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.oauth import TOKEN_COST, Granting, bearer, consenting
from pgagents.verify.promise import CLIENT, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import got
from pgagents.verify.wire.oauth import OAuthClient

WITHOUT, WITHIN = "without", "within"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each endpoint whose action needs a scope: refused without it, and often allowed with
    it. All calls with the token of one scope are one probe.
    """
    del roles
    oauth, client, settled = setting.model.own_code_flow, consenting(setting), _settle(setting)
    if oauth is None:
        return
    needing = list(_list_needing(setting))
    calls = Counter(other for _, _, other, _ in needing)
    calls.update(scope for _, scope, _, within in needing if within)
    attempts = {
        scope: Attempt(
            together=partial(_try, client=client, scope=scope),
            cost=TOKEN_COST + calls[scope] + 1,
            writes=True,
            probe=f"token_scopes/{scope}",
        )
        for scope in calls
        if client is not None
    }
    for endpoint, scope, other, within in needing:
        origin, name = (*oauth.origin, "needs", scope), endpoint.action.name
        says = f"{name} is refused to a token that has {other} and not {scope}"
        yield Case(endpoint, says, origin, attempts.get(other), WITHOUT, settled=settled, about=scope)
        if within:
            says = f"{name} is not refused to a token for having {scope} alone"
            yield Case(endpoint, says, origin, attempts.get(scope), WITHIN, settled=settled, about=scope)


def _settle(setting: Setting) -> tuple[Verdict, str] | None:
    if setting.oauth is None:
        return Verdict.NOT_SELECTED, without_env("a registered OAuth client", "oauth")
    if consenting(setting) is None:
        return Verdict.NOT_SELECTED, without_env("a user who consents", "oauth.consent")
    return None


def _list_needing(setting: Setting) -> Iterator[tuple[Endpoint, str, str, bool]]:
    """Yield each endpoint whose action needs exactly one scope, with that scope and another one.

    The last item is true if a token of the scope is tried, too: for writes on REST, and for one read of each
    scope, since a wrong refusal of reads is not harm and each costs a call. The other scope alternates, so
    that a scope which implies another is found, as GitHub's `repo` does `public_repo`.
    """
    oauth = setting.model.own_code_flow
    needs = oauth.needs if oauth is not None and setting.model.errors.framework.no_scope else {}
    read: set[str] = set()
    turns: Counter[str] = Counter()
    for endpoint in setting.endpoints:
        own = [scope for scope, names in needs.items() if endpoint.action.name in names]
        if len(own) != 1 or len(needs) == 1:  # any of several may do; of one there is no other
            continue
        scope, others = own[0], [name for name in needs if name != own[0]]
        writes = endpoint.action.effect == "write"
        within = endpoint.surface == REST and (writes or scope not in read)
        if within and not writes:
            read.add(scope)
        yield endpoint, scope, others[turns[scope] % len(others)], within
        turns[scope] += 1


def _try(trials: Sequence[Trial], client: OAuthClient, scope: str) -> None:
    as_client = Granting(trials[0].setting, client)
    granted, problem = as_client.request_token(scope, f"a token with {scope} alone")
    if granted is None:
        raise Untested(problem)
    token = str(got(granted.body, "access_token"))
    for trial in trials:
        judge = _judge_without if trial.case.detail == WITHOUT else _judge_within
        judge(trial, token)
    as_client.revoke_grant(granted)


def _with_token(call: Call, token: str) -> Call:
    """Return the call with a token instead of a key."""
    return replace(call, role="", raw=Raw(headers=bearer(token)))


def _judge_without(trial: Trial, token: str) -> None:
    errors, needed = trial.model.errors, trial.case.about
    what = f"a token without {needed}"
    answer = trial.ask(_with_token(trial.call("scope", what), token))
    named = got(answer.body, errors.scope_at) if errors.scope_at and answer.refused else None
    if named not in (None, needed) and not answer.is_tainted_by("error_envelope"):  # `errors.scope_at`
        claim = f"{errors.scope_at} is {{named}}"
        broken = trial.broken(f"{errors.scope_at} is {needed}", claim, named=named)
        conclude(broken.with_rank(Rank.UNDOCUMENTED))
    else:
        conclude(trial.refused(answer, [trial.model.codes[str(errors.framework.no_scope)]], what))


def _judge_within(trial: Trial, token: str) -> None:
    """Judge that the answer does not refuse the token, by its code, or its status where it has none.

    Invalid input may be refused before scopes are checked, as what a path names may be.
    """
    errors, codes, scope = trial.model.errors, trial.model.codes, trial.case.about
    framework = errors.framework
    refusals = {c for c in (framework.no_scope, framework.no_key, framework.wrong_key) if c is not None}
    call = _find_harmless_call(trial)
    if call is None:
        conclude(trial.not_applicable("each call of it may change something"))
        return
    answer = trial.ask(_with_token(call, token))
    if answer.void or answer.unsound:
        return
    named = got(answer.body, errors.scope_at) if errors.scope_at else None
    refused = answer.code in refusals or (
        answer.code is None and answer.status in {codes[c].status for c in refusals}
    )
    if refused and named in trial.model.auth.scopes and named != scope:
        conclude(trial.not_applicable(f"the plan of the token's user lacks the scope {named}"))
    elif refused:
        broken = trial.broken(f"{scope} suffices for {trial.action.name}", answer.outcome)
        conclude(broken.with_rank(Rank.WRONG))
    else:
        conclude(trial.kept())


def _find_harmless_call(trial: Trial) -> Call | None:
    """Return a call that changes nothing: a read, a call about an `absent` id, or an invalid one."""
    why = "a token with just the scope that is needed"
    ids = {}
    for param in trial.endpoint.params:
        resource = trial.model.resources.get(param.refers_to or "")
        absent = resource is not None and resource.absent is not None and param.required
        if resource is not None and absent and not makes_it(trial.endpoint, param):
            ids[param.name] = resource.find_absent_value(param)
    if ids or trial.action.effect == "read":
        return trial.call("absent" if ids else "explore", why, input={**trial.template.input, **ids})
    wrong = next((n for n in invalid_cases_of(trial.setting, trial.endpoint) if n.priority == 1), None)
    return wrong.call if wrong is not None else None


CHECK = make_check("token_scopes", __doc__, cases, stage=5, overlap="all", aid=CLIENT, rank=Rank.EXPOSED)
