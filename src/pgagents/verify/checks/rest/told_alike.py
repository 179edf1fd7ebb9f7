"""What one answer tells of a thing, every other tells alike: a member of one name and one text is one fact.

A list, a read and the answer that made a thing share few lines of a server's code, and one of them lags or leaves out. Facts that
change by themselves are compared where nobody else uses the server and nothing was written in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource
from pgagents.verify.answers.representations import Telling, kind_of, objects_at, references, tellings_of
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.plan.exclusive import others_too
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen

RANK = 9
NAME = "told_alike"
FOLLOWS = frozenset(("reads_back", "law", "moves", "same_answer", "runs_workflows"))
"""What these find broken in one answer is another in the next."""
REMEMBERS = True
"""Verdicts hang on what other exchanges told: the same call need not be judged the same again."""
TRUSTED = ("valid", "explore", "clean")
MOST_KNOWN = 2_000
LASTING_S = 600.0
MOMENT_S = 2.0
"""How long a fact is believed: one that lasts, and one that changes by itself."""
SAME_S = 1.0
STALE_S = 120.0
"""A time that was told so long before something changed is not when it was counted anew."""


@dataclass(slots=True)
class _Told:
    """What an answer told of a thing; `written` is how much had been written by then."""

    telling: Telling
    body: Mapping[str, Any]
    written: int
    at: float


@dataclass(slots=True)
class _Dated:
    """What changes by itself as an action told it last, at `at`, and the times that it told with it, first at `since`."""

    values: Mapping[str, Any]
    times: Mapping[str, Any]
    since: float
    at: float


@dataclass(slots=True)
class _Facts:
    """By kind and id what each action told last. `number` is the last exchange that was seen."""

    told: dict[tuple[str, str], dict[str, _Told]]
    dated: dict[tuple[str, str, str], _Dated] = field(default_factory=dict)
    written: int = 0
    number: int = 0


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of thing that an action reads and another tells of in the same words."""
    for door, kind in _readers(setting):
        says = f"{door.action.name} tells of a {kind} what other answers tell of it"
        yield promise(NAME, kind, door, says, door.action.origin, door.action.cite)


def _readers(setting: Setting) -> tuple[tuple[Door, str], ...]:
    def found() -> Iterator[tuple[Door, str]]:
        doors = {str(d.action.name): d for d in setting.doors if d.surface == REST and d.action.effect == "read"}
        alike: dict[str, list[Telling]] = {}
        for telling in (t for action in setting.model.actions for t in _tellings(setting, str(action.name))):
            alike.setdefault(telling.kind, []).append(telling)
        for name, door in doors.items():
            for kind in dict.fromkeys(t.kind for t in _tellings(setting, name)):
                own = [t for t in alike[kind] if t.action == name]
                if any(_common(setting, a, b) for a in own for b in alike[kind]):
                    yield door, kind

    return setting.kept((NAME, "readers"), lambda: tuple(found()))


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Where all that two answers tell alike changes by itself, it can only be compared where nobody else changes it."""
    if setting.exclusive:
        return None
    kind = contract.id.split("/")[1]
    every = [t for action in setting.model.actions for t in _tellings(setting, str(action.name)) if t.kind == kind]
    pairs = [_common(setting, a, b) for a in every if a.action == contract.action for b in every]
    if any(name in _lasting(setting, t) for t in every for names in pairs for name in names):
        return None
    return Verdict.NOT_SELECTED, others_too("compares")


def _tellings(setting: Setting, action: str) -> tuple[Telling, ...]:
    return setting.kept((NAME, action), lambda: _of(setting, action))


def _of(setting: Setting, action: str) -> tuple[Telling, ...]:
    found = next((a for a in setting.model.actions if a.name == action), None)
    referred = setting.kept((NAME, "references"), lambda: references(setting.model))
    return tellings_of(setting, found, referred) if found is not None else ()


def _common(setting: Setting, one: Telling, other: Telling) -> tuple[str, ...]:
    """Members that both tell in the same words, where one of the two answers was shaped by the thing alone."""
    if one.action == other.action or one.kind != other.kind or not (one.direct or other.direct) or (one.writes and other.writes):
        return ()
    key = (NAME, one.action, one.path, one.id, other.action, other.path, other.id)
    return setting.kept(key, lambda: tuple(n for n, words in one.words.items() if other.words.get(n) == words))


def _lasting(setting: Setting, old: Telling) -> frozenset[str]:
    """The members that nothing changes once they were told: of what no call makes, all but what changes by itself; of what was made,
    what its maker told and what stays as it was made."""

    def found() -> frozenset[str]:
        alike = [r for r in setting.model.resources.values() if kind_of(setting, r) == old.kind]
        if any(r.made_by for r in alike):
            makes = [r for r in alike if r.made_by is not None and r.made_by.action.name == old.action]
            return frozenset(m for r in makes for m in r.fixed)
        return frozenset(old.words) - {m for r in alike for m in r.volatile}

    return setting.kept((NAME, "lasting", old.kind, old.action, old.path, old.id), found)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two calls in a row that tell of one thing, where a run had none: what the first tells or makes, the second reads."""
    del roles
    for door, kind in _readers(setting):
        contract = f"{NAME}/{kind}/{door.place}"
        pair = next(_pairs(setting, door, kind), None)
        if pair is not None:
            run = _run(setting, door, *pair)
            writes = pair[0].action.effect == "write"
            yield Probe(contract, 8, (contract,), 2, run, (door, pair[0]), "main", writes, spare=True)


def _pairs(setting: Setting, door: Door, kind: str) -> Iterator[tuple[Door, Telling]]:
    """Doors that tell of such a thing what this one tells, those first that make it."""
    own = [t for t in _tellings(setting, str(door.action.name)) if t.kind == kind]
    every = [(d, t) for d in setting.doors if d.surface == REST for t in _tellings(setting, str(d.action.name)) if t.kind == kind]
    made = {r.made_by.action.name for r in setting.model.resources.values() if r.made_by}
    found = [(d, t) for d, t in every if any(_common(setting, t, o) for o in own) and (not t.writes or d.action.name in made)]
    yield from sorted(found, key=lambda pair: not pair[1].writes)


def _run(setting: Setting, door: Door, first: Door, telling: Telling) -> Callable[[], Conversation]:
    def run() -> Conversation:
        writes = first.action.effect == "write"
        why = f"to hear of a {telling.kind} twice"
        told: Seen = yield ordinary(first, recipe_of(setting.model, first.action), "valid", why, fresh=writes)
        body = next(objects_at(told.body, telling.path), None)
        if not told.success or body is None:
            return
        recipe = recipe_of(setting.model, door.action)
        ids = {
            str(p.name): r.value_for(p, body) if telling.id in r.ids else body[telling.id]
            for p in door.params
            if (r := setting.model.resources.get(p.refers_to or "")) and _is(r)
        }
        yield ordinary(door, recipe, "valid", why, input={**recipe.input, **ids}, made=body if recipe.subject else None)

    def _is(resource: Resource) -> bool:
        return kind_of(setting, resource) == telling.kind

    return run


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Compare what an answer tells of each thing with what others told of it before."""
    facts: _Facts = memory.notes.setdefault((NAME, "facts"), _Facts({}))
    if seen.number - seen.repeats > facts.number + 1 or seen.call.beside or len(facts.told) > MOST_KNOWN:
        _forget(facts)  # something was done that no watcher saw, such as the operator's
    facts.number = max(facts.number, seen.number)
    door = seen.call.door
    if door is None:
        return
    if door.action.effect == "write" and (seen.success or seen.error or seen.status >= 500):
        facts.written += 1
    if (
        not seen.success
        or not seen.fits
        or seen.spoilt
        or seen.call.beside
        or seen.call.intent not in TRUSTED
        or not isinstance(seen.body, Mapping | list)
    ):
        return
    verdicts: dict[str, Judgement] = {}
    for telling in _tellings(memory.setting, str(door.action.name)):
        for body in objects_at(seen.body, telling.path):
            for judgement in _compared(memory.setting, facts, _Told(telling, body, facts.written, seen.sent_at), door):
                known = verdicts.get(judgement.contract)
                if known is None or known.verdict is not Verdict.BROKEN:
                    verdicts[judgement.contract] = judgement
    yield from verdicts.values()


def _forget(facts: _Facts) -> None:
    """Keep only what the makers of things told: some of that stays so, whatever others do."""
    made = {key: {by: told for by, told in known.items() if told.telling.makes} for key, known in facts.told.items()}
    kept = [(key, known) for key, known in made.items() if known]
    facts.told = dict(kept[-MOST_KNOWN // 2 :])


def _compared(setting: Setting, facts: _Facts, new: _Told, door: Door) -> Iterator[Judgement]:
    id = new.body.get(new.telling.id)
    if not isinstance(id, str | int) or isinstance(id, bool):
        return
    if (stale := _dated_before(setting, facts, new, str(id))) is not None:
        yield stale
    known = facts.told.setdefault((new.telling.kind, str(id)), {})
    for old in known.values():
        reader = new.telling if not new.telling.writes else old.telling
        contract = f"{NAME}/{reader.kind}/{reader.action}@{REST}"
        names = _standing(setting, old, new)
        differing = next((n for n in names if not _same(new.body[n], old.body[n])), None)
        if differing is not None and (door.surface == REST or new.telling.writes):
            said = f"{differing} {old.body[differing]!r}, as {old.telling.action} told of the same {reader.kind}"
            yield broken(contract, said, f"{differing} differs: {new.telling.action} tells {new.body[differing]!r}")
        elif names and differing is None:
            yield kept(contract)
    known[f"{new.telling.action} {new.telling.id}"] = new


def _dated_before(setting: Setting, facts: _Facts, new: _Told, id: str) -> Judgement | None:
    """Broken, where what changes by itself has changed and is told with a time that was told long before the change."""
    of_times, of_values = _dating(setting, new.telling)
    if not of_times or not of_values or len(facts.dated) > MOST_KNOWN:
        return None
    times = {n: new.body[n] for n in of_times if n in new.body}
    values = {n: new.body[n] for n in of_values if n in new.body and isinstance(new.body[n], int | float)}
    if not times or not values:
        return None
    key = (new.telling.kind, id, new.telling.action)
    old = facts.dated.get(key)
    same = old is not None and old.times == times
    facts.dated[key] = _Dated(values, times, old.since if old is not None and same else new.at, new.at)
    if old is None or not same or old.values == values or old.at - old.since < STALE_S:
        return None
    name = next(n for n in values if old.values.get(n) != values[n])
    time = next(iter(times))
    contract = f"{NAME}/{new.telling.kind}/{new.telling.action}@{REST}"
    told = f"{name} {values[name]} is told with {time} {times[time]} still, as {name} {old.values.get(name)} was"
    return broken(contract, f"{time} moves on when {name} changes", told)


def _dating(setting: Setting, telling: Telling) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of what changes by itself the times, and the rest, as a reading action tells of the thing alone; else none."""

    def found() -> tuple[tuple[str, ...], tuple[str, ...]]:
        volatile = _volatile(setting, telling.kind) & telling.words.keys() if telling.direct and not telling.writes else frozenset()
        times = tuple(sorted(n for n in volatile if '"date-time"' in telling.words[n]))
        return times, tuple(sorted(volatile - set(times)))

    return setting.kept((NAME, "dating", telling.kind, telling.action, telling.path, telling.id), found)


def _volatile(setting: Setting, kind: str) -> frozenset[str]:
    """What changes by itself in things that no call makes."""

    def found() -> frozenset[str]:
        alike = [r for r in setting.model.resources.values() if kind_of(setting, r) == kind and r.made_by is None]
        return frozenset(m for r in alike for m in r.volatile)

    return setting.kept((NAME, "volatile", kind), found)


def _standing(setting: Setting, old: _Told, new: _Told) -> list[str]:
    """The members that both tell, and of which what was told then must still be so."""
    lasts = old.telling.makes or new.at - old.at < LASTING_S
    stays = setting.exclusive and old.written == new.written and new.at - old.at < MOMENT_S
    if not lasts and not stays:
        return []
    lasting = _lasting(setting, old.telling)
    there = [
        n for n in _common(setting, new.telling, old.telling) if (lasts if n in lasting else stays) and n in old.body and n in new.body
    ]
    return [n for n in there if not _personal(setting, old, n)] if _may_be_forgotten(setting, new.at - old.at) else there


def _may_be_forgotten(setting: Setting, seconds: float) -> bool:
    """Whether the catalogue's retention may have blanked what tells of a person and was told so long ago."""
    least = setting.kept((NAME, "retention"), lambda: min((r.after_s for r in (setting.model.retention or {}).values()), default=math.inf))
    return seconds >= least


def _personal(setting: Setting, old: _Told, member: str) -> bool:
    return member in setting.model.private or isinstance(old.body[member], Mapping)


def _same(a: Any, b: Any) -> bool:
    """Whether two values say the same: times to the second, lists in any order."""
    if isinstance(a, str) and isinstance(b, str):
        if a == b:
            return True
        apart = abs(epoch(a) - epoch(b))
        return math.isfinite(apart) and apart < SAME_S
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return all(_same(a[name], b[name]) for name in a.keys() & b.keys())
    if isinstance(a, list) and isinstance(b, list):
        return sorted(map(repr, a)) == sorted(map(repr, b))
    return bool(a == b)
