"""The log of what was done through the API, as it is written."""

from __future__ import annotations

from pydantic import Field

from pgagents.catalogue.language.basics import Cited, Name
from pgagents.catalogue.language.resources import CatalogueCall


class Audit(Cited):
    """Every successful write leaves a row in a list, and what the row says."""

    listed_by: CatalogueCall = Field(description="The action that lists the rows, newest first; `at` is where its answer has the list.")
    as_: Name | None = Field(None, alias="as", description="The role whose key may read it. Default: main.")
    reads_on: list[Name] = Field(default=[], description="Surfaces through which reads leave a row too.")
    at: Name = Field("at", description="The member with the time.")
    action: Name = Field("action", description="The member with the action's name.")
    actor: Name | None = Field(None, description="The member with the id of the key that did it.")
    diff: Name | None = Field(None, description="The member with what a write changed.")
    about: dict[Name, Name] = Field(default={}, description="Members that hold an id, and the resource whose id it is.")
    never: list[Name] = Field(default=[], description="Arguments whose values stand in no row, `diff` apart.")
