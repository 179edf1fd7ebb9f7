"""A run's end removes what it made: several instances at the same time, and none before what may need it."""

from __future__ import annotations

import _thread
import re
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from inprocess import inside, over_tls, verify_sandbox
from lengths import rarely
from pgagents.base.http import Request, Response, Silence
from pgagents.report.report import Report
from pgagents.verify.plan.options import FINISHING, Options, Progress
from pgagents.verify.plan.order import index_collections
from small_api import Notes, accepting, answer, verified, with_resource
from verifying import PARK_GRAPH, ROOT, SHOP, model, noted_run

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
DOCUMENTS = ROOT / "tests" / "catalogues" / "documents.yaml"
SEVERAL = 4
PAUSE_S = 0.02
LONG_S = 0.4
"""Longer than the run's thread waits at a time, so that an interrupt comes before the answer."""


@dataclass(slots=True)
class Ending:
    """A run, and the requests of its end: each with those that were on their way when it came."""

    of: Path
    workers: int
    interrupt_at: Sequence[int] = ()
    """Numbers of the requests of the end at which the run is interrupted."""
    seen: list[tuple[Request, tuple[Request, ...]]] = field(default_factory=list)
    _now: list[Request] = field(default_factory=list)
    _ending: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> Report:
        known = model(self.of)
        opened = inside(known)
        handler = over_tls(opened.sandbox.handler)

        def answer(request: Request) -> Response | Silence:
            with self._lock:
                if not self._ending:
                    return handler(request)
                self.seen.append((request, tuple(self._now)))
                self._now.append(request)
                if len(self.seen) in self.interrupt_at:
                    _thread.interrupt_main()
            time.sleep(LONG_S if self.interrupt_at else PAUSE_S)
            with self._lock:
                self._now.remove(request)
                return handler(request)

        options = Options(workers=self.workers, exclusive=True)
        # A process that was started in the background ignores interrupts until it sets a handler.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return verify_sandbox(known, opened, options, handler=answer, on_progress=self._note)
        finally:
            signal.signal(signal.SIGINT, before)

    def _note(self, progress: Progress) -> None:
        self._ending = self._ending or progress.doing == FINISHING

    @property
    def most(self) -> int:
        """The most requests of the end that were on their way at the same time."""
        return max(1 + len(others) for _, others in self.seen)


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (SEVERAL, SEVERAL)])
def test_instances_that_cannot_need_each_other_are_removed_at_the_same_time(workers: int, most: int) -> None:
    ending = Ending(SHOP, workers)
    report = ending.run()
    assert ending.most == most
    assert len(ending.seen) > SEVERAL
    assert report.footer.left_behind == ()
    assert report.findings == ()


IN_PARK_GRAPH = (PARK_GRAPH, ("sessions", "webhooks"))
"""Only there are webhooks, so `make test` takes it."""


@pytest.mark.parametrize(
    ("of", "kinds"),
    rarely([(LIBRARY, ("holds", "titles")), IN_PARK_GRAPH], IN_PARK_GRAPH),
    ids=["library", "park_graph"],
)
def test_nothing_is_removed_beside_what_may_need_it_and_receivers_of_events_go_by_themselves(
    of: Path, kinds: tuple[str, ...]
) -> None:
    ending = Ending(of, SEVERAL)
    assert ending.run().footer.left_behind == ()
    assert ending.most > 1
    met = set()
    for request, others in ending.seen:
        together = {kind for kind in kinds for one in (request, *others) if kind in one.path}
        met |= together
        assert len(together) < 2, (request.path, [one.path for one in others])
    assert met == set(kinds)


@pytest.mark.matrix
def test_an_interrupt_of_the_end_leaves_nothing_behind_and_a_second_one_names_what_is_left() -> None:
    once = Ending(SHOP, SEVERAL, interrupt_at=(1,))
    assert once.run().footer.left_behind == ()
    twice = Ending(SHOP, SEVERAL, interrupt_at=(1, SEVERAL + 1))
    left = twice.run().footer.left_behind
    assert 0 < len(left) <= SEVERAL
    assert all(name.startswith("order ") for name in left)


@pytest.mark.parametrize(
    ("of", "one", "other", "expected"),
    [
        (LIBRARY, "hold", "title", True),
        (LIBRARY, "title", "hold", True),
        (LIBRARY, "title", "title", False),
        (SHOP, "order", "order", False),
        (PARK_GRAPH, "session", "day_session", False),
        (PARK_GRAPH, "paid_session", "session", True),
        (PARK_GRAPH, "session", "lot", True),
        (PARK_GRAPH, "session", "webhook", False),
    ],
)
def test_an_instance_may_need_those_that_its_making_names(
    of: Path, one: str, other: str, *, expected: bool
) -> None:
    assert index_collections(model(of)).may_need(one, other) is expected


def test_instances_that_contain_others_of_their_kind_need_each_other() -> None:
    index = index_collections(model(DOCUMENTS))
    assert [name for name in index.name_of if index.may_need(name, name)] == ["folder"]


def test_a_removal_that_a_gateway_did_not_pass_on_is_sent_once_more() -> None:
    refused: set[str] = set()

    def once(_server: Notes, request: Request) -> Response | None:
        if request.method != "DELETE" or request.path in refused:
            return None
        refused.add(request.path)
        return answer(502, {"detail": "no answer from behind"})

    report = verified(with_resource(), Notes(odd=once), only=("read_after_write",))
    assert refused
    assert report.footer.left_behind == ()


def test_what_an_older_instance_stood_in_the_way_of_is_removed_after_it() -> None:
    """A change may move an order to a customer who was made later, and must be removed after it."""
    refused = set()

    def needed(server: Notes, request: Request) -> Response | None:
        number = request.path.rpartition("/")[2]
        if request.method != "DELETE" or number not in server.notes or number == next(iter(server.notes)):
            return None
        refused.add(request.path)
        return answer(409, {"detail": "an older note needs it"})

    server = Notes(odd=needed)
    report = verified(with_resource(), server)
    assert refused
    assert (report.footer.left_behind, server.notes) == ((), {})


def test_what_is_ended_and_can_still_be_read_is_counted() -> None:
    of = model(SHOP)
    report, sent = noted_run(of, inside(of), Options(only=("error_codes",)))
    answers = [a for r, a in sent if r.method == "POST" and isinstance(a, Response) and a.status < 300]
    made = {id for a in answers for id in re.findall(rb'"id":"(o-[^"]+)"', a.body)}
    (line,) = [line for line in report.footer.lasting if " × order " in line]
    # also those that a probe ended, and those that the run's pool has forgotten; a key that says test: no ids
    assert line == f"{len(made)} × order (ended by cancel_order)"
    assert report.footer.left_behind == ()


def test_what_a_list_shows_behind_its_usual_page_is_compared_with_what_it_showed_before() -> None:
    """An Express app listed what it had removed, behind 23 rows of its own, 2026-12-01."""
    own = [{"id": f"s{number}", "text": "of another"} for number in range(23)]
    read = "    http: GET /notes\n    effect: read\n"
    arguments = (
        "    input: {limit: {type: integer, minimum: 1, maximum: 1000, default: 20},"
        " offset: {type: integer, minimum: 0, default: 0}}\n"
    )
    pages = (
        "    pages: {items: response.notes, next: input.offset + size(response.notes), argument: offset,"
        " size: limit, more: size(response.notes) == input.limit}\n"
    )
    paged = with_resource((read, read + arguments + pages))

    def keep(server: Notes, request: Request) -> Response | None:
        parts = request.path.strip("/").split("/")
        if (request.method, request.path) == ("GET", "/notes"):
            given = dict(parse_qsl(request.target.partition("?")[2]))
            first, size = int(given.get("offset", 0)), int(given.get("limit", 20))
            shown = [*own, *([*server.notes.values(), *removed] if lists else server.notes.values())]
            return answer(200, {"notes": shown[first : first + size]})
        if request.method == "DELETE" and parts[-1] in server.notes:
            removed.append(server.notes[parts[-1]])
        return None

    for lists in (True, False):
        removed: list[dict[str, object]] = []
        server = Notes(keep, key=accepting("any-key"))
        report = verified(paged, server, keys={"main": "any-key"}, allow_writes=True)
        named = {line.split()[1] for line in report.footer.left_behind}
        assert removed
        assert named == ({str(note["id"]) for note in removed} if lists else set())
        assert not report.footer.may_exist
