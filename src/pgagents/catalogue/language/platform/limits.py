"""Rate limits as written in the catalogue, their headers, and the limits of agents' hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pgagents.catalogue.language.basics import Cel, Cited, Line, Name, Strict


class Bucket(Cited):
    """A rate limit of `requests` calls in `per_s` seconds."""

    requests: Annotated[int, Field(ge=1)] = Field(
        description="Calls allowed in `per_s` seconds: the capacity, which is refilled in that time."
    )
    per_s: Annotated[float, Field(gt=0)] = Field(60, description="The length of the window in seconds.")
    refill: Literal["even", "window"] = Field(
        "even",
        description=(
            "`even`: calls are refilled one by one at an even pace; `window`: all are refilled when "
            "a window of `per_s` seconds ends, which the reset header announces."
        ),
    )
    of: Literal["key", "end_user", "address"] = Field(
        "key", description="The calls that share the bucket: those of one key, end user or address."
    )
    when: Cel | None = Field(
        None,
        description=(
            "Calls for which this condition is true draw from the bucket too; it may read `key` and `call`."
        ),
    )
    description: Line | None = Field(None, description="The calls that draw from the bucket, in words.")


class LimitHeaders(Strict):
    """The headers that state a rate limit: three numbers, the fields of the IETF, or one header with a
    pattern. Without any of them only `retry` is there.
    """

    limit: str | None = Field(None, description="The header with the capacity.")
    remaining: str | None = Field(None, description="The header with the number of calls left.")
    reset: str | None = Field(
        None, description="The header with the time when the bucket is full again; for a window, its end."
    )
    ietf: bool = Field(
        False,
        description=(
            "True for `RateLimit` and `RateLimit-Policy`, as draft-ietf-httpapi-ratelimit-headers-11 "
            "defines them."
        ),
    )
    usage: str | None = Field(None, description="The one header that states all, as `pattern` says.")
    pattern: str | None = Field(
        None,
        description="The form of `usage`: `{limit}` and `{used}` or `{remaining}`, as in `{used}/{limit}`.",
    )
    retry: str = Field(
        "Retry-After", description="The header with the time after which to repeat a refused call."
    )


class Budgets(Strict):
    """Limits of an agent's host for one answer."""

    seconds: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Seconds that the host waits for an answer."
    )
    characters: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Most characters of an answer that the host reads."
    )
    items: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Most items of a list that the host reads."
    )


class Limits(Strict):
    """Rate limits, their headers, and limits of agents' hosts."""

    status: Annotated[list[Annotated[int, Field(ge=400, le=599)]], Field(min_length=1)] = Field(
        default=[429],
        description=(
            "The statuses of calls over a limit. One that has other meanings too is such a refusal if its "
            "code is that of `errors.framework.limited`, or if a header says so."
        ),
    )
    headers: LimitHeaders | None = Field(None, description="The headers that state a rate limit.")
    reset_unit: Literal["epoch_seconds", "seconds"] = Field(
        "epoch_seconds", description="The unit of the reset header: seconds since 1970, or seconds from now."
    )
    buckets: dict[Name, Bucket] = Field({}, description="Rate limits by name.")
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded them from names of headers: what contradicts them "
        "is odd, not broken.",
    )
    end_user: list[Line] = Field(
        default=[],
        description="Where a call names its end user, in order of precedence: `oauth sub`, `header NAME`.",
    )
    unlimited: Line | None = Field(
        None,
        description=(
            "How to get a key with a higher limit than the published one; its headers state that limit."
        ),
    )
    budgets: dict[Name, Budgets] = Field(
        default={},
        description="Limits of agents' hosts for an answer, by surface; `all` applies to every surface.",
    )
    max_body_bytes: Annotated[int, Field(gt=0)] | None = Field(
        None, description="The largest request body in bytes."
    )
