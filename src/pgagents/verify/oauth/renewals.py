"""Keys of a run that commands print: those that are over, or were refused, are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgagents.client.secret_command import CommandSecrets
from pgagents.model.model import Model


@dataclass(frozen=True, slots=True)
class Renewals:
    """The commands that print a run's keys; None if no command does."""

    model: Model
    commands: CommandSecrets | None

    def find_new(self, keys: Mapping[str, str], holder: str, *, refused: bool = False) -> str | None:
        """Return a holder's new key; None while the one in `keys` is good. Raises PgagentsError."""
        if self.commands is None or holder not in self.commands.commands:
            return None
        if refused:
            self.commands.renew(holder)
        key = self.commands.find(holder)
        return key if key != keys.get(holder) else None

    def is_refusal(self, role: str, status: int) -> bool:
        """Return whether an answer's status refuses a role's key, and the key ought to be good."""
        known = self.model.auth.roles.get(role)
        code = self.model.wrong_key
        expected = known is not None and known.revoked
        return self.commands is not None and code is not None and status == code.status and not expected
