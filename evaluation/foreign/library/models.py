"""The API's requests and answers."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..planting import planted

MAX_ID = 2_147_483_647


def _whole(value: Any) -> Any:
    """2.0 is the integer 2."""
    if isinstance(value, bool) and planted("booleans-are-integers"):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _digits(value: Any) -> Any:
    """Read a query argument's integer: digits without sign, space or leading zero."""
    if isinstance(value, str):
        if not re.fullmatch("0|[1-9][0-9]{0,18}", value):
            raise ValueError("an integer has only decimal digits")
        return int(value)
    return value


def _cut_to_page(value: int) -> int:
    """Take the greatest page size for a greater one."""
    return min(value, 50) if planted("per-page-cut") else value


def _split(value: Any) -> Any:
    """Read a list from the query: one argument with commas."""
    return [item for text in value for item in text.split(",")] if isinstance(value, list) else value


def _sent_to_store(value: Any) -> Any:
    """Pass a search text on; the store's driver fails at NUL."""
    if planted("nul-reaches-store") and isinstance(value, str) and "\0" in value:
        raise RuntimeError("invalid byte sequence for encoding UTF8: 0x00")
    return value


def _different(items: list[str]) -> list[str]:
    if len(set(items)) < len(items):
        raise ValueError("the items must be different")
    return items


def text(most: int, pattern: str = r"^[^\u0000-\u001F]*$", least: int = 1) -> Any:
    """A text with bounds on its code points."""
    return Field(strict=True, min_length=least, max_length=most, pattern=pattern)


def whole(least: int, most: int) -> Any:
    """The bounds of an integer."""
    return Field(strict=True, ge=least, le=most)


Whole = BeforeValidator(_whole)
Digits = BeforeValidator(_digits)
Subject = Annotated[str, text(30, r"^[a-z]+(-[a-z]+)*$")]
State = Literal["ready", "cancelled", "expired"]
BodyId = Annotated[int, Whole, whole(1, MAX_ID)]
QueryId = Annotated[int, Digits, whole(1, MAX_ID)]


class Body(BaseModel):
    """A request body: nothing that is not listed."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _pick_members(cls, body: Any) -> Any:
        if planted("unknown-member-ignored") and isinstance(body, dict):
            return {name: value for name, value in body.items() if name in cls.model_fields}
        if planted("texts-trimmed") and isinstance(body, dict):
            return {name: value.strip() if isinstance(value, str) else value for name, value in body.items()}
        return body

    @model_validator(mode="after")
    def _fit_columns(self) -> Self:
        for name, field in type(self).model_fields.items() if planted("lengths-in-bytes") else ():
            value, most = (
                getattr(self, name),
                [m.max_length for m in field.metadata if hasattr(m, "max_length")],
            )
            if isinstance(value, str) and most and len(value.encode()) > most[0]:
                raise ValueError(f"{name} has at most {most[0]} characters")
        return self


class TitleIn(Body):
    """A title to make."""

    title: Annotated[str, text(200)]
    authors: Annotated[list[Annotated[str, text(100)]], Field(min_length=1, max_length=10, strict=True)]
    copies: Annotated[int, Whole, whole(1, 50)]
    isbn: Annotated[str, text(13, r"^97[89][0-9]{10}$")] | None = None
    subjects: Annotated[list[Subject], Field(max_length=5, strict=True), AfterValidator(_different)] = []
    published_year: Annotated[int, Whole, whole(1450, 2100)] | None = None


class PatronIn(Body):
    """A patron to make."""

    name: Annotated[str, text(100)]
    email: Annotated[str, text(200, r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")]


class HoldIn(Body):
    """A hold to place."""

    title_id: BodyId
    patron_id: BodyId
    hours: Annotated[int, Whole, whole(1, 168)] = 48
    note: Annotated[str, text(200)] | None = None


class CancelIn(Body):
    """Why a hold is cancelled."""

    reason: Annotated[str, text(200)] | None = None


class ClockIn(Body):
    """The time by which the clock goes ahead."""

    advance_s: Annotated[int, Whole, whole(1, 7_776_000)]


class TitleQuery(BaseModel):
    """The titles that are asked for, and their page."""

    page: Annotated[int, Digits, whole(1, 10_000)] = 1
    per_page: Annotated[int, BeforeValidator(_cut_to_page), Digits, whole(1, 50)] = 20
    q: Annotated[str, BeforeValidator(_sent_to_store), text(100)] | None = None
    subjects: (
        Annotated[
            list[Subject],
            BeforeValidator(_split),
            Field(min_length=1, max_length=5),
            AfterValidator(_different),
        ]
        | None
    ) = None
    sort: Literal["id", "-id", "year"] = "id"


class CopyQuery(BaseModel):
    """The copies that are asked for."""

    free: Literal["true", "false"] | None = None


class HoldQuery(BaseModel):
    """The holds that are asked for, and the first of them."""

    @model_validator(mode="after")
    def _bound_limit(self) -> Self:
        if planted("greatest-limit-refused") and not self.limit < 100:
            self.limit = 20
        return self

    offset: Annotated[int, Digits, whole(0, 100_000)] = 0
    limit: Annotated[int, Digits, whole(1, 100)] = 20
    title_id: QueryId | None = None
    patron_id: QueryId | None = None
    states: (
        Annotated[
            list[State],
            BeforeValidator(_split),
            Field(min_length=1, max_length=3),
            AfterValidator(_different),
        ]
        | None
    ) = None


class TitleOut(BaseModel):
    """A title."""

    id: int
    title: str
    authors: list[str]
    isbn: str | None
    subjects: list[str]
    published_year: int | None
    copies: int
    available: int
    created_at: str


class CopyOut(BaseModel):
    """A copy of a title."""

    id: int
    title_id: int
    number: int
    hold_id: int | None


class PatronOut(BaseModel):
    """A patron."""

    id: int
    name: str
    email: str
    ready_holds: int
    created_at: str


class HoldOut(BaseModel):
    """A hold."""

    id: int
    title_id: int
    patron_id: int
    copy_id: int
    state: State
    hours: int
    note: str | None
    placed_at: str
    expires_at: str
    ended_at: str | None
    reason: str | None


class TitlePage(BaseModel):
    """A page of titles."""

    titles: list[TitleOut]
    page: int
    per_page: int
    total: int
    pages: int


class HoldList(BaseModel):
    """A part of the list of holds."""

    holds: list[HoldOut]
    offset: int
    limit: int
    total_records: int


class Now(BaseModel):
    """The clock's time."""

    now: str
