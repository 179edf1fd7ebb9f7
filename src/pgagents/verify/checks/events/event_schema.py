"""An event that no action causes is valid under the envelope and the schema of its type, and no two events
have the same id.

The events that actions cause are judged by `event_delivery`. Two events of one type about one instance may
be one that was delivered twice, as Stripe warns, so they prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.report.contract import Rank
from pgagents.verify.cases.event_steps import is_caused
from pgagents.verify.events import Event, Heard, misfit, name_of_id, unheard
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Setting

FORM, OWN_ID = "form", "own_id"
PLACE = "@rest"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield up to two cases: the form of events, and their ids."""
    del roles
    hooks = setting.model.webhooks
    if hooks is None:
        return
    unasked = _list_unasked(setting)
    says = {
        FORM: f"{' and '.join(unasked)} fit {hooks.envelope} and the data of their type",
        OWN_ID: f"no two events have one {name_of_id(setting.model)}",
    }
    if not unasked:
        del says[FORM]
    settled = unheard(setting)
    for detail, text in says.items():
        origin = ("webhooks", "envelope" if detail == OWN_ID else "events")
        yield Case(None, text, origin, detail=detail, cite=hooks.cite, settled=settled, place=PLACE)


def _list_unasked(setting: Setting) -> list[str]:
    return [type for type in setting.model.webhooks.events if not is_caused(setting, type)]


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each event that our receiver accepted. An event that was delivered twice is judged once."""
    trial = CHECK.find_trial(setting, PLACE, OWN_ID)
    if trial is None:
        return
    first: dict[str, Event] = {}
    accepted = [event for event in heard.events if not event.refused]
    yield from _judge_form(setting, accepted)
    for event in accepted:
        known = first.setdefault(event.id, event) if event.id is not None else event
        if _name(setting, known) != _name(setting, event):
            both = f"{known.type} and {event.type}" if known.type != event.type else f"two of {event.type}"
            yield trial.broken(
                f"each event has an {name_of_id(setting.model)} of its own", f"{both} have one"
            )
            return
    yield trial.kept() if len(first) > 1 else trial.untested("fewer than two events came")


def _name(setting: Setting, event: Event) -> tuple[Any, ...]:
    """Return what an event is of, which a second delivery of it has, too. The other data may be rendered anew
    for it, since the instance may have changed meanwhile.
    """
    known = setting.model.webhooks.events.get(event.type or "")
    about = setting.model.resources.get(known.about or "") if known is not None else None
    body = event.data if isinstance(event.data, Mapping) else {}
    return event.type, about.id_of(body) if about is not None else None


def _judge_form(setting: Setting, events: list[Event]) -> Iterator[Judgement]:
    form, unasked = CHECK.find_trial(setting, PLACE, FORM), _list_unasked(setting)
    if form is None:
        return
    unseen = [type for type in unasked if all(event.type != type for event in events)]
    for event in events:
        if event.type not in unasked:
            continue  # event_delivery judges it by the action's answer
        problem = misfit(setting, event)
        if problem:
            yield form.broken(f"{event.type} as the catalogue has it", problem)
        else:
            yield form.kept(f"no {' or '.join(unseen)} came" if unseen else "")


CHECK = make_check("event_schema", __doc__, cases, hear=hear, rank=Rank.UNDOCUMENTED)
