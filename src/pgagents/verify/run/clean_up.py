"""Remove the instances of a run when it ends, the latest first, and several at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar

from pgagents.base.text import brief
from pgagents.catalogue.model.resource import Id, Resource, id_text
from pgagents.verify.answers.standing import find_removed_state
from pgagents.verify.fixtures.factory import is_only_ended
from pgagents.verify.fixtures.instance import Instance, Unavailable, above
from pgagents.verify.fixtures.marks import find_marks
from pgagents.verify.fixtures.pool import MAX_TRIES
from pgagents.verify.fixtures.target import list_sent
from pgagents.verify.plan.order import index_collections
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.lanes import CHUNK_S, LAST_ANSWERS_S, Workers
from pgagents.verify.run.transmission import Received, Stop, Task, Transmission
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call

HURRIED_S = 15.0
MAX_SHOWN = 500
"""Most characters of an id that is named."""
MADE_MEANWHILE = 50
"""Clean-up itself may make instances, to prove whose the others are. After so many it stops."""


def clean_up(driver: Driver, workers: int = 1, *, hurried: bool = False) -> list[str]:
    """Remove everything that a run made.

    Return the names of the instances that are left, each with the reason if it is known.

    Instances that cannot need each other are removed at the same time, at most `workers` of them. With
    `hurried`, the run was interrupted: clean-up takes `HURRIED_S` seconds at most, and a further interrupt
    ends it.
    """
    sender = driver.sender
    sender.budget.cleaning = True
    if hurried:
        sender.timing.left.hurry(HURRIED_S)
    sender.silences.forget()
    driver.executor.lost_answers.try_again()
    # what has ended by itself since the last call is not left behind
    driver.factory.pool.now = sender.clocks.now()
    removal = _remove_all(driver, workers, hurried=hurried)
    return _name_what_stayed(driver, removal)


@dataclass(slots=True)
class _Removal:
    """The removal of everything: what was met, and what of it could not be removed."""

    hurried: bool
    there: bool
    """False if the server falls silent, or clean-up was interrupted twice: nothing more is sent."""
    met: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """The instances met so far, each with the number of requests before. One that several resources share is
    removed and listed once; one that is made later, and gets an id that was just freed, is another.
    """
    behind: list[tuple[Instance, str]] = field(default_factory=list)
    """Instances that were not removed, each with its name and the reason."""
    in_the_way: list[Instance] = field(default_factory=list)
    """Those of them before something that was removed later."""
    removed: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """By resource and id, the last body of each instance whose removal succeeded: a list may change it."""

    def note(self, instance: Instance) -> None:
        """Note that a removal succeeded."""
        self.removed[str(instance.resource.name), id_text(instance.id)] = instance.body


def _remove_all(driver: Driver, workers: int, *, hurried: bool) -> _Removal:
    """Remove the instances group by group, with those that turn out to be orphans."""
    sender, pool = driver.sender, driver.factory.pool
    removal = _Removal(hurried, look_up_unsure(driver))
    met, stayed = removal.met, 0
    most = len(pool.list_remaining()) + MADE_MEANWHILE
    while group := _next_group(driver, met, workers) or (
        _next_group(driver, met, workers) if removal.there and (stayed := _find_orphans(driver)) else []
    ):
        most, stayed = most + stayed, 0
        met.update(dict.fromkeys(map(_same, group), driver.sent))
        removal.there = removal.there and len(met) <= most
        tried = [instance for instance in group if removal.there and instance.tries < MAX_TRIES]
        results, interrupted = _undo(driver, tried, hurried=removal.hurried)
        ends = dict(zip(map(id, tried), results, strict=True))
        if interrupted:
            # after the first interrupt the rest is undone in a hurry; a second one ends the clean-up
            removal.there, removal.hurried = not removal.hurried, True
            sender.timing.left.hurry(HURRIED_S)
        if any(isinstance(end, Stop) for end in ends.values()):
            removal.there = False  # each further call would take the whole time-out
        sender.budget.cleaning = True
        if any(end is True for end in results):
            removal.in_the_way = [instance for instance, _ in removal.behind]
        for instance in group:
            end = ends.get(id(instance))
            if end is True:
                removal.note(instance)
            else:
                removal.behind.append((instance, _name(instance, end)))
    _try_again(driver, removal)
    return removal


def _try_again(driver: Driver, removal: _Removal) -> None:
    """Remove once more, the oldest first, what something older stood in the way of: an order that a change
    moved to a customer who was made later.
    """
    for instance in reversed(removal.in_the_way) if removal.there and not removal.hurried else ():
        if instance.gone or not instance.tries:
            continue
        results, interrupted = _undo(driver, [instance], hurried=False)
        if results == [True]:
            removal.note(instance)
            removal.behind = [(one, name) for one, name in removal.behind if one is not instance]
        if interrupted or isinstance(results[0], Stop):
            removal.there = False
            return


def _name_what_stayed(driver: Driver, removal: _Removal) -> list[str]:
    """Return the names of what is left, by what the lists have now; what shows a mark of ours is removed."""
    left = [(instance, name) for instance, name in removal.behind if not instance.gone]  # gone with a parent
    found, marked, shown = _list_stayed(driver, [instance for instance, _ in left], there=removal.there)
    for instance in [t for t in shown if _same(t) not in removal.met][
        : 0 if removal.hurried else MADE_MEANWHILE
    ]:
        driver.factory.pool.add(instance)
        if _undo(driver, [instance], hurried=False)[0] == [True]:
            found[instance.resource.name].remove(instance.id)
    listed = {name: ids for name, ids in found.items() if name not in marked}
    known = [
        name
        for instance, name in left
        # what an earlier run left was in the list before this one began
        if instance.restored or (ids := listed.get(instance.resource.name)) is None or instance.id in ids
    ]
    driver.factory.kept_elsewhere = [] if removal.hurried or not removal.there else _list_elsewhere(driver)
    ended = _find_ended(removal.removed, shown)
    counts = Counter((name, word) for (name, _), word in ended.items())
    said = (f"{n:,} × {name} (removed; its list says {word})" for (name, word), n in sorted(counts.items()))
    driver.factory.kept_elsewhere += said
    named = {(t.resource.name, id_text(t.id)) for t, _ in left} | ended.keys()
    for resource in driver.setting.model.resources.values():
        if resource.undone_by is not None and is_only_ended(resource):  # told with what ended them
            named |= {(resource.name, id) for id in driver.factory.owned.list_made(resource)}
    new, ours = "and was not when this run began", "with a mark of this run"
    unknown = [
        f"{name} {id_text(id)} (it is in the list now, {ours if name in marked else new})"
        for name, ids in found.items()
        for id in ids
        if (name, id_text(id)) not in named
    ]
    booked = [text for name, text in driver.factory.unsure.describe_booked() if name not in listed]
    return [*known, *unknown, *dict.fromkeys(booked)]


def _find_ended(
    removed: Mapping[tuple[str, str], Mapping[str, Any]], shown: Sequence[Instance]
) -> dict[tuple[str, str], str]:
    """Return, by resource and id, the word by which a list says that what was removed has ended.

    Alertmanager 0.25 keeps a silence as `expired`.
    """
    now = {(str(t.resource.name), id_text(t.id)): t.body for t in shown}
    found = {key: find_removed_state(body, now[key]) for key, body in removed.items() if key in now}
    return {key: word for key, word in found.items() if word}


def _find_orphans(driver: Driver) -> int:
    """Return the number of instances that stayed when their parents were removed, and are undone next."""
    try:
        found: int = driver.executor.run_inner(driver.factory.removals.find_orphans, [])
    except (Unavailable, KeyboardInterrupt, Stop):
        return 0
    return found


def _list_stayed(
    driver: Driver, left: Sequence[Instance], *, there: bool
) -> tuple[dict[str, list[Id]], set[str], list[Instance]]:
    """Return, by resource, the ids that its list has now, and had not before the first create.

    The second value names the resources whose list may go on, was not read before, or is used by others.
    Their ids are those of items with a mark of this run. The third value are all items with such a mark: a
    removal that was said to be done may have left them. The rest is noted as what it may have made. So are
    the lists that cannot be read any more, because the server is not `there` or falls silent. A list may have
    grown although no create of its kind was sent, because a server makes some things together with others. A
    key that says test is spared the requests where nothing seems to be left.
    """
    factory, setting = driver.factory, driver.setting
    unsure = {t.resource.name for t in left} | factory.unsure.kinds
    named = {(t.resource.name, t.id) for t in left}
    found: dict[str, list[Id]] = {}
    marked: set[str] = set()
    shown: list[Instance] = []
    for name, resource in setting.model.resources.items():
        before, was_whole = factory.listed.get(name, (None, False))
        if not factory.unsure.is_listed_at_end(resource, left=unsure):
            continue
        lasts = resource.undone_by is None and name not in unsure
        items, whole, others, there = _read_list(driver, resource, there=there)
        if items is None:
            if before is not None and not (lasts and resource.made_by is None):
                factory.unsure.note_unread(resource)
            continue
        new = [(id, item) for id, item in items if id not in (before or ())]
        kept = [(id, item) for id, item in new if factory.marks.within(item)]
        factory.unsure.note_under_older(
            resource, [id for id, item in items if id in (before or ()) and factory.marks.within(item)]
        )
        if resource.undone_by is not None:
            shown += [
                Instance(resource, id, item, "main", True, None, ours=True, doubtful=True, anew=True)
                for id, item in kept
                if factory.marks.within(list_sent(setting, resource, item))
            ]
        is_sure = whole and was_whole and not others
        ours = [id for id, _ in (new if is_sure else kept)]
        if resource.undone_by is None or is_only_ended(resource):
            made = factory.owned.list_made(resource)
            named |= {(name, id) for id, _ in new if id_text(id) in made}
        if lasts:
            factory.grown[name] = ours
        else:
            found[name] = ours
        if not is_sure:
            marked.add(name)
            if before is not None and ((whole and was_whole) or before.issubset(id for id, _ in items)):
                unsure_ids = [id for id, item in new if not find_marks(item) and (name, id) not in named]
                factory.unsure.note_grown(resource, unsure_ids, others or "the list may go on")
    return found, marked, shown


def _read_list(
    driver: Driver, resource: Resource, *, there: bool
) -> tuple[list[tuple[Id, Mapping[str, Any]]] | None, bool, str, bool]:
    """Return what a list has now, None if it cannot be read; if it is whole, and why others may have written.

    The last value is true if the server is still `there`.
    """
    items, whole, others = None, False, ""
    try:
        if there:
            items, whole = driver.executor.run_inner(partial(driver.factory.unsure.list_items, resource), [])
            others = _say_others(driver, resource, items or [])
    except (Unavailable, KeyboardInterrupt):
        pass
    except Stop:
        there = False
    return items, whole, others, there


def _list_elsewhere(driver: Driver) -> list[str]:
    """Return what lists of no resource show with a mark of this run, such as a trash with removed rows."""
    factory = driver.factory
    found: list[str] = []
    for endpoint in driver.executor.list_elsewhere():
        action = endpoint.action
        call = Call(endpoint, {}, "clean", "to see whether it shows what this run made")
        try:
            exchange = driver.executor.run_inner(partial(ask, call), [])
        except Unavailable:  # others may be read with another key, or at another address
            continue
        except (KeyboardInterrupt, Stop):
            return found
        body = exchange.body if exchange.success else None
        inner = body.values() if isinstance(body, Mapping) else ()
        shown = (value for value in (body, *inner) if isinstance(value, list))
        count = max((sum(bool(factory.marks.within(item)) for item in items) for items in shown), default=0)
        if count:
            found.append(f"{count:,} × row of {action.method} {action.path}, with a mark of this run")
    return found


def _say_others(driver: Driver, resource: Resource, items: Sequence[tuple[Id, object]]) -> str:
    """Return why a list may have grown without this run; empty if nothing says so.

    A list that shows what the run did not make is read once more: nothing was written in between.
    """
    factory = driver.factory
    if not driver.setting.exclusive:
        return "others use the server, too"
    before, _ = factory.listed.get(resource.name, (None, False))
    ids = {id_text(id) for id, _ in items}
    known = {*map(id_text, before or ()), *factory.owned.list_made(resource)}
    if before is None or ids <= known:
        return ""
    again, _ = driver.executor.run_inner(partial(factory.unsure.list_items, resource), [])
    grows = not {id_text(id) for id, _ in again or []} <= ids
    return "the list grows without a write" if grows else ""


def _undo(
    driver: Driver, instances: Sequence[Instance], *, hurried: bool
) -> tuple[list[bool | BaseException | None], bool]:
    """Remove instances, several at the same time; return for each if it is gone, or why it was not removed.
    The second value is True if an interrupt came.

    Raises the errors of pgagents itself. A hurried clean-up that is interrupted does not wait for answers.
    """
    removals = [partial(driver.removal.remove, instance) for instance in instances]
    if len(removals) == 1:
        try:
            return [removals[0]()], False
        except (Unavailable, KeyboardInterrupt, Stop) as error:
            return [error], isinstance(error, KeyboardInterrupt)
    if not removals:
        return [], False
    ends, interrupted = finish_together(driver, removals, 0.0 if hurried else LAST_ANSWERS_S)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, Unavailable | KeyboardInterrupt | Stop):
            raise end
    return ends, interrupted


def name_remaining(driver: Driver) -> list[str]:
    """Return the names of the instances that nothing has removed yet."""
    return [_name(instance, None) for instance in driver.factory.pool.list_remaining()]


def _name(instance: Instance, end: object) -> str:
    """Return the name of an instance that is left behind, with the reason if one is known."""
    why = str(end) if isinstance(end, Unavailable) else instance.unremoved
    ids = (instance.id,) if instance.former is None else (instance.id, instance.former)
    shown = " or ".join(brief(id_text(id), MAX_SHOWN) for id in ids)
    name = f"{instance.resource.name} {shown}{_say_where(instance)}"
    return f"{name} ({why})" if why else name


def _say_where(instance: Instance) -> str:
    """Return the path of an instance whose id means something only in what contains it; else nothing."""
    resource, chain = instance.resource, {t.resource.name: t for t in (*above(instance), instance)}
    for call in (*resource.read_by, *([resource.undone_by] if resource.undone_by else [])):
        params = [p for p in call.action.params if p.place == "path"]
        if not resource.placed_by or any(p.refers_to not in chain for p in params):
            continue
        values = {
            p.wire: chain[str(p.refers_to)].resource.value_for(p, chain[str(p.refers_to)].body)
            for p in params
        }
        path = str(call.action.path)
        for wire, value in values.items():
            path = path.replace(f"{{{wire}}}", id_text(value))
        return f" at {brief(path, MAX_SHOWN)}"
    return ""


def look_up_unsure(driver: Driver) -> bool:
    """Find the instances that creates without an answer made, so that they are removed. Return False if the
    server no longer answers.
    """
    try:
        for instance in driver.executor.run_inner(driver.factory.unsure.look_up, []):
            driver.factory.pool.take_over(instance)
    except (Unavailable, KeyboardInterrupt):
        pass
    except Stop:
        return False
    return True


def _next_group(driver: Driver, met: Mapping[tuple[str, str, str], int], workers: int) -> list[Instance]:
    """Return the instances to undo next, at most `workers`; none if all are undone.

    The latest comes first, because earlier ones may contain it. An earlier one joins the group if it is
    proved to be ours. No later instance may need it, and it may need no later one.
    """
    group: list[Instance] = []
    later: list[Instance] = []
    taken: set[tuple[str, str, str]] = set()
    for instance in reversed(driver.factory.pool.list_remaining()):
        made = instance.maker.number if instance.maker is not None else 0
        if _same(instance) in taken or made <= met.get(_same(instance), -1):
            continue
        proved = instance.ours and (not group or group[0].ours)
        if not group or (proved and not any(_belong(driver, instance, one) for one in later)):
            group.append(instance)
            taken.add(_same(instance))
        later.append(instance)
        if len(group) == workers:
            break
    return group


def _belong(driver: Driver, one: Instance, other: Instance) -> bool:
    """True if one of two instances may need the other, or receives an event about its removal."""
    index = driver.setting.compute_once("collections", lambda: index_collections(driver.model))
    hears = driver.factory.proof.hears
    return index.may_need(one.resource.name, other.resource.name) or (
        hears(one.resource) != hears(other.resource)
    )


def _same(instance: Instance) -> tuple[str, str, str]:
    """Return a key of an instance that does not depend on which of several resources lists it."""
    undo = instance.resource.undone_by
    kind = str(undo.action.name) if undo is not None else instance.resource.name
    return kind, instance.place, id_text(instance.id)


# -- several tasks at the same time
#
# Requests go out in rounds, either only reads or only writes, as in the lanes of a plan. Answers are
# taken in the order in which their requests went out.


T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Running(Generic[T]):
    """A task, with its request that is to be sent next, or with its end."""

    task: Task[T]
    ready: Transmission | None = None
    end: T | BaseException | None = None

    def proceed(self, step: Callable[[], Transmission | None]) -> None:
        """Go on to the next request or to the end."""
        self.ready = None
        try:
            self.ready = step()
            self.end = self.task.result if self.ready is None else None
        except BaseException as error:  # whoever asked for the ends decides what each error means
            self.end = error


def finish_together(
    driver: Driver, several: Sequence[Callable[[], T]], patience_s: float
) -> tuple[list[T | BaseException | None], bool]:
    """Run several pieces of work to their ends; return the result of each, or the error that ended it.

    The second value is True if an interrupt came. An interrupt ends all of them, after at most `patience_s`
    seconds for the requests on their way.
    """
    interrupted = False
    running = [_Running(Task(work)) for work in several]
    threads: Workers[Received] = Workers(len(running))
    driver.overlap(len(running))
    try:
        for one in running:
            one.proceed(one.task.start)
        while unended := [one for one in running if one.ready is not None]:
            interrupted = not _send_round(driver, threads, unended, patience_s) or interrupted
    finally:
        driver.overlap(1)
        threads.close()
    ends = [one.end for one in running]
    return ends, interrupted or any(isinstance(end, KeyboardInterrupt) for end in ends)


def _send_round(
    driver: Driver, threads: Workers[Received], unended: Sequence[_Running[T]], patience_s: float
) -> bool:
    """Send the next requests that may be on their way at the same time, and take their answers.

    Return False if an interrupt ended the tasks.
    """
    sent: list[tuple[_Running[T], Future[Received]]] = []
    try:
        for one, ready in _choose(unended):
            sent.append((one, threads.submit(ready.begin())))
        for one, future in sent:
            driver.wait_for(future.done, partial(wait, [future], CHUNK_S))
            _hand_over(one, future, overlapped=len(sent) > 1)
    except KeyboardInterrupt as error:
        with suppress(KeyboardInterrupt):
            wait([future for _, future in sent], patience_s)
        for one, future in sent:
            if one.ready is not None and future.done():
                _hand_over(one, future, overlapped=len(sent) > 1)
        for one in unended:
            while one.ready is not None:
                one.proceed(partial(one.task.fail, type(error)(*error.args)))
        return False
    return True


def _choose(unended: Sequence[_Running[T]]) -> list[tuple[_Running[T], Transmission]]:
    """Return the tasks whose requests may go out beside the first one's, each with its request."""
    chosen: list[tuple[_Running[T], Transmission]] = []
    lines = set()
    for one in unended:
        ready = one.ready
        if ready is None or (chosen and (ready.alone or ready.writes != chosen[0][1].writes)):
            continue
        if ready.alone:
            return [(one, ready)]
        if ready.line is None or ready.line not in lines:
            lines.add(ready.line)
            chosen.append((one, ready))
    return chosen


def _hand_over(one: _Running[T], future: Future[Received], *, overlapped: bool) -> None:
    """Resume a task with the answer to its request, or with the error."""
    error = future.exception()
    if error is not None:
        one.proceed(partial(one.task.fail, error))
    else:
        one.proceed(partial(one.task.resume, replace(future.result(), overlapped=overlapped)))
