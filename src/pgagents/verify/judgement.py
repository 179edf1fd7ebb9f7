"""What an answer says of a contract: a verdict, with what was promised and what came back.

A probe concludes with judgements, or raises `Untested`; a watcher yields them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.report.causes import Fact
from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import Reason
from pgagents.verify.wire.asking import hand_over
from pgagents.verify.wire.exchange import CONDITION, Exchange

_PLACEHOLDER = re.compile(r"\{(\w+)(?:![rs])?(?::[^{}]*)?\}")
"""A value in the template of a finding's sentence, such as `{count}`, `{value!r}` or `{count:,}`."""
MOST_KEPT = 50_000
"""The size of the cache of kept judgements: about as many as a large catalogue has contracts."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one contract, from one exchange or from all exchanges of a probe."""

    contract: str
    verdict: Verdict
    expected: str = ""
    """The promise of a broken contract, the reason of one that is not judged, or what a kept one did not see.
    """
    actual: str = ""
    """The description of what the answer showed, for people."""
    claim: str = ""
    """`actual` without its values, if they are known. Breaks of one check with equal outcomes and claims are
    one finding.
    """
    member: str = ""
    """The wrong member of the answer, as steps with dots (`items.0.price`); empty if none is known. Breaks of
    the checks that name members are one finding if they are at one member.
    """
    fact: Fact = ""
    """The fact of the answer on which the break rests, if other checks may rest on it too. Breaks that rest
    on one fact are one finding, whichever checks tell them.
    """
    sticky: bool = False
    """True if the contract stays untested, even if other exchanges keep it."""
    excused: bool = False
    """True if an untested contract is nothing that this run owes: the server holds too little to show it."""
    derived: bool = False
    """True if another check judges the same promise for the whole API. A report shows both as one finding."""
    tentative: bool = False
    """True for a contract that does not apply to this answer, and applies if another one shows it; if it is
    untested, for a reason that any other outweighs.
    """
    odd: bool = False
    """True if the break is not proved: something else than the server may be the cause."""
    shown: bool = False
    """True if the server's own answers prove what the import concluded, so that it is not a guess."""
    seen_in: Exchange | None = None
    """The exchange that a finding shows, where the probe read more after it to be sure; None for the last."""
    rank: Rank | None = None
    """The rank of the break, where that differs from its check's rank.

    An answer may be less bad than others, or no client sends such a call (`Rank.ODD`).
    """

    def at_member(self, member: str) -> Judgement:
        """Return the judgement with the wrong member of the answer, as steps with dots."""
        return replace(self, member=member)

    def resting_on(self, fact: Fact) -> Judgement:
        """Return the judgement with the fact of the answer on which the break rests."""
        return replace(self, fact=fact)

    def with_rank(self, rank: Rank) -> Judgement:
        """Return the judgement with another rank than that of its check."""
        return replace(self, rank=rank)


def conclude(judgements: Judgement | Iterable[Judgement]) -> None:
    """Enter what a probe has found: one judgement, or several in their order."""
    for judgement in (judgements,) if isinstance(judgements, Judgement) else judgements:
        hand_over(judgement)


class Untested(Exception):
    """Raised by a probe that cannot judge its contracts and ends here; the message gives the reason.

    `sticky` is True if no other exchange can make up for it, and `excused` if no run owes it: the server
    holds too little to show it.
    """

    def __init__(self, reason: str, *, sticky: bool = False, excused: bool = False) -> None:
        super().__init__(reason)
        self.sticky, self.excused = sticky, excused


def demand(answer: Exchange) -> Exchange:
    """Return the answer. Raises Untested if it shows nothing: the call was put off, or got none."""
    if answer.void:
        raise Untested(answer.moot or f"a call was put off, or not answered: {answer.outcome}")
    return answer


class _Word(str):
    """A word that is shown without quotation marks."""

    def __repr__(self) -> str:
        return str(self)


def _show(value: object) -> object:
    """Return a value as reports show it: JSON's word for null, true and false."""
    return _Word(json.dumps(value)) if value is None or isinstance(value, bool) else value


@lru_cache(maxsize=MOST_KEPT)
def judge_kept(contract: str, unseen: str = "") -> Judgement:
    """Return the verdict that the contract held this time; `unseen` names traces that were not searched."""
    return Judgement(contract, Verdict.KEPT, unseen)


def judge_broken(contract: str, expected: str, actual: str, **values: object) -> Judgement:
    """Return the verdict that the contract did not hold.

    `actual` is what the answer showed. With values it is a template, such as `"remaining {count}"` with
    `count=3`: the sentence has the values, and the claim does not. So one bug that shows other values at
    other endpoints is one finding. A name that tells two bugs apart, such as a member's, is not a value. It
    may contain braces: only the names of `values` are replaced.
    """
    if not values:
        return Judgement(contract, Verdict.BROKEN, expected, actual)
    shown = {name: _show(value) for name, value in values.items()}
    sentence = _PLACEHOLDER.sub(
        lambda match: match[0].format(**shown) if match[1] in shown else match[0], actual
    )
    return Judgement(contract, Verdict.BROKEN, expected, sentence, claim=actual)


def judge_untested(contract: str, reason: str, *, sticky: bool = False) -> Judgement:
    """Return the verdict that the contract could not be judged here; `sticky` if no other exchange can
    make up for it.
    """
    return Judgement(contract, Verdict.UNTESTED, reason, sticky=sticky)


def judge_idle(contract: str, reason: str) -> Judgement:
    """Return the verdict that this answer shows nothing of the contract, and rightly so.

    The contract is not applicable if no other answer of the run shows it.
    """
    return Judgement(contract, Verdict.NOT_APPLICABLE, reason, tentative=True)


MOST_NAMED = 10
"""Statuses that a finding lists one by one."""


def judge_refused(
    exchange: Exchange, contract: str, codes: Sequence[Code], what: str, statuses: Sequence[int]
) -> Iterator[Judgement]:
    """Judge whether an answer refuses the call with one of these codes or statuses; yield one judgement.

    `what` names the call in the finding. If the body has a known code, the code decides, so that
    `error_codes` alone reports a code under a wrong status. Otherwise the status decides, so that
    `error_envelope` alone reports a wrong envelope. A refusal of another kind is only undocumented.
    """
    if exchange.moot:
        yield judge_untested(contract, exchange.moot)
    if exchange.void:
        return
    names = [c.name for c in codes]
    wanted = sorted({c.status for c in codes} | set(statuses))
    said = exchange.code
    declared = exchange.codes.get(said) if said else None
    if not exchange.refused:
        good = False
    elif declared is None:
        good = exchange.status in wanted
    elif said in names or exchange.status in statuses:
        good = True
    else:
        good = exchange.status in wanted and declared.status != exchange.status
    if good:
        yield judge_kept(contract)
    elif not exchange.unsound:  # else the check that found the answer undocumented has reported it
        known = " or ".join(map(describe_code, codes))
        if len(statuses) > MOST_NAMED:
            other = f" other than {exchange.status}" if 400 <= exchange.status < 500 else ""
            known = f"a 4xx status{other}"
        expected = f"{what} is refused with {known or wanted}"
        broken = judge_broken(contract, expected, exchange.outcome)
        if exchange.refused:
            yield broken.with_rank(Rank.UNDOCUMENTED)
        else:
            yield broken.resting_on("taken") if exchange.call.intent == "invalid" else broken


def describe_code(code: Code) -> str:
    """Return a code as answers show it: its status, and its value where bodies have it."""
    return f"{code.status} {code.shown}".rstrip()


def _has_condition(exchange: Exchange) -> bool:
    return exchange.call.endpoint is not None and exchange.call.endpoint.action.if_match is not None


_OTHER_CAUSES = (402, 423, 424)
"""Stripe's declined card (402), and a lock or another action that failed (RFC 4918, 11.3 and 11.4)."""


def _has_other_cause(exchange: Exchange) -> bool:
    """True if a documented status says that what is outside of the call's arguments refused it."""
    endpoint = exchange.call.endpoint
    own = endpoint.action.errors if endpoint is not None else ()
    return exchange.status in _OTHER_CAUSES and any(code.status == exchange.status for code in own)


def judge_accepted(
    exchange: Exchange, contract: str, what: str, lines: Iterable[str] = ()
) -> Iterator[Judgement]:
    """Judge whether a correct call was answered with its success; `what` names the call in the finding.

    `lines` may explain a refusal because of a state.
    """
    if exchange.moot:
        yield judge_untested(contract, exchange.moot)
    if exchange.void:
        return
    declared = exchange.codes.get(exchange.code or "")
    if exchange.success or exchange.sent_on:
        yield judge_kept(contract)
    elif exchange.unsound:  # the check that found the answer undocumented has reported it
        return
    elif exchange.is_conflict or _has_other_cause(exchange):
        said = f"refused because of the current state: {exchange.outcome}"
        yield judge_untested(contract, Reason(said, lines=lines))
    elif (
        declared is not None
        and declared.status == exchange.status == CONDITION
        and not _has_condition(exchange)
    ):
        yield judge_untested(
            contract, f"refused without a condition: {exchange.outcome}; `if_match` sends one"
        )
    else:
        yield judge_broken(contract, f"{what} is accepted", exchange.outcome).with_rank(Rank.WRONG)


INVALID, UNPROCESSABLE = 400, 422
"""The statuses that refuse invalid arguments."""
REFUSED_STATUSES = frozenset((INVALID, UNPROCESSABLE))


def allows_either(model: Model, *statuses: int) -> bool:
    """True if `behaviour.refused_status` is `any`, and each of these statuses is one of the two."""
    return model.behaviour.refused_status == "any" and REFUSED_STATUSES.issuperset(statuses)
