"""Every event is valid under the envelope and the schema of its type, and no two events have the same id.

Events that no action causes are judged here. If a reading action answers with the same schema, its laws must
hold for the event's data, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.jsonschema.schema import REF
from pgagents.catalogue.model.action import Law
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.cases.event_steps import is_caused
from pgagents.verify.events import Event, Heard, misfit, name_of_id, unheard
from pgagents.verify.laws import evaluate_law, witness
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, judge_untested, promise_at
from pgagents.verify.setting import Setting

NAME = "event_schema"
FORM, LAWS, OWN_ID = f"{NAME}/form@rest", f"{NAME}/laws@rest", f"{NAME}/own_id@rest"
KNOWN = frozenset(("response",))


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield up to three contracts: about the form of events, laws for their data, and their ids."""
    hooks = setting.model.webhooks
    if hooks is None:
        return
    unasked = [type for type in hooks.events if not is_caused(setting, type)]
    if unasked:
        says = f"{' and '.join(unasked)} fit {hooks.envelope} and the data of their type"
        yield promise_at(NAME, "form", "@rest", says, ("webhooks", "events"), hooks.cite)
    if any(_laws(setting, type) for type in unasked):
        says = "of an event's data the laws hold that hold of an answer in the same form"
        yield promise_at(NAME, "laws", "@rest", says, ("webhooks", "events"), hooks.cite)
    says = f"no two events have one {name_of_id(setting.model)}"
    yield promise_at(NAME, "own_id", "@rest", says, ("webhooks", "envelope"), hooks.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract unless a receiver listens."""
    del contract
    return unheard(setting)


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each event that our receiver accepted. An event that was delivered twice is judged once."""
    first: dict[str, Event] = {}
    for event in (e for e in heard.events if not e.refused):
        known = first.setdefault(event.id, event) if event.id is not None else event
        if known is event:
            yield from _fitting(setting, event)
        elif (known.type, known.data) != (event.type, event.data):
            told = f"{known.type} and {event.type}" if known.type != event.type else f"two of {event.type}"
            yield judge_broken(
                OWN_ID, f"each event has an {name_of_id(setting.model)} of its own", f"{told} have one"
            )
            return
    yield judge_kept(OWN_ID) if len(first) > 1 else judge_untested(OWN_ID, "fewer than two events came")


def _fitting(setting: Setting, event: Event) -> Iterator[Judgement]:
    known = setting.model.webhooks.events.get(event.type or "")
    if known is None or is_caused(setting, str(event.type)):
        return  # event_delivery judges it by the action's answer
    wrong = misfit(setting, event)
    yield judge_broken(FORM, f"{event.type} as the catalogue has it", wrong) if wrong else judge_kept(FORM)
    for member, law in _laws(setting, str(event.type)) if not wrong else ():
        scope = Scope({"response": {member: event.data}})
        outcome = evaluate_law(law, scope).outcome
        if outcome == "broken":
            yield judge_broken(
                LAWS,
                f"{law.name}: {law.that.wording}",
                f"of {event.type}: {witness(law, scope)}",
            )
        elif outcome == "held":
            yield judge_kept(LAWS)


def _laws(setting: Setting, type: str) -> tuple[tuple[str, Law], ...]:
    """Return the laws of reading actions whose answers have an event's schema.

    Each law comes with the member that holds the data.
    """

    def find() -> Iterator[tuple[str, Law]]:
        event = setting.model.webhooks.events.get(type)
        for action in setting.model.actions if event is not None and event.data is not None else ():
            schema: Mapping[str, Any] = action.success.schema or {}
            members: Mapping[str, Any] = schema.get("properties", {})
            member = next(
                (name for name, written in members.items() if written.get("$ref") == f"{REF}{event.data}"),
                None,
            )
            if action.effect == "read" and member is not None:
                yield from ((str(member), law) for law in action.laws if law.names <= KNOWN)

    return setting.compute_once((NAME, type), lambda: tuple(find()))


CHECK = Check(
    NAME,
    __doc__,
    promises,
    hear=hear,
    settled=settle_contract,
    rank=Rank.UNDOCUMENTED,
)
