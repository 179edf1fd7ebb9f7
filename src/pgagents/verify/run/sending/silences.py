"""Decide that a server is gone, by the requests that it did not answer."""

from __future__ import annotations

from pgagents.http import Response, Silence
from pgagents.verify.run.sending.ready import Stop

REFUSED, RESET = "refused", "reset"
MAX_SILENCES = 4
MAX_BROKEN_OFF = 12


class Silences:
    """Counts the answers of a server, and its silences and broken-off answers since the last whole one."""

    def __init__(self) -> None:
        self.answered = 0
        self.era = 0
        """The number of the server's returns so far."""
        self._silent = self._broken_off = 0

    def forget(self) -> None:
        """Begin to count silences anew."""
        self._silent = self._broken_off = 0

    def is_lost(self, answer: Response | Silence) -> bool:
        """True if a server that has answered before refused a connection, or ended it before the answer did.

        Such a call is examined (`lost_answers`).
        """
        return self.answered > 0 and isinstance(answer, Silence) and answer.kind in (REFUSED, RESET)

    def count(self, answer: Response | Silence) -> None:
        """Count an answer or a silence. Raises Stop if the server is gone."""
        if isinstance(answer, Response):
            self.forget()
            self.answered += 1
        elif answer.begun:
            self._silent, self._broken_off = 0, self._broken_off + 1
            self.answered += 1
            if self._broken_off > (MAX_SILENCES if answer.kind == "timeout" else MAX_BROKEN_OFF):
                raise Stop(
                    f"the server broke off its last {self._broken_off} answers ({answer.kind}: "
                    f"{answer.detail})"
                )
        else:
            self._silent += 1
            if self._silent >= MAX_SILENCES or (self._silent >= 2 and not self.answered):
                said = "never answered" if not self.answered else "stopped answering"
                raise Stop(
                    f"the server {said} ({answer.kind}{': ' + answer.detail if answer.detail else ''})"
                )
