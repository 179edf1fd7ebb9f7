"""Wait for the expected events of a run, and read those that came to our receiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgagents.verify.check.check import Conversation
from pgagents.verify.check.setting import Setting
from pgagents.verify.events.deliveries import Event, read
from pgagents.verify.events.registration import choose_types
from pgagents.verify.events.steps import ExpectedEvent
from pgagents.verify.events.versions import box_of, is_about
from pgagents.verify.wire.call import Sleep
from pgagents.verify.wire.receiver import Inbox

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

    def read_box(self, box: str, version: str = "") -> tuple[Event, ...]:
        """Return the events that came to a box, read by the usual envelope or by that of a version."""
        return tuple(read(self.setting.model, d, version) for d in self.receiver.deliveries(box))

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
            taken = [e for e in events if not e.refused]
            again = {e.id for e in taken}
            awaited = (one for one in self.expected if one.type in asked)
            if not all(any(is_about(e, one) for e in taken) for one in awaited) or any(
                e.id not in again for e in events if e.refused
            ):
                return False
        return True
