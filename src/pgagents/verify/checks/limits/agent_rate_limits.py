"""An agent's call draws from the agents' rate limit, whether a dispatcher or a header marks it as an agent's.

The limit headers are compared. If a call through a dispatcher gets another limit than the same REST call, so
must a REST call with an agent surface's headers. An unlimited key shows no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pgagents.base.cel.reading import reads
from pgagents.catalogue.model.model import Bucket
from pgagents.catalogue.model.surface import Surface
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.headers import rate_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "agent_rate_limits"
STAGE = 98
"""The stage before the bursts, which empty the buckets."""
AGENT = ("call", "agent")
COST = 5
ROUNDS = 2
"""Two buckets with nearly equal remainders may alternate in the headers, so a difference must show twice."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each surface whose headers mark a call as an agent's."""
    for surface, endpoint, _, bucket in _cases(setting):
        says = (
            f"a call with the headers of {surface.name} draws from {bucket.name}, as one through a "
            "dispatcher does"
        )
        yield promise(NAME, surface.name, endpoint, says, bucket.origin, bucket.cite or surface.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract without `--limits`, because only an ordinary key shows the difference."""
    del contract
    return (
        None
        if setting.limits
        else (
            Verdict.NOT_SELECTED,
            "an ordinary key's limits are looked at only when asked for: add --limits",
        )
    )


def _cases(setting: Setting) -> Iterator[tuple[Surface, Endpoint, Endpoint, Bucket]]:
    """Yield a surface with headers, a read through REST and through a dispatcher, and the agents' bucket."""
    buckets = (
        b
        for b in setting.model.buckets.values()
        if b.of == "key" and b.when is not None and reads(b.when.tree, AGENT)
    )
    bucket, pair = next(buckets, None), next(_pairs(setting), None)
    if bucket is None or pair is None or not setting.model.limit_reader.names:
        return
    for surface in setting.model.surfaces.values():
        if surface.headers:
            yield surface, *pair, bucket


def _pairs(setting: Setting) -> Iterator[tuple[Endpoint, Endpoint]]:
    for endpoint in setting.endpoints:
        rest = setting.lead_of(endpoint)
        if (
            endpoint.dispatcher is not None
            and rest is not None
            and rest.on_rest
            and endpoint.action.effect == "read"
        ):
            yield rest, endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract: the same read as a person, through the dispatcher, and with the
    headers.
    """
    del roles
    for surface, rest, dispatched, _ in _cases(setting):
        contract = f"{NAME}/{surface.name}/{rest.place}"
        yield Probe(
            contract,
            STAGE,
            (contract,),
            COST,
            partial(_run, setting, surface, rest, dispatched, contract),
            (rest, dispatched),
        )


def _run(
    setting: Setting, surface: Surface, rest: Endpoint, dispatched: Endpoint, contract: str
) -> Conversation:
    template = template_of(setting.model, rest.action)
    plain: Call = ordinary(rest, template, "explore", "as anybody's call")
    person: Exchange = yield plain
    verdict = judge_untested(contract, "nothing was asked")
    for _ in range(ROUNDS):
        agent: Exchange = yield ordinary(
            dispatched, template, "explore", "as an agent's call, by the dispatcher"
        )
        marked: Exchange = yield replace(
            plain, why=f"as an agent's call, by a header of {surface.name}", raw=_raw(surface)
        )
        verdict = _judge_limits(setting, contract, (person, agent, marked))
        if verdict.verdict is not Verdict.BROKEN:
            break
    yield verdict


def _judge_limits(setting: Setting, contract: str, several: tuple[Exchange, Exchange, Exchange]) -> Judgement:
    """Judge by the limits that the three calls got: a person's, an agent's, and one with an agent's
    headers.
    """
    limits = [
        told.limit
        for exchange in several
        if not exchange.void and (told := rate_of(exchange, setting)) is not None
    ]
    if len(limits) < len(several):
        return judge_untested(contract, "the limit's headers cannot be read")
    person, agent, marked = limits
    if person == agent:
        return Judgement(
            contract,
            Verdict.NOT_APPLICABLE,
            f"this key has a limit of {person:,} either way: an ordinary key may show a difference",
        )
    expected = f"a limit of {agent:,}, as through a dispatcher"
    return (
        judge_kept(contract)
        if marked == agent
        else judge_broken(contract, expected, "a limit of {marked:,} is returned", marked=marked)
    )


def _raw(surface: Surface) -> Raw:
    return Raw(headers=tuple(surface.headers.items()))


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    rank=Rank.WRONG,
)
