"""Tell a model how to follow a job that an action starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pgagents.generate.target import Loss
from pgagents.model.action import Action


def describe_job(action: Action, offered: Iterable[Action], name_of: Callable[[Action], str]) -> str:
    """Return the sentence about the action that reports the job's progress.

    Empty if there is no job, or if that action is not offered.
    """
    job = action.job
    reader = next((a for a in offered if job is not None and a.name == job.read_by), None)
    if job is None or reader is None:
        return ""
    ends = " or ".join(f"`{state}`" for state in job.ends)
    why = f"; then `{job.reason}` says why it failed" if job.reason else ""
    return (
        f"This starts a job: call `{name_of(reader)}` again and again until `{job.state}` is {ends}, for "
        f"at most {job.within_s:g} s{why}."
    )


def list_lost_jobs(actions: Iterable[Action]) -> Iterator[Loss]:
    """Yield a loss for each job that a model cannot follow, and for each that only a description mentions."""
    offered = list(actions)
    for action in offered:
        if action.job is not None:
            told = any(a.name == action.job.read_by for a in offered)
            yield Loss(
                action.job.origin,
                f"the job of {action.name}",
                "description" if told else "dropped",
                "who calls must look again and again"
                if told
                else f"{action.job.read_by} is not offered here",
            )
