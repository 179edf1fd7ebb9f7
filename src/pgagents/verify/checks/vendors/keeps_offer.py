"""What a vendor's document tells a model of an action holds: its calls are taken or refused by the API's own rules, and answered as told.

A surface's contract is judged by every exchange whose arguments that surface's documents let a model send: REST by the full
OpenAPI document, the others by the function, tool or operation that their vendor is given. A model that is held to a strict
schema gives null for an optional argument that it leaves out; who makes the call leaves it out then, as our client does, and
an API that is sent the null all the same answers by its own rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.answers.refusal import expected
from pgagents.verify.cases.mismatches import Slip, slips_of
from pgagents.verify.cases.projection_index import Desk, Promised, bearing, desks
from pgagents.verify.check.check import Conversation, Judgement, Probe, accepted, kept, refused_with, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.projections.offers import Offer
from pgagents.verify.wire.exchange import Seen

RANK = 9
NAME = "keeps_offer"
FOLLOWS = frozenset(
    ("accepts_valid", "refuses_invalid", "documented_status", "body_fits", "code_status", "error_envelope", "same_answer", "takes_any_text")
)
"""Checks that say the same of the API as a whole: what breaks one of them may break a surface's contract too."""
MOST_NAMED = 4
SURE = 5
"""So many answers that fit both the catalogue's schema and the vendors' wider ones show that they are wider."""


@dataclass(slots=True)
class _Held:
    """What is said of an offer's contracts while they hold, over and over; None where it has no such contract."""

    accepts: Judgement
    refuses: Judgement | None
    answers: Judgement | None


def promises(setting: Setting) -> Iterator[Contract]:
    """Up to three for each action of each surface: what is accepted, what is refused, what is answered."""
    for desk in desks(setting):
        wrong = _let_through(setting, desk)
        for index, offer in enumerate(desk.offers):
            name, origin = desk.door.action.name, (*desk.door.action.origin, "input")
            origin = origin if setting.model.source.has(origin) else desk.door.action.origin
            yield _promise(offer, "accepts", f"a correct call of {name} that {offer.documents} lets a model make is accepted", origin)
            if wrong[index]:
                says = f"a wrong call of {name} that {offer.documents} lets a model make is refused ({_named(wrong[index])})"
                yield _promise(offer, "refuses", says, origin)
            if index in desk.telling:
                says = f"{name} answers what {offer.documents} says"
                yield _promise(offer, "answers", says, desk.door.action.success.origin)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge an exchange for every surface that could have made the call."""
    found = None if seen.void else bearing(seen, memory)
    if found is None:
        return
    desk, through = found
    try:
        yield from _judged(seen, memory, desk, through)
    except Exception as error:
        reason = f"internal error in {NAME}: {type(error).__name__}: {error}"
        yield from (untested(id, reason, firm=True) for offer in desk.offers for id in _ids_of(offer))
        raise


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """What no other check sends: one call serves every vendor that lets it through. The watcher judges it."""
    del roles
    for desk in desks(setting):
        for slip in slips_of(setting, desk):
            head = "accepts" if slip.valid else "refuses"
            covers = tuple(_id(desk.offers[i], head) for i in sorted(slip.offers))
            writes = desk.door.action.effect == "write"
            name = f"{NAME}/{slip.detail}/{desk.door.place}"
            cost = 2 if writes and slip.valid else 1
            yield Probe(name, 5, covers, cost, _run(slip), (desk.door,), "main", writes, 1, slip.says)


def _run(slip: Slip) -> Callable[[], Conversation]:
    def run() -> Conversation:
        yield replace(slip.call, fresh=True) if slip.valid else slip.call

    return run


def _judged(seen: Seen, memory: Memory, desk: Desk, through: frozenset[int]) -> Iterator[Judgement]:
    ids = memory.setting.kept((NAME, desk.door.place), lambda: _all_ids(memory.setting, desk))
    if seen.success:
        memory.reached.update(desk.offers[i].place for i in through)
    elif desk.door.place in memory.unscoped:
        memory.unscoped.update({desk.offers[i].place: memory.unscoped[desk.door.place] for i in through})
    if seen.call.intent == "valid":
        yield from _spread(accepted(seen, "", seen.call.why), [ids[i].accepts for i in sorted(through)])
    elif seen.call.intent == "invalid" and not desk.in_header(seen.call.field):
        codes, statuses = expected(memory.setting, seen.call)
        found = refused_with(seen, "", codes, f"a call where {seen.call.why}", statuses)
        yield from _spread(found, [held for i in sorted(through) if (held := ids[i].refuses)])
    yield from _answered(seen, memory, desk, through & desk.telling, ids)


def _answered(seen: Seen, memory: Memory, desk: Desk, telling: frozenset[int], ids: list[_Held]) -> Iterator[Judgement]:
    """A status that nobody documents is undocumented for each vendor; a body is held to each vendor's schema."""
    if seen.spoilt_by("documented_status"):
        for i in sorted(telling & desk.listing):
            said = f"status {seen.status} is not there: {seen.outcome}"
            yield _broken(ids[i].answers, f"{desk.offers[i].documents} lists the status", said)
        return
    promised = desk.promised(seen.status)
    if promised is None:
        return
    wrong = _wrong(seen, memory, promised) if promised.each else {}
    for i in sorted(telling & promised.offers):
        if i in wrong:
            yield _broken(ids[i].answers, f"the body satisfies {desk.offers[i].documents}", wrong[i])
        elif seen.success and (judgement := ids[i].answers):
            yield judgement


def _wrong(seen: Seen, memory: Memory, promised: Promised) -> dict[int, str]:
    """What is wrong with a body, by the offers whose document it goes against."""
    if seen.json.problem:
        return {i: f"no JSON: {seen.json.problem}" for _, members in promised.each for i in members}
    if seen.fits:
        sure = memory.notes.get((NAME, promised.key), 0)
        if sure >= SURE:
            return {}
        if promised.every.is_valid(seen.body):
            memory.notes[NAME, promised.key] = sure + 1
            return {}
    elif promised.every.is_valid(seen.body):
        return {}
    found: dict[int, str] = {}
    for error, members in promised.faults(seen.body):
        where = ".".join(map(str, error.instance_path)) or "the body"
        found |= dict.fromkeys(members, f"{where}: {error.message[:300]}")
    return found


def _spread(judgements: Iterable[Judgement], holding: list[Judgement]) -> Iterator[Judgement]:
    """One verdict for each of several contracts, given as what is said of them where they hold."""
    for judgement in judgements:
        if judgement.verdict is Verdict.KEPT:
            yield from holding
        else:
            follows = judgement.verdict is Verdict.BROKEN
            yield from (replace(judgement, contract=one.contract, follows=follows) for one in holding)


def _broken(judgement: Judgement | None, expected: str, actual: str) -> Judgement:
    return Judgement(judgement.contract if judgement else "", Verdict.BROKEN, expected, actual, follows=True)


def _all_ids(setting: Setting, desk: Desk) -> list[_Held]:
    wrong = _let_through(setting, desk)
    return [
        _Held(
            kept(_id(offer, "accepts")),
            kept(_id(offer, "refuses")) if wrong[i] else None,
            kept(_id(offer, "answers")) if i in desk.telling else None,
        )
        for i, offer in enumerate(desk.offers)
    ]


def _let_through(setting: Setting, desk: Desk) -> dict[int, list[str]]:
    """What each offer's documents let a model get wrong: `<keyword>/<argument>`, each once."""
    found = {i: [n.detail for n in negatives] for i, negatives in desk.let_through(setting).items()}
    for slip in slips_of(setting, desk):
        for i in slip.offers if not slip.valid else ():
            found[i].append(slip.detail)
    return {i: list(dict.fromkeys(details)) for i, details in found.items()}


def _named(details: list[str]) -> str:
    """`maximum of hours, pattern of name and 3 more`."""
    words = [" of ".join(d.replace("_", " ", 1).split("/", 1)) if "/" in d else d.replace("_", " ") for d in details]
    more = len(words) - MOST_NAMED
    return ", ".join(words) if more <= 0 else f"{', '.join(words[:MOST_NAMED])} and {more} more"


def _promise(offer: Offer, head: str, says: str, origin: Any) -> Contract:
    action = offer.door.action
    return Contract(_id(offer, head), NAME, str(action.name), offer.surface.name, says, origin, (*action.cite, *offer.surface.cite))


def _ids_of(offer: Offer) -> tuple[str, ...]:
    return tuple(_id(offer, head) for head in ("accepts", "refuses", "answers"))


def _id(offer: Offer, head: str) -> str:
    return "/".join(part for part in (NAME, head, offer.via, offer.place) if part)
