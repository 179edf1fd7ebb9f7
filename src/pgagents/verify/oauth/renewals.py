"""Renew the keys of a run that commands print, when they have expired or were refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgagents.client.keys.secret_command import CommandSecrets
from pgagents.model.model import Model


@dataclass(frozen=True, slots=True)
class Renewals:
    """The commands that print a run's keys. `commands` is None if no key comes from a command."""

    model: Model
    commands: CommandSecrets | None

    def find_new(self, keys: Mapping[str, str], holder: str, *, refused: bool = False) -> str | None:
        """Return a holder's new key; None if the one in `keys` is still good. Raises PgagentsError."""
        if self.commands is None or holder not in self.commands.commands:
            return None
        if refused:
            self.commands.renew(holder)
        key = self.commands.find(holder)
        return key if key != keys.get(holder) else None

    def is_refusal(self, role: str, status: int) -> bool:
        """Return whether a status means that a key from a command is refused, although the role's key should
        work.
        """
        known = self.model.auth.roles.get(role)
        code = self.model.wrong_key
        expected = known is not None and known.revoked
        return self.commands is not None and code is not None and status == code.status and not expected
