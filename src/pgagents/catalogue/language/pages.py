"""The pages of a list as written in the catalogue."""

from __future__ import annotations

from pydantic import Field

from pgagents.catalogue.language.basics import Cel, Name, Strict


class Pages(Strict):
    """The pages of a list: where its items are, and which argument requests the next page."""

    items: Cel = Field(description="The list in the answer, such as `response.items`.")
    next: Cel = Field(
        description=(
            "The value of `argument` for the next page, or the next page's URL: a member with "
            "`format: uri`, or `headers.link.next`. Null, empty or missing: there is none. It may read "
            "`response`, `input` and `headers`."
        ),
    )
    argument: Name = Field(
        description="The argument that requests a page; a URL has it in its query. Without it comes the "
        "first page.",
    )
    more: Cel | None = Field(
        None,
        description=(
            "True if there is a further page. Without it, the list ends where `next` has no value, or "
            "with a page without items."
        ),
    )
    size: Name | None = Field(None, description="The argument with the most items of a page.")
    inferred: bool = Field(
        False,
        description="True if `pgagents import` concluded it from names: what contradicts it is odd, not "
        "broken.",
    )
    bound: Name | None = Field(
        None,
        description=(
            "The error code for a page that is requested with other arguments than the first one was; "
            "without it, the answer to that is open."
        ),
    )
    bound_to: list[Name] | None = Field(
        None,
        min_length=1,
        description="The arguments that `bound` is about, such as the list's folder; the default is all.",
    )
    stable: bool = Field(
        False,
        description=(
            "True if an item that stays in the list is on exactly one page, whatever is added or removed "
            "while pages are read. Without it, that is open."
        ),
    )
