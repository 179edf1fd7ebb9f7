"""Claims about what a call does, as written in the catalogue: a value, or a value with its reason."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.language.basics import Strict

Reason = Annotated[str, StringConstraints(min_length=10, max_length=300, pattern=r"^[^\n]*$")]


class Hint(Strict):
    """A claim about a call, with its reason. Short form: just true or false."""

    value: bool = Field(description="Whether it is so.")
    reason: Reason | None = Field(
        None,
        description="Why, in one sentence about what the action does; stores and their reviewers read it. "
        "The default is made from the rest of the catalogue.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, dict) else {"value": data}


class Effect(Strict):
    """The effect of a call, with its reason. Short form: just `read` or `write`."""

    value: Literal["read", "write"] = Field(description="`write` if a call changes anything.")
    reason: Reason | None = Field(
        None,
        description="Why, in one sentence about what the action does; stores and their reviewers read it. "
        "The default is made from the rest of the catalogue.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, dict) else {"value": data}
