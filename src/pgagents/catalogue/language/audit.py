"""The audit log as written in the catalogue."""

from __future__ import annotations

from pydantic import Field

from pgagents.catalogue.language.basics import Cited, JsonName, Name
from pgagents.catalogue.language.resources import CatalogueCall


class Audit(Cited):
    """The audit log: every successful write leaves a row in a list."""

    listed_by: CatalogueCall = Field(
        description="The action that lists the rows, newest first; its `at` finds the list in the answer."
    )
    as_: Name | None = Field(
        None, alias="as", description="The role whose key may read the log; the default is `main`."
    )
    reads_on: list[Name] = Field(default=[], description="Surfaces on which reads leave a row too.")
    at: JsonName = Field(
        "at",
        description="The member of a row with the time: RFC 3339, or a number since 1970, in seconds "
        "or a smaller unit that its size tells.",
    )
    action: JsonName = Field("action", description="The member of a row with the action's name.")
    actor: JsonName | None = Field(
        None, description="The member of a row with the id of the key that made the call."
    )
    diff: JsonName | None = Field(None, description="The member of a row with the changes that a write made.")
    about: dict[JsonName, Name] = Field(
        default={}, description="Members of a row that hold an id, each with its resource."
    )
    never: list[Name] = Field(
        default=[], description="Arguments whose values must not appear in any row, except in `diff`."
    )
