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
from pgagents.report.contract import Rank
from pgagents.verify.cases.event_steps import is_caused
from pgagents.verify.events import Event, Heard, misfit, name_of_id, unheard
from pgagents.verify.laws import evaluate_law, witness
from pgagents.verify.promise import Case, Judgement, make_check
from pgagents.verify.setting import Setting

FORM, LAWS, OWN_ID = "form", "laws", "own_id"
PLACE = "@rest"
KNOWN = frozenset(("response",))


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield up to three cases: the form of events, laws for their data, and their ids."""
    del roles
    hooks = setting.model.webhooks
    if hooks is None:
        return
    unasked = [type for type in hooks.events if not is_caused(setting, type)]
    says = {
        FORM: f"{' and '.join(unasked)} fit {hooks.envelope} and the data of their type",
        LAWS: "of an event's data the laws hold that hold of an answer in the same form",
        OWN_ID: f"no two events have one {name_of_id(setting.model)}",
    }
    if not unasked:
        del says[FORM]
    if not any(_list_laws(setting, type) for type in unasked):
        del says[LAWS]
    settled = unheard(setting)
    for detail, text in says.items():
        origin = ("webhooks", "envelope" if detail == OWN_ID else "events")
        yield Case(None, text, origin, detail=detail, cite=hooks.cite, settled=settled, place=PLACE)


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each event that our receiver accepted. An event that was delivered twice is judged once."""
    trial = CHECK.find_trial(setting, PLACE, OWN_ID)
    if trial is None:
        return
    first: dict[str, Event] = {}
    for event in heard.events:
        if event.refused:
            continue
        known = first.setdefault(event.id, event) if event.id is not None else event
        if known is event:
            yield from _judge_event(setting, event)
        elif (known.type, known.data) != (event.type, event.data):
            both = f"{known.type} and {event.type}" if known.type != event.type else f"two of {event.type}"
            yield trial.broken(
                f"each event has an {name_of_id(setting.model)} of its own", f"{both} have one"
            )
            return
    yield trial.kept() if len(first) > 1 else trial.untested("fewer than two events came")


def _judge_event(setting: Setting, event: Event) -> Iterator[Judgement]:
    known = setting.model.webhooks.events.get(event.type or "")
    form, laws = (CHECK.find_trial(setting, PLACE, detail) for detail in (FORM, LAWS))
    if known is None or form is None or is_caused(setting, str(event.type)):
        return  # event_delivery judges it by the action's answer
    problem = misfit(setting, event)
    if problem:
        yield form.broken(f"{event.type} as the catalogue has it", problem)
        return
    yield form.kept()
    for member, law in _list_laws(setting, str(event.type)):
        assert laws is not None, "it is promised where a law is listed"
        scope = Scope({"response": {member: event.data}})
        outcome = evaluate_law(law, scope).outcome
        if outcome == "broken":
            yield laws.broken(
                f"{law.name}: {law.that.wording}",
                f"of {event.type}: {{witness}}",
                witness=witness(law, scope),
            )
        elif outcome == "held":
            yield laws.kept()


def _list_laws(setting: Setting, type: str) -> tuple[tuple[str, Law], ...]:
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

    return setting.compute_once(("event_schema", type), lambda: tuple(find()))


CHECK = make_check("event_schema", __doc__, cases, hear=hear, rank=Rank.UNDOCUMENTED)
