"""A break of a contract: what a finding shows of it, and the key of its cause."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.text import bare_path
from pgagents.catalogue.decoding.medium import is_json
from pgagents.catalogue.harmless.ids import list_numbers
from pgagents.catalogue.model.resource import id_text
from pgagents.report.causes import Fact, cause_of
from pgagents.report.contract import Contract, Rank
from pgagents.report.curl import HABITS
from pgagents.report.report import RecordedExchange
from pgagents.verify.answers.observation import list_members
from pgagents.verify.fixtures.instance import is_double
from pgagents.verify.fixtures.marks import find_marks
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Probe
from pgagents.verify.wire.call import Call, InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.exchange import Exchange, got

RIGHT = frozenset(("valid", "explore"))
"""The intents of calls that should succeed."""
_OF_RIGHT_CALLS = frozenset(("valid", "explore", "clean"))
_GONE = (404, 410)
FAILED = 500
_NAMING = frozenset(("GET", "HEAD", "PATCH", "DELETE"))
"""Methods of calls that need the instance in their path."""
_IDS = frozenset(("id", "_id", "uuid", "guid"))
"""Names of members that say which thing an object is."""
_DEPTH = 3
"""The most objects around an id in an answer, such as `data`."""


@dataclass(slots=True)
class Break:
    """The break of a contract by the exchanges that come first in the plan.

    `probe` is None if a watcher judged the last exchange.
    """

    judgement: Judgement
    chain: tuple[Exchange, ...]
    call: Call | None
    probe: Probe | None
    outcome: str
    stable: bool | None = None
    odd: bool = False
    """True if the break only contradicts an inferred part of the catalogue."""
    plain: bool = False
    """True if it happened again without the headers that only some clients send."""
    past: tuple[Call, ...] = ()
    """Earlier calls about the same instance: a watcher's verdict may depend on them."""
    steps: int = 0
    """The number of exchanges up to the break, of which `chain` has the last ones."""
    when: str = ""
    """The arguments without which the call breaks nothing, as a clause such as `priority is 5`; empty if that
    was not tried.
    """
    confirm: str = ""
    """The inferred resource without which the break would not be odd; empty if there is none."""
    smaller: Break | None = None
    """The same break by a call with fewer unusual arguments, which a finding shows."""
    needs: Mapping[str, Any] = field(default_factory=dict)
    """The arguments without which the call breaks nothing, as they were sent; empty if that was not tried."""

    @property
    def shown(self) -> Break:
        """The break that a finding shows: that of the smallest call."""
        return self.smaller or self

    def find_rank(self, usual: Rank) -> Rank:
        """Return how bad the break is; `usual` is the rank of the contract's check."""
        told = self.judgement.rank
        if self.odd:
            return told if told in (Rank.DOCUMENTED, Rank.COERCED) else Rank.ODD
        return usual if told is None or not told.is_at_least(Rank.LAX) else told


def write_value(value: Any) -> str:
    """Return a value as JSON, by which values are compared. A number is written alike in all its forms."""
    if isinstance(value, int) and is_double(value):
        value = float(value)
    return json.dumps(value, sort_keys=True, default=str)


_MADE_ANEW = Expression | InstanceRef | UniqueValue | Signature | RelativeTime
"""The kinds of arguments whose values differ from call to call."""


def list_unusual(sent: Mapping[str, Any], usual: Mapping[str, Any]) -> list[str]:
    """Return the arguments that have another value than in ordinary calls, or are left out."""
    return [
        name
        for name in dict.fromkeys((*sent, *usual))
        if not isinstance(sent.get(name), _MADE_ANEW)
        and (name not in sent or name not in usual or sent[name] != usual[name])
    ]


def describe_headers(call: Call, unusual: Sequence[str]) -> str:
    """Return the unusual arguments of a call as JSON if all are headers; else an empty text.

    Servers read headers such as If-Match at one place for all actions.
    """
    assert call.endpoint is not None
    params = [call.endpoint.action.param(name) for name in unusual]
    in_headers = all(param is not None and param.place == "header" for param in params)
    return write_value({name: call.input.get(name) for name in unusual}) if unusual and in_headers else ""


def name_cause(contract: Contract, broken: Break, *, headers: str = "", usual: bool = False) -> str:
    """Return the key of the cause of a contract's break (`report.causes.cause_of`)."""
    judgement, last = broken.judgement, broken.chain[-1] if broken.chain else None
    right = last is not None and last.call.intent in _OF_RIGHT_CALLS and not _says_gone(last)
    return cause_of(
        contract,
        broken.outcome,
        judgement.actual,
        exchange_of(last) if last is not None else None,
        right=right,
        claim=judgement.claim,
        member=judgement.member,
        fact=find_fact(judgement, broken.chain),
        headers=headers,
        usual=usual,
        null=last is not None and _is_null(contract, last),
    )


def _is_null(contract: Contract, last: Exchange) -> bool:
    """True if a call is wrong because of a null, whichever keyword of the argument its contract is about."""
    keyword, _, argument = contract.detail.partition("/")
    if last.call.intent != "invalid" or keyword == "required" or not argument:
        return False
    return argument.partition(".")[0] in last.input and got(last.input, argument) is None


def is_same_crash(part: Break, whole: Break) -> bool:
    """True if what alone makes one right call crash stands in another call that crashes alike.

    Both actions take these arguments with one schema, such as the create and the change of one thing.
    """
    one, other = part.shown.chain[-1], whole.shown.chain[-1]
    ours, theirs = one.call.endpoint, other.call.endpoint
    if not part.needs or ours is None or theirs is None or other.call.intent not in RIGHT:
        return False
    if one.response is None or other.response is None:
        return False
    if (one.status, one.response.body) != (other.status, other.response.body):
        return False
    for name, value in part.needs.items():
        mine, its = ours.action.param(name), theirs.action.param(name)
        if mine is None or its is None or (mine.place, mine.schema) != (its.place, its.schema):
            return False
        if name not in other.input or write_value(other.input[name]) != write_value(value):
            return False
    return True


def name_things(exchange: Exchange, steps: Sequence[str] = ()) -> frozenset[str]:
    """Return what tells of which thing an answer's member is: ids, and marks of this run.

    They stand in the nearest object around the member that has any, or else at the end of the request's path.
    Without `steps` it is the thing that the whole answer is about.
    """
    for end in range(len(steps) - 1 if steps else 0, -1, -1):
        if names := frozenset(_list_names(got(exchange.body, steps[:end]), _DEPTH)):
            return names
    endpoint = exchange.call.endpoint
    path = bare_path(endpoint.path) if endpoint is not None else ""
    if not path.endswith("}"):
        return frozenset()
    last = path.rpartition("{")[2].rstrip("}")
    return frozenset(write_value(exchange.input[name]) for name in exchange.input if name == last)


def _list_names(value: Any, depth: int) -> Iterator[str]:
    """Yield ids and marks of an object, and of objects in it, but of no items of a list."""
    if not isinstance(value, dict) or not depth:
        return
    for name, member in value.items():
        if name.lower() in _IDS and isinstance(member, str | int):
            yield write_value(member)
        elif isinstance(member, str):
            yield from find_marks(member)
        else:
            yield from _list_names(member, depth - 1)


def find_fact(judgement: Judgement, chain: Sequence[Exchange]) -> Fact:
    """Return the fact on which a break rests.

    A wrong call that got a page for people, as right calls of the action do, was not accepted by the action.
    """
    last = chain[-1] if chain else None
    answer = last.response if last is not None else None
    if judgement.fact != "taken" or last is None or answer is None:
        return judgement.fact
    page = last.is_tainted_by("content_type") and not (answer.media_type and is_json(answer.media_type))
    return "medium" if page else "taken"


def find_accepted(broken: Break) -> str:
    """Return the wrong argument that a server accepted, as its answer may repeat it; empty without one."""
    last = broken.chain[-1] if broken.chain else None
    accepted = last is not None and last.call.intent == "invalid" and last.success
    return last.call.field if last is not None and accepted else ""


def describe_condition(broken: Break) -> str:
    """Return the arguments that a break needs as a clause, such as `priority is 5`; empty if not known.

    A wrong argument that was sent on purpose is known, and those of other calls after they were narrowed.
    """
    call = broken.chain[-1].call if broken.chain else None
    if call is None or call.endpoint is None or call.intent != "invalid":
        return broken.when
    named = call.endpoint.action.param(call.field) is not None and call.why.startswith(f"{call.field} ")
    return call.why if named else ""


def _says_gone(exchange: Exchange) -> bool:
    """True for a 404 or 410 that says that an instance in the path is not there, whatever its message.

    A PUT at the end of the path may make it.
    """
    endpoint, method = exchange.call.endpoint, exchange.request.method
    named = endpoint is not None and "{" in endpoint.path
    within = endpoint is not None and not bare_path(endpoint.path).endswith("}")
    return named and exchange.status in _GONE and (within or method in _NAMING)


def rank_writes(
    writes: Sequence[Exchange], ids: Collection[str], new: Collection[str], removing: Collection[str]
) -> tuple[list[Exchange], bool]:
    """Return writes, those first that likely changed the rows with these ids, to these new texts. The second
    value is True if nothing but the first one can have done it. If rows are gone, `removing` are the actions
    that remove such rows.

    A lenient server may read an argument as one of the ids.
    """
    numbers = {number for id in ids for number in list_numbers(id)}

    def names(write: Exchange) -> bool:
        given = [value for _, value in list_members(write.input) if not isinstance(value, bool)]
        every = [*given, *(item for value in given if isinstance(value, list) for item in value)]
        texts = {one for one in every if isinstance(one, str)}
        return not texts.isdisjoint(new) or any(
            id_text(one) in ids or not numbers.isdisjoint(list_numbers(one)) for one in every
        )

    done = [w for w in reversed(writes) if w.success or w.error or w.status >= FAILED]
    meant = [write for write in done if names(write)]
    removals = [w for w in done if w.call.endpoint and str(w.call.endpoint.action.name) in removing]
    ranked = dict.fromkeys((*meant, *removals, *done, *reversed(writes)))
    return list(ranked), bool(meant) or len(done) == 1


def exchange_of(exchange: Exchange) -> RecordedExchange:
    """Return an exchange in the form that a report stores."""
    call = exchange.call
    action = str(call.endpoint.action.name) if call.endpoint else ""
    role = "" if call.plain else call.holder
    return RecordedExchange(
        exchange.number,
        exchange.request,
        exchange.answer,
        exchange.seconds,
        call.why,
        role,
        action,
        call.surface,
        exchange.base,
        printed=exchange.printed,
        arguments=list_header_arguments(exchange),
    )


def list_header_arguments(exchange: Exchange) -> tuple[str, ...]:
    """Return the sent headers that are arguments of the action, and that some clients send by themselves."""
    endpoint = exchange.call.endpoint
    names = endpoint.action.header_names & HABITS if endpoint is not None else frozenset()
    return tuple(sorted(name for name in names if exchange.request.header(name) is not None))
