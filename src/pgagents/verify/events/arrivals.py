"""Wait for the expected events of a run, and read those that came to our receiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pgagents.verify.check.check import Conversation
from pgagents.verify.check.setting import Setting
from pgagents.verify.events.deliveries import Event, read
from pgagents.verify.events.registration import choose_types
from pgagents.verify.events.steps import ExpectedEvent
from pgagents.verify.events.versions import box_of, count_alike, list_taken
from pgagents.verify.wire.call import Sleep
from pgagents.verify.wire.receiver import Delivery, Inbox

LOOK_S = 0.5
"""Seconds between two looks at what came."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The events that are expected, and the boxes of our receiver to which they come.

    `boxes` maps each type of event to the box of its webhook, `versions` each version of the envelope to the
    secret of its webhook.
    """

    setting: Setting
    receiver: Inbox
    expected: Sequence[ExpectedEvent]
    boxes: Mapping[str, str]
    versions: Mapping[str, str]
    _parsed: dict[tuple[str, str], dict[Delivery, Event]] = field(default_factory=dict)
    """The deliveries that a box and version held at the last look, each with its event."""

    def read_box(self, box: str, version: str = "") -> tuple[Event, ...]:
        """Return the events that came to a box, read by the usual envelope or by that of a version.

        A delivery is parsed at the first look only: a run that waits looks at all of them again and again.
        """
        deliveries, before = self.receiver.deliveries(box), self._parsed.get((box, version), {})
        parsed = {d: before.get(d) or read(self.setting.model, d, version) for d in deliveries}
        self._parsed[box, version] = parsed
        return tuple(parsed[d] for d in deliveries)

    def wait(self) -> Conversation:
        """Wait for the expected events as long as they may take, then a little longer for others."""
        looks = 0
        while looks * LOOK_S < self._find_patience_s() and not self._have_all_come():
            looks += 1
            yield Sleep(LOOK_S, quiet=True)
        yield Sleep(LOOK_S, quiet=True)

    def _find_patience_s(self) -> float:
        """Return how many seconds to wait for deliveries. A second delivery is awaited only if the first was
        refused.
        """
        hooks = self.setting.model.webhooks
        refused = any(event.refused for box in self.boxes.values() for event in self.read_box(box))
        return float(hooks.within_s + (hooks.again_within_s or 0 if refused else 0))

    def _have_all_come(self) -> bool:
        """True if each action's event has come, in each version too, and each refused delivery has come
        again.
        """
        wanted = sum(one.type == next(iter(self.boxes), "") for one in self.expected)
        if any(len(self.receiver.deliveries(box_of(version))) < wanted for version in self.versions):
            return False
        for type, box in self.boxes.items():
            events, asked = self.read_box(box), choose_types(self.setting, list(self.boxes), type)
            again = {e.id for e in events if not e.refused}
            awaited = (one for one in self.expected if one.type in asked)
            if not all(
                len(list_taken(events, one)) >= count_alike(self.expected, one) for one in awaited
            ) or any(e.id not in again for e in events if e.refused):
                return False
        return True
