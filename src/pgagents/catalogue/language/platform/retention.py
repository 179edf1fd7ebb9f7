"""The time for which data is kept, as written in the catalogue."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pgagents.catalogue.language.basics import (
    Cited,
    Line,
)


class Retention(Cited):
    """The time for which something is kept, and what happens afterwards."""

    after_s: Annotated[int, Field(gt=0)] = Field(description="Seconds for which it is kept.")
    of: Line = Field(description="The data that is kept.")
    then: Line = Field(description="What happens to the data afterwards.")
