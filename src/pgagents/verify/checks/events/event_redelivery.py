"""A delivery that its receiver refused is sent again, as the same event with the same id.

Our receiver answers the first delivery with an error. Where Standard Webhooks signs, it answers with a
redirect, which is not a delivery by that specification. The event must come again within the promised time,
with the same id; its data may be those of the second delivery.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Rank
from pgagents.verify.events import Heard, name_of_id, refusal_of, unheard
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.receiver import MOVED

AGAIN, PLACE = "again", "@rest"
SLACK_S = 5.0
"""Seconds that a delivery may come later than promised: it takes a second from the server's queue to here."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case if the catalogue promises that deliveries are repeated."""
    del roles
    hooks = setting.model.webhooks
    if hooks is not None and hooks.again_within_s:
        how = "a redirect" if refusal_of(setting.model) == MOVED else "an error"
        says = (
            f"a delivery that was answered with {how} comes again within {hooks.again_within_s} s, "
            f"with the same {name_of_id(setting.model)}"
        )
        origin, settled = ("webhooks", "again_within_s"), unheard(setting)
        yield Case(None, says, origin, detail=AGAIN, cite=hooks.cite, settled=settled, place=PLACE)


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each delivery that our receiver refused, by the later deliveries."""
    trial, hooks = CHECK.find_trial(setting, PLACE, AGAIN), setting.model.webhooks
    if trial is None:
        return
    id_at = name_of_id(setting.model)
    refused = [index for index, event in enumerate(heard.events) if event.refused]
    if not refused:
        yield trial.untested("no delivery came that could be refused")
    for index in refused:
        first, later = heard.events[index], heard.events[index + 1 :]
        same = next((event for event in later if event.id is not None and event.id == first.id), None)
        like = next((event for event in later if (event.type, event.data) == (first.type, first.data)), None)
        expected = f"it comes again within {hooks.again_within_s} s, with the {id_at} it had"
        if same is not None:
            late_s = same.delivery.at - first.delivery.at
            claim = f"{same.type} came again after {{late_s:,.0f}} s"
            late = late_s > hooks.again_within_s + SLACK_S
            yield trial.broken(expected, claim, late_s=late_s) if late else trial.kept()
        elif like is not None:
            yield trial.broken(expected, f"{like.type} came again with another {id_at}")
        else:
            yield trial.broken(expected, f"{first.type} did not come again")


CHECK = make_check("event_redelivery", __doc__, cases, hear=hear, rank=Rank.WRONG)
