"""Jobs as written in the catalogue: work that goes on after the answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pgagents.catalogue.language.basics import Member, Name, Strict


class Job(Strict):
    """Work that an action starts and does not wait for: the resource that shows it, and how it can end."""

    resource: Name = Field(
        description="The resource that shows the job's `state`: this action makes it, and its first "
        "`read_by` reads it."
    )
    done: Annotated[list[str], Field(min_length=1)] = Field(
        description="States in which the job has succeeded."
    )
    failed: list[str] = Field([], description="States in which the job has failed.")
    within_s: Annotated[float, Field(gt=0)] = Field(
        60, description="Seconds within which every job ends; no caller need wait longer."
    )
    reason: Member | None = Field(
        None, description="The resource's member that says why a job failed, such as `error.message`."
    )
