"""Jobs: work that an action starts and that continues after its answer."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Job:
    """A job, whose progress is the state of `resource`. The action `read_by` reads it.

    It ends within `within_s` seconds in one of the states `done` or `failed`. After a failure the member
    `reason` says why.
    """

    resource: str
    read_by: str
    state: str
    done: tuple[str, ...]
    failed: tuple[str, ...]
    within_s: float
    reason: str | None
    origin: Pointer

    @property
    def ends(self) -> tuple[str, ...]:
        """The states in which a job has ended."""
        return (*self.done, *self.failed)
