"""Judge what calls change of instances that the run made: one machine for all checks that ask it.

A check says which calls are made on which instances, and what a right server shows after each of them. A
difference counts only if three trials show it, all but the first beside a control, and if it does not come by
itself; four where others work on the server. What looking changes is in the control, too: a read under test
is not among its own sources.

Where one call on a new instance shows it, `attempt_effect` is the whole attempt. A check that makes other
calls gives `judge_effect` a comparison of its own, made with `compare_looks`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from pgagents.verify.answers.hints import HintedCall, make_attempt, make_first
from pgagents.verify.answers.observation import (
    ANSWER,
    GONE,
    TOLD,
    VERSION,
    Body,
    Comparison,
    Difference,
    Observation,
    Place,
    Source,
    TraceSource,
    control,
    drop_restless,
    list_differences,
    observe,
    tell,
    try_again,
)
from pgagents.verify.fixtures.instance import is_count
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.promise import Attempt, Trial
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import InstanceRef

_UNSET: tuple[Any, ...] = (None, "", [], {})
_NOTHING: tuple[Any, ...] = (*_UNSET, 0, False)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a right server shows of instances after calls; `says` ends a finding's first half.

    `differ` finds where it shows something else, from the observations before the first call and after each.
    `shows` is True if the first observation is enough to begin with.
    """

    says: str
    differ: Callable[[Sequence[Observation]], Difference]
    shows: Callable[[Observation], bool] = lambda seen: True  # noqa: ARG005  # most need nothing


class NotShown(Untested):
    """Raised before the first call if what it could change is not there."""


def judge_effect(
    trial: Trial,
    expectation: Expectation,
    compare: Comparison,
    unseen: Callable[[], str] = str,
    advise: Callable[[Place], str] | None = None,
) -> None:
    """Compare three times, or four, and conclude once: broken if there is a difference each time, else kept.

    `unseen` returns where a kept contract was not looked for. If nothing can be compared, nothing is
    concluded. `advise` returns what follows the difference at a place.
    """
    # where others work, a change of theirs may fall into each of three trials by chance
    several, said = (3, "three") if trial.setting.exclusive else (4, "four")
    changes = try_again(compare, several)
    if changes:
        first = min(changes)
        advice = advise(first) if advise is not None else ""
        conclude(trial.broken(f"{expectation.says}, in {said} trials", f"{changes[first][0]}{advice}"))
    elif changes is not None:
        conclude(trial.kept(unseen()))


def attempt_effect(
    hinted: HintedCall, expectation: Expectation, why: str, given: Mapping[str, Any] = MappingProxyType({})
) -> Attempt:
    """Return the attempt that makes one call on a new instance, and looks at the instance before and after.

    `why` says what the call is. `given` are arguments in place of its usual ones. A call that is refused, or
    is sent without one of these, shows nothing.
    """
    resource = hinted.resource
    # what the call itself shows is not a witness: each look would have its effect, the control's too
    sources = [source for source in hinted.sources if source.endpoint is not hinted.endpoint]

    def run(trial: Trial) -> None:
        def compare(turn: int) -> Difference:
            body: Body = ask(InstanceRef(resource.name, hinted.states, fresh=True, new=True))
            usual = make_first(trial.setting, hinted, body, why)
            call = replace(usual, input={**usual.input, **given}, field=next(iter(given), ""))

            def act() -> None:
                answer = ask(call)
                # do no harm: a run leaves out what may reach beyond its own, as it thinks of `dry_run`
                if unsent := given.keys() - answer.sent.keys():
                    raise Untested(f"the call was sent without {' and '.join(sorted(unsent))}")
                if not answer.success:
                    raise Untested(f"the call was not accepted: {answer.outcome}")

            changes = compare_looks(expectation, sources, [body], [act], calls=1, turn=turn)
            if changes is None:
                raise Untested("it could not be read again")
            return changes

        judge_effect(trial, expectation, compare)

    return make_attempt(resource, sources, (), run=run, cost=2 * len(sources) + 2)


def compare_looks(
    expectation: Expectation,
    sources: Sequence[Source],
    bodies: Sequence[Body],
    acts: Sequence[Callable[[], object]],
    *,
    calls: int,
    turn: int,
    traces: TraceSource | None = None,
    only_last: bool = False,
) -> Difference | None:
    """Observe instances before the acts and after each, and return what is not as expected.

    None if an observation failed. `calls` is how many calls come between the first look and the last. `turn`
    counts the trials. All but the first one, 0, make as many calls before as a control, and each one more
    than the last: what others do in step with one trial is out of step with the next. With `only_last`,
    events and the audit are read at the end alone, where there is no control.
    """
    alone = control(sources, bodies, calls + turn - 1, traces) if turn else set()
    if alone is None:
        return None
    seen: list[Observation] = []
    for act in (None, *acts):
        if act is not None:
            act()
        looks = traces if turn or not only_last or len(seen) == len(acts) else None
        look = observe(sources, bodies, "around the calls under test", looks)
        if look is None:
            return None
        if not seen and not expectation.shows(look):
            raise NotShown("what it could destroy was not there before")
        seen.append(look)
    changes = {place: told for place, told in expectation.differ(seen).items() if place not in alone}
    return drop_restless(sources, bodies, seen[-1], changes, traces)


# -- the expectations


def _find_changed(seen: Sequence[Observation]) -> Difference:
    """Return what the first act changed; a value that is filled in once, as a late default is, may be."""
    first, *later = (list_differences(*pair) for pair in pairwise(seen))
    second = later[0] if later else first
    lasting = {p for p in first if p in second or seen[0].get(p) not in _NOTHING or p[1] == ANSWER}
    lasting |= {p for p in first if isinstance(seen[0].get(p), bool)}
    # a row of somebody else in a list may have come to its end meanwhile, each time after as many calls
    aged = {
        place
        for place in lasting
        if place[1] == ANSWER
        and (place[0], ANSWER, "items") in seen[0]
        and seen[1].get(place, 0) < seen[0].get(place, 0)
    }
    return tell(lasting - aged, seen[0], seen[1])


def _find_changed_again(seen: Sequence[Observation]) -> Difference:
    changes: dict[Place, tuple[str, Any]] = {}
    for later in seen[1:]:
        changed = list_differences(seen[0], later)
        places = {place for place in changed if place[0] == TOLD or not VERSION.search(place[2])}
        changes |= tell(places, seen[0], later)
    return changes


SAME = Expectation("the same before and after it", _find_changed)
ONCE = Expectation("as after the first of two equal calls", _find_changed_again)
"""The observations begin after the first call."""


def only_added(sources: Sequence[Source], free: Collection[str]) -> Expectation:
    """Expect that calls remove and overwrite nothing, but members of these names and versions."""

    def differ(seen: Sequence[Observation]) -> Difference:
        losses: dict[Place, tuple[str, Any]] = {}
        for before, after in pairwise(seen):
            places = list_differences(before, after)
            lost = [place for place in places if _is_lost(place, before, after, sources, free)]
            losses = {**tell(lost, before, after), **losses}
        return losses

    def shows(seen: Observation) -> bool:
        return any(_is_shown(seen, number) for _, number, path in seen if path == "")

    return Expectation("all that could be read before", differ, shows)


def _is_lost(
    place: Place, before: Observation, after: Observation, sources: Sequence[Source], free: Collection[str]
) -> bool:
    """True for an instance that no source shows any longer, and for a value that is gone."""
    label, number, path = place
    if number == ANSWER or path.partition(".")[0] in free or VERSION.search(path):
        return False
    if path == "":
        lists = {source.label for source in sources if source.lists}
        return after.get(place) == GONE and (label not in lists or not _is_shown(after, number))
    return place in before and not _is_kept(before[place], after.get(place))


def _is_shown(seen: Observation, number: int) -> bool:
    """True if some source still shows the instance."""
    return any(value != GONE for place, value in seen.items() if place[1:] == (number, ""))


def _is_kept(before: Any, after: Any) -> bool:
    """True if no value was lost: an empty one was filled, or a list or a count has grown."""
    if before in _UNSET:
        return True
    if is_count(before) and is_count(after):
        return bool(after > before)
    if isinstance(before, list) and isinstance(after, list):
        left = list(after)
        for item in before:
            if item not in left:
                return False
            left.remove(item)
        return True
    return False
