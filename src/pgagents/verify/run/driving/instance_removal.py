"""Remove instances while a run goes on: those that no later probe needs, and those that a probe undoes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pgagents.verify.fixtures.factory import FixtureFactory, Instance, Unavailable
from pgagents.verify.run.driving.call_executor import CallExecutor
from pgagents.verify.run.sending.ready import Stop
from pgagents.verify.run.sending.transmission import Sending


class InstanceRemoval:
    """Removes instances between the calls of probes. The budget does not count these requests."""

    def __init__(self, executor: CallExecutor) -> None:
        self._executor = executor
        self.keeps_surplus = False
        """True while another probe compares answers, which the removal of an instance could change."""

    @property
    def _factory(self) -> FixtureFactory:
        return self._executor.factory

    def remove(self, instance: Instance) -> Sending[bool]:
        """Remove one instance; return True if it is gone. Raises Unavailable, Stop."""
        gone: bool = yield from self._executor.run_generator(self._factory.removals.undo(instance), [])
        return gone

    @contextmanager
    def _cleaning(self) -> Iterator[None]:
        """Note that the requests only remove instances."""
        budget = self._executor.sender.budget
        budget.cleaning = True
        try:
            yield
        finally:
            budget.cleaning = False

    def hang_up(self) -> Sending[None]:
        """Remove the event receivers that are registered, because a repeated probe registers the same
        addresses again.
        """
        pool, hears = self._factory.pool, self._factory.proof.hears
        with self._cleaning():
            for instance in [t for t in pool.list_remaining() if hears(t.resource)]:
                with suppress(Unavailable):
                    yield from self.remove(instance)

    def undo(self, since: int) -> Sending[None]:
        """Remove the instances that this exchange and later ones made, the latest first."""
        pool = self._factory.pool
        with self._cleaning():
            for instance in reversed(pool.list_remaining()):
                made = instance.maker is not None and instance.maker.number >= since
                if made and instance in pool.list_remaining():
                    with suppress(Unavailable):
                        yield from self.remove(instance)

    def tidy(self, *, broke: bool) -> Sending[None]:
        """Remove the instances that later probes do not need. `broke` is True if the probe may have broken a
        contract.
        """
        pool = self._factory.pool
        with self._cleaning(), suppress(Unavailable, Stop):
            for instance in pool.surplus(broke=broke):
                if self.keeps_surplus:
                    break
                if instance in pool.list_remaining():
                    yield from self.remove(instance)
