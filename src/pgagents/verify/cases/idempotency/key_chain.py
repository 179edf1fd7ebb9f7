"""Make idempotency keys that each differ little from the key before."""

from __future__ import annotations

from dataclasses import dataclass, field
from string import ascii_letters
from typing import Any

from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint

KINDS = ("case", "longer", "tail", "case", "tail")
"""The way in which each key differs from the key before, in turn.

`longer` makes a key of the greatest length, so that `tail` reveals truncation.
"""
LONGEST = 64
"""Length (characters) of the longest key, if the schema sets no maximum; four times that at most."""


@dataclass(slots=True)
class KeyChain:
    """The keys used so far. It makes the next key by a small change of the last one."""

    keys: list[str] = field(default_factory=list)
    kind: str = ""
    used_at: float = 0.0
    """The time of the last key's use, in epoch seconds by the server's clock."""

    @property
    def says(self) -> str:
        """Describe the expected answer to a call with the next key."""
        return f"a key that is nearly one that was used ({self.kind}) is another key"

    def following(self, setting: Setting, endpoint: Endpoint) -> str | None:
        """Return a key that nearly equals the last one; None if there is no last one, or if the schema allows
        no such key.
        """
        param = endpoint.action.param(str(endpoint.action.idempotency))
        if not self.keys or param is None:
            return None
        last = self.keys[-1]
        longest = min(int(setting.resolve_schema(param.schema).get("maxLength", LONGEST)), 4 * LONGEST)
        tail = next((other for end in ascii_letters if (other := last[:-1] + end) not in self.keys), last)
        near = {"case": last.swapcase(), "longer": last.ljust(longest, "a"), "tail": tail}
        test = setting.test_argument(endpoint, param)
        for index in range(len(KINDS)):
            self.kind = KINDS[(len(self.keys) + index) % len(KINDS)]
            if near[self.kind] not in self.keys and test.is_valid(near[self.kind]):
                return near[self.kind]
        return None

    def note_key(self, key: Any, at: float) -> None:
        """Remember a key and the time of its use (epoch seconds)."""
        self.keys.append(str(key))
        self.used_at = at
