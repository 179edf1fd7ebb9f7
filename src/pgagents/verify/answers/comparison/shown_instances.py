"""Remember how answers represented each instance, and forget what may no longer hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.model.resource import id_text
from pgagents.verify.answers.comparison.representations import Representation, kind_of
from pgagents.verify.answers.removed import list_fellows, list_removed
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST_KNOWN = 2_000


@dataclass(slots=True)
class ShownInstance:
    """The representation of an instance in one answer; `written` is the number of writes before it."""

    representation: Representation
    body: Mapping[str, Any]
    written: int
    at: float
    place: str = ""


@dataclass(slots=True)
class DatedValues:
    """The last volatile values that an action returned, read at `at`.

    With them are the times in the same answer, which were first seen at `since`.
    """

    values: Mapping[str, Any]
    times: Mapping[str, Any]
    since: float
    at: float


@dataclass(slots=True)
class ShownInstances:
    """The last representation of each instance, by kind and id, and by action.

    `number` is the number of the last exchange judged.
    """

    told: dict[tuple[str, str], dict[str, ShownInstance]]
    dated: dict[tuple[str, str, str], DatedValues] = field(default_factory=dict)
    written: int = 0
    number: int = 0


def forget_removed(setting: Setting, exchange: Exchange, facts: ShownInstances) -> None:
    """Forget the instance that a call removes, even if it got no answer, because its id may be reused.

    It forgets instances that may refer to the removed one, because a server may remove both.
    """
    for gone, place, id in list_removed(setting, exchange):
        if gone.removes:
            shown = facts.told.pop((kind_of(setting, gone), f"{place} {id}"), None)
            if shown is not None:
                fellows = {
                    kind_of(setting, setting.model.resources[name])
                    for name in list_fellows(setting.model, gone)
                }
                for key in [key for key in facts.told if key[0] in fellows]:
                    del facts.told[key]


def is_uncertain(memory: Memory, told: ShownInstance) -> bool:
    """True if the instance may have been removed, so that another instance may have its id."""
    id = told.body.get(told.representation.id)
    return any(
        known == id_text(id) and place == told.place
        for name, place, known in memory.uncertain
        if kind_of(memory.setting, memory.model.resources[name]) == told.representation.kind
    )


def find_place(setting: Setting, kind: str, exchange: Exchange, endpoint: Endpoint) -> str:
    """Return the ids of the containers in a call, because ids are only unique within them."""
    for resource in setting.model.resources.values():
        if resource.within is not None and kind_of(setting, resource) == kind:
            return resource.place_in(endpoint.params, exchange.input)
    return ""


def forget_all(facts: ShownInstances) -> None:
    """Forget all facts except those from creates, some of which never change."""
    made = {
        key: {by: told for by, told in known.items() if told.representation.makes}
        for key, known in facts.told.items()
    }
    kept = [(key, known) for key, known in made.items() if known]
    facts.told = dict(kept[-MOST_KNOWN // 2 :])
