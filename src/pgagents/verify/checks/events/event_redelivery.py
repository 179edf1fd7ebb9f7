"""A delivery that its receiver refused is sent again, as the same event with the same id.

Our receiver answers the first delivery with an error. Where Standard Webhooks signs, it answers with a
redirect, which is no delivery by that specification. The event must come again within the promised time, with
the same id, type and data.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.events import Heard, name_of_id, refusal_of, unheard
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, judge_untested, promise_at
from pgagents.verify.setting import Setting
from pgagents.verify.wire.receiver import MOVED

NAME = "event_redelivery"
CONTRACT = f"{NAME}/again@rest"
SLACK_S = 5.0


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract if the catalogue promises that deliveries are repeated."""
    hooks = setting.model.webhooks
    if hooks is not None and hooks.again_within_s:
        how = "a redirect" if refusal_of(setting.model) == MOVED else "an error"
        says = (
            f"a delivery that was answered with {how} comes again within {hooks.again_within_s} s, "
            f"with the same {name_of_id(setting.model)}"
        )
        yield promise_at(NAME, "again", "@rest", says, ("webhooks", "again_within_s"), hooks.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract unless a receiver listens."""
    del contract
    return unheard(setting)


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each delivery that our receiver refused, by the later deliveries."""
    hooks, id_at = setting.model.webhooks, name_of_id(setting.model)
    if not hooks.again_within_s:
        return
    refused = [i for i, event in enumerate(heard.events) if event.refused]
    if not refused:
        yield judge_untested(CONTRACT, "no delivery came that could be refused")
    for index in refused:
        first, later = heard.events[index], heard.events[index + 1 :]
        same = next((e for e in later if e.id is not None and e.id == first.id), None)
        like = next((e for e in later if e.type == first.type and e.data == first.data), None)
        expected = f"it comes again within {hooks.again_within_s} s, with the {id_at} it had"
        late_s = same.delivery.at - first.delivery.at if same is not None else 0.0
        if (
            same is not None
            and (same.type, same.data) == (first.type, first.data)
            and late_s > hooks.again_within_s + SLACK_S
        ):
            yield judge_broken(CONTRACT, expected, f"{same.type} came again after {late_s:,.0f} s")
        elif same is not None and (same.type, same.data) == (first.type, first.data):
            yield judge_kept(CONTRACT)
        elif same is not None:
            yield judge_broken(
                CONTRACT, f"{expected} and the same content", f"{same.type} came with another content"
            )
        elif like is not None:
            yield judge_broken(
                CONTRACT, expected, f"{like.type} came again with another {name_of_id(setting.model)}"
            )
        else:
            yield judge_broken(CONTRACT, expected, f"{first.type} did not come again")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    hear=hear,
    settled=settle_contract,
    rank=Rank.WRONG,
)
