"""Judge a contract by trials, each of which observes an instance before and after a call."""

from __future__ import annotations

from collections.abc import Callable

from pgagents.verify.answers.hints.observation import Trial, try_again
from pgagents.verify.check.check import Conversation, Judgement, judge_broken, judge_kept


def judge_trials(
    contract: str,
    trial: Trial,
    expected: str,
    explain: Callable[[], Judgement] | None = None,
    unseen: Callable[[], str] = str,
) -> Conversation:
    """Run the trials and yield one judgement: broken if every trial shows a difference, else kept.

    `expected` is the finding's text for a right server. `unseen` returns where a kept contract was not looked
    for. If a trial cannot be made, yield the result of `explain`, or nothing without `explain`.
    """
    found = yield from try_again(trial)
    if found:
        yield judge_broken(contract, f"{expected}, in three trials", found[min(found)][0])
    elif found is not None:
        yield judge_kept(contract, unseen())
    elif explain is not None:
        yield explain()
