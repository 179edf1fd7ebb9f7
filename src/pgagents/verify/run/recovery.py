"""Remove what earlier runs made and could not remove, as a journal names it.

It is the clean-up that those runs owed, by stricter rules. An instance is removed only if the server shows it
now with a mark of theirs, or under a random id that it gave them. Ids come again, and what the journal says
of an instance may be true of somebody else's by now. A call whose answer nobody noted is looked up in the
list by the mark that it carried. The report names the rest.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.plan import Draft
from pgagents.verify.run.clean_up import clean_up, look_up_unsure
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.journal import JournalFile, Made, Past, Sent
from pgagents.verify.run.ledger import NO_GUESSES, Ledger
from pgagents.verify.run.recorder import Recorder
from pgagents.verify.run.requests import Routes
from pgagents.verify.run.timing import Clocks
from pgagents.verify.run.transmission import Ready, Received, Stop
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange

LIST_WAITS_S = (0.0, 0.3, 1.0)
"""Seconds to wait before a list is read for what a call made, because some servers show it late."""
SHORTEST_MARK = 12
"""The length from which a text that an earlier run made up is nobody else's, although it shows no mark."""
MOST_NAMED = 10
"""The most things that the line about earlier runs names."""
ONLY_ID = "nothing is known of it but its id"


@dataclass(frozen=True, slots=True)
class Recovered:
    """The numbers of the things that earlier runs had left, and the names of those that are left still.

    `gone` were no longer there. `absent` are what calls without an answer may have made, and the whole list
    does not show.
    `requests` is the number of requests that it took. `stopped` is the reason why it ended early, or an empty
    text.
    """

    removed: int = 0
    gone: int = 0
    absent: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    requests: int = 0
    stopped: str = ""

    @property
    def note(self) -> str:
        """One line for the report; empty if earlier runs left nothing."""
        if not (self.removed or self.gone or self.absent or self.left):
            return ""
        perhaps = "the list shows nothing of what calls without an answer may have made"
        unseen = f", and {perhaps}: {_name(self.absent)}" if self.absent else ""
        return (
            "an earlier run with this journal was cut short; of what it had made, "
            f"{self.removed:,} removed, {self.gone:,} gone already, {len(self.left):,} left"
            f"{f': {_name(self.left)}' if self.left else ''}{unseen}"
        )


def _name(things: tuple[str, ...]) -> str:
    return "; ".join(things[:MOST_NAMED]) + ("; …" if len(things) > MOST_NAMED else "")


def recover(
    file: JournalFile,
    routes: Routes,
    identities: Identities,
    options: Options,
    made: Draft,
    tag: str,
    clocks: Clocks,
    wall: Callable[[], str],
) -> Recovered:
    """Remove what the earlier runs of a journal left; see `Recovery.run`.

    The journal is emptied if nothing is left. `tag` begins the ids of what is made to prove whose the rest
    is.
    """
    recovered = Recovered()
    if file.past.is_open:
        recovered = Recovery(file, routes, identities, options, made, tag, clocks, wall).run()
    if not (recovered.left or recovered.stopped):
        file.empty()
    return recovered


def begin_recording(file: JournalFile, driver: Driver, wall: Callable[[], str]) -> Recorder:
    """Return the recorder of a run, after it has noted that the run begins. Raises PgagentsError."""
    recorder = Recorder(file, driver.factory, driver.redactor, wall)
    try:
        recorder.begin(os.getpid())
    except Stop as stop:
        raise PgagentsError(str(stop), "give a file on a disk with room") from None
    return recorder


class Recovery:
    """The removal of what earlier runs left. `driver` is one of its own, so that a run sees nothing of it."""

    def __init__(
        self,
        file: JournalFile,
        routes: Routes,
        identities: Identities,
        options: Options,
        made: Draft,
        tag: str,
        clocks: Clocks,
        wall: Callable[[], str],
    ) -> None:
        setting = routes.setting
        self._file, self._past, self._model = file, file.past, setting.model
        day = options.day or datetime.fromtimestamp(clocks.clock(), UTC).date()
        self._factory = FixtureFactory(setting, tag, setting.model.env, day)
        ledger = Ledger.of((), NO_GUESSES, {})
        self._driver = Driver(routes, identities, options, made, ledger, self._factory, {}, clocks)
        self._recorder = Recorder(file, self._factory, self._driver.redactor, wall)
        self._driver.sender.recorder = self._recorder
        self._writes = made.writes
        self._instances: dict[int, Instance] = {}
        """The restored instances, by their numbers in the journal."""
        self._lasting: Counter[str] = Counter()
        """The number of instances that nothing removes, by resource."""
        self._changes: list[int] = []
        """The numbers of changes whose answer nobody noted."""
        self._hopeless: list[tuple[int, str]] = []
        """The entries about which nothing can be done, each with its name."""

    def run(self) -> Recovered:
        """Remove what can be removed, and note in the journal what became of everything."""
        driver = self._driver
        driver.sender.budget.cleaning = True
        try:
            self._recorder.begin(os.getpid())
            self._restore(self._past)
            if not self._writes:  # nothing is removed, so the journal keeps all of it
                return Recovered(left=self._name_all())
            self._look_up()
            return self._conclude(clean_up(driver))
        except Stop as stop:
            return Recovered(left=self._name_all(), requests=driver.sent, stopped=str(stop))
        finally:
            driver.close()

    # -- what the journal says, as the run that wrote it knew it

    def _restore(self, past: Past) -> None:
        factory = self._factory
        issued = [
            text
            for sent in past.makers.values()
            for name in sent.marked
            if isinstance(text := sent.input.get(name), str) and len(text) >= SHORTEST_MARK
        ]
        factory.marks.remember(past.tags, issued)
        for kind, evidence in past.kinds.items():
            factory.owned.recall(kind, evidence)
        made_by: dict[int, Exchange] = {}
        for entry in past.made.values():
            resource = self._model.resources.get(entry.resource)
            if resource is None or resource.undone_by is None:
                self._lasting[entry.resource] += 1
                self._recorder.leave(entry.number)
                continue
            sent = past.makers.get(entry.by)
            if sent is not None and entry.by not in made_by and (exchange := self._rebuild(sent)) is not None:
                made_by[entry.by] = exchange
            self._add(entry, resource, made_by.get(entry.by))
        for instance in self._instances.values():
            factory.owned.reconsider(instance, factory.pool.instances)
        for sent in past.sent.values():
            self._add_unanswered(sent)

    def _add(self, entry: Made, resource: Resource, maker: Exchange | None) -> None:
        """Add an instance to the pool. Nothing is sent to it before it was read and shows what it had."""
        if not entry.body or entry.body.keys() <= {resource.id}:
            self._hopeless.append((entry.number, f"{resource.name} {id_text(entry.id)} ({ONLY_ID})"))
            return
        instance = Instance(
            resource,
            entry.id,
            entry.body,
            entry.role,
            True,
            entry.state,
            ours=entry.ours,
            maker=maker,
            made_with=frozenset(entry.could),
            place=entry.place,
            parent=self._instances.get(entry.up),
            refers=tuple(self._instances[n] for n in entry.refers if n in self._instances),
            doubtful=True,
            tainted=True,
            restored=True,
        )
        self._instances[entry.number] = instance
        self._factory.pool.add(instance)
        self._recorder.know(instance, entry.number)
        if maker is not None:
            plain = {k: v for k, v in sorted(maker.input.items()) if k in instance.made_with}
            self._factory.owned.recall_made(instance, plain)

    def _find_call(self, sent: Sent) -> Call | None:
        """Return a call as the journal has it; None if the catalogue has no such action any more."""
        place = f"{sent.action}@{sent.surface}"
        endpoint = self._driver.setting.by_place.get(place)
        if endpoint is None:
            endpoint = self._driver.setting.find_usable_lead(sent.action)
        if endpoint is None:
            return None
        return Call(
            endpoint,
            sent.input,
            "explore",
            "as an earlier run sent it",
            role=sent.role,
            owner=sent.owner,
            surface=endpoint.surface,
        )

    def _rebuild(self, sent: Sent) -> Exchange | None:
        """Return the exchange that made something, with all its values; None if the journal lacks some.

        Its number is 0, as it was before all requests of this run.
        """
        call = self._find_call(sent)
        if call is None or not sent.whole:
            return None
        request = Request("POST", "/")
        received = Received(request, Response(201), 0.0, 0.0, intention=sent.number)
        return self._driver.sender.rebuild(Ready(call, sent.input, None), received)

    def _add_unanswered(self, sent: Sent) -> None:
        """Note a call whose answer nobody noted, so that what it made is looked up by its mark."""
        action = next((a for a in self._model.actions if str(a.name) == sent.action), None)
        unsure, role = self._factory.unsure, sent.role or "main"
        if action is None or not unsure.recall(action, sent.input, role, sent.number):
            self._changes.append(sent.number)

    # -- the requests

    def _look_up(self) -> None:
        """Find the instances that unanswered calls made, so that they are removed. Raises Stop."""
        driver, unsure = self._driver, self._factory.unsure
        for seconds in LIST_WAITS_S:
            if not unsure.is_searching:
                break
            driver.sender.timing.wait(seconds, quiet=True)
            look_up_unsure(driver)

    def _conclude(self, behind: list[str]) -> Recovered:
        """Note what became of everything; return it in numbers."""
        recorder, unsure = self._recorder, self._factory.unsure
        recorder.sync()
        removed = recorder.removed
        gone = sum(instance.gone for instance in self._instances.values())
        recalled = unsure.list_recalled()
        for number, was_found, absent in recalled:
            if was_found or absent:  # what it made stands in the journal itself, or there is nothing
                recorder.settle(number)
            else:
                recorder.leave(number)
        for number in self._changes:
            recorder.settle(number)
        for number, _ in self._hopeless:
            recorder.leave(number)
        remaining = [f"{t.resource.name} {id_text(t.id)}" for t in self._factory.pool.list_remaining()]
        # else the journal would be emptied of them
        unsaid = (name for name in remaining if not any(said.startswith(name) for said in behind))
        left = (*behind, *unsaid, *unsure.describe_all(), *(name for _, name in self._hopeless))
        left += tuple(f"{count:,} × {name}, which nothing removes" for name, count in self._lasting.items())
        unseen = tuple(filter(None, (name for _, _, name in recalled)))
        return Recovered(removed, max(0, gone - removed), unseen, left, self._driver.sent)

    def _name_all(self) -> tuple[str, ...]:
        """Return the names of everything that may still be there."""
        instances = (f"{t.resource.name} {id_text(t.id)}" for t in self._instances.values() if not t.gone)
        return (*instances, *self._factory.unsure.describe_all(), *(name for _, name in self._hopeless))
