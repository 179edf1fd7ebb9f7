"""Judges a contract by trials that observe instances before and after calls."""

from __future__ import annotations

from collections.abc import Callable

from pgagents.verify.answers.hints.observation import Trial, try_again
from pgagents.verify.check.check import Conversation, Judgement, judge_broken, judge_kept


def judge_trials(
    contract: str, trial: Trial, expected: str, explain: Callable[[], Judgement] | None = None
) -> Conversation:
    """Make the trials, and yield the judgement of what all of them show.

    `expected` is what the server should have shown in three trials. `explain` returns the judgement where a
    trial could not be made; without it there is none then.
    """
    found = yield from try_again(trial)
    if found:
        yield judge_broken(contract, f"{expected}, in three trials", found[min(found)][0])
    elif found is not None:
        yield judge_kept(contract)
    elif explain is not None:
        yield explain()
