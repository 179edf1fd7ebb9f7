"""Remove the instances of a run when it ends, the latest first."""

from __future__ import annotations

from collections.abc import Collection

from pgagents.model.resource import id_text
from pgagents.verify.fixtures.factory import Instance, Unavailable
from pgagents.verify.fixtures.pool import MAX_TRIES, FixturePool
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.sending.ready import Stop
from pgagents.verify.run.sending.transmission import finish

HURRIED_S = 15.0
MADE_MEANWHILE = 50
"""Number of instances that clean-up may make as proofs before it leaves the rest behind."""


def clean_up(driver: Driver, *, hurried: bool = False) -> list[str]:
    """Remove everything that a run made; return the instances that could not be removed, with the
    reason if one is known.

    With `hurried`, the run was interrupted: clean-up takes `HURRIED_S` seconds at most, and a further
    interrupt ends it.
    """
    sender = driver.sender
    sender.cleaning = True
    if hurried:
        sender.hurry(HURRIED_S)
    sender.silences = sender.broken_off = 0
    driver.factory.pool.now = sender.now()  # what has ended by itself since the last call is not left behind
    behind: list[tuple[Instance, str]] = []
    met: set[tuple[str, str, str]] = set()
    """The instances met so far: one that several resources share is undone and listed once."""
    there = _look_up_unsure(driver)
    most = len(driver.factory.pool.list_remaining()) + MADE_MEANWHILE
    while (instance := _next_left(driver.factory.pool, met)) is not None:
        met.add(_same(instance))
        name = f"{instance.resource.name} {id_text(instance.id)}"
        there = there and len(met) <= most
        try:
            gone = there and instance.tries < MAX_TRIES and _undo(driver, instance)
        except Unavailable as why:
            gone, instance.unremoved = False, str(why)
        except KeyboardInterrupt:  # of a run that came to its end by itself, the rest is undone all the same
            gone, there = False, not hurried
            hurried = True
            sender.hurry(HURRIED_S)
        except Stop:  # it is gone: each further call would take the whole time-out
            gone = there = False
        sender.cleaning = True
        if not gone:
            behind.append((instance, f"{name} ({instance.unremoved})" if instance.unremoved else name))
    return [name for instance, name in behind if not instance.gone]  # some go with what contains them


def _undo(driver: Driver, instance: Instance) -> bool:
    """Remove an instance; return True if it is gone."""
    return bool(finish(driver.run_generator(driver.factory.removals.undo(instance), [])))


def _look_up_unsure(driver: Driver) -> bool:
    """Find the instances that creates without an answer made, so that they are removed. Return False if the
    server no longer answers.
    """
    pool = driver.factory.pool
    try:
        for instance in finish(driver.run_generator(driver.factory.unsure.look_up(), [])):
            known = pool.find(instance.resource, instance.id)
            if known is None:
                pool.add(instance)
            else:  # a list had it, and did not say whose it is
                known.made = known.ours = True
                pool.note_change(known)
    except (Unavailable, KeyboardInterrupt):
        pass
    except Stop:
        return False
    return True


def _next_left(pool: FixturePool, met: Collection[tuple[str, str, str]]) -> Instance | None:
    """Return the instance to undo next: the latest first, because earlier ones may contain it. None if all
    are undone.
    """
    remaining = reversed(pool.list_remaining())
    return next((instance for instance in remaining if _same(instance) not in met), None)


def _same(instance: Instance) -> tuple[str, str, str]:
    """Return a key of an instance that does not depend on which of several resources lists it."""
    undo = instance.resource.undone_by
    kind = str(undo.action.name) if undo is not None else instance.resource.name
    return kind, instance.place, id_text(instance.id)
