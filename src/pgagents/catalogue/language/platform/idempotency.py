"""The effect of idempotency keys as written in the catalogue."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pgagents.catalogue.language.basics import (
    Cited,
    Name,
    Status,
)


class Idempotency(Cited):
    """The effect of an idempotency key on every action that has one."""

    lives_s: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Seconds for which a key is remembered."
    )
    not_used_up_by: list[Status] = Field(
        default=[], description="Statuses after which the same call may be repeated with the same key."
    )
    otherwise: Name | None = Field(
        None,
        description=(
            "The error code for a used key with other arguments; the default is the action's error of "
            "status 409."
        ),
    )
    of: Literal["key", "project"] = Field(
        "key", description="The scope of a key: the calls of one API key, or of a whole project."
    )
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded it from a header's name: what contradicts it is "
        "odd, not broken.",
    )
