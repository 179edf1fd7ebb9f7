"""An agent's call draws from the agents' rate limit, whether a dispatcher or a header marks it as an agent's.

The limit headers are compared if the `when` of a bucket reads `call.agent`. If a call through a dispatcher
gets another limit than the same REST call, so must a REST call with an agent surface's `headers`. An
unlimited key shows no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pgagents.base.cel.reading import reads
from pgagents.catalogue.model.surface import Surface
from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import Reason
from pgagents.verify.answers.headers import rate_of
from pgagents.verify.fixtures.request_template import ordinary
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

STAGE = 98
"""The stage before the bursts, which empty the buckets."""
AGENT = ("call", "agent")
ROUNDS = 2
"""Headers describe the bucket that is closest to empty, as Park Graph's do, and two may alternate, so that a
difference must show twice.
"""
NEEDS_LIMITS = (
    Verdict.NOT_SELECTED,
    Reason("an ordinary key's limits are looked at only when asked for: add --limits", ("--limits",)),
)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each surface whose headers mark a call as an agent's, at the first read that a
    dispatcher offers too: a bucket of a key is one for all its calls.
    """
    del roles
    buckets = (
        bucket
        for bucket in setting.model.buckets.values()
        if bucket.of == "key" and bucket.when is not None and reads(bucket.when.tree, AGENT)
    )
    bucket, pair = next(buckets, None), next(_list_pairs(setting), None)
    if bucket is None or pair is None or not setting.model.limit_reader.names:
        return
    rest, dispatched = pair
    settled = None if setting.limits else NEEDS_LIMITS
    for surface in setting.model.surfaces.values():
        if surface.headers:
            says = (
                f"a call with the headers of {surface.name} draws from {bucket.name}, as one through a "
                "dispatcher does"
            )
            run = partial(_try, surface=surface, dispatched=dispatched)
            attempt = Attempt(run, cost=1 + 2 * ROUNDS, endpoints=pair)
            cite = bucket.cite or surface.cite
            yield Case(rest, says, bucket.origin, attempt, surface.name, cite, settled)


def _list_pairs(setting: Setting) -> Iterator[tuple[Endpoint, Endpoint]]:
    """Yield the REST endpoint and the dispatcher's endpoint of each read that has both."""
    for endpoint in setting.endpoints:
        rest = setting.lead_of(endpoint)
        dispatched = endpoint.dispatcher is not None and endpoint.action.effect == "read"
        if dispatched and rest is not None and rest.on_rest:
            yield rest, endpoint


def _try(trial: Trial, surface: Surface, dispatched: Endpoint) -> None:
    """Make the same read as a person, and then through the dispatcher and with the headers."""
    plain = trial.call("explore", "as anybody's call")
    person = trial.ask(plain)
    verdict = trial.untested("nothing was asked")
    for _ in range(ROUNDS):
        why = "as an agent's call, by the dispatcher"
        agent = trial.ask(ordinary(dispatched, trial.template, "explore", why))
        why = f"as an agent's call, by a header of {surface.name}"
        marked = trial.ask(replace(plain, why=why, raw=Raw(headers=tuple(surface.headers.items()))))
        verdict = _judge_limits(trial, (person, agent, marked))
        if verdict.verdict is not Verdict.BROKEN:
            break
    conclude(verdict)


def _judge_limits(trial: Trial, answers: tuple[Exchange, Exchange, Exchange]) -> Judgement:
    """Judge by the limits that the three calls got: a person's, an agent's, and one with an agent's
    headers.
    """
    rates = [rate_of(answer, trial.setting) for answer in answers if not answer.void]
    limits = [rate.limit for rate in rates if rate is not None]
    if len(limits) < len(answers):
        return trial.untested("the limit's headers cannot be read")
    person, agent, marked = limits
    if person == agent:
        return trial.not_applicable(
            f"this key has a limit of {person:,} either way: an ordinary key may show a difference"
        )
    if marked == agent:
        return trial.kept()
    expected = f"a limit of {agent:,}, as through a dispatcher"
    return trial.broken(expected, "a limit of {marked:,} is returned", marked=marked)


CHECK = make_check("agent_rate_limits", __doc__, cases, stage=STAGE, rank=Rank.WRONG)
