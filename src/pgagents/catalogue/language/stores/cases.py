"""A store's test cases of a plugin as written in the catalogue."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from pgagents.catalogue.language.basics import Cel, Json, Line, Name, Strict

Word = Annotated[str, StringConstraints(min_length=2, max_length=60, pattern=r"^[^\W_]+([ -][^\W_]+)*$")]
"""A word or a few: letters and digits, with single spaces or hyphens between."""
MOST_CALLS = 20


class CaseCall(Strict):
    """One call of a test case."""

    tool: Name = Field(description="The tool, by its action's name.")
    arguments: dict[str, Json] = Field(
        {}, description="Arguments; strings that begin with `=` are expressions over the earlier calls."
    )
    name: Name | None = Field(
        None, description="The name by which expressions read this call; the default is the tool's."
    )


class RefusedCall(Strict):
    """A call that the API must refuse."""

    tool: Name = Field(description="The tool, by its action's name.")
    arguments: dict[str, Json] = Field(
        {}, description="Arguments; strings that begin with `=` are expressions over `env`."
    )
    code: Name = Field(description="The error code (under `errors.codes`) of its answer.")


class Case(Strict):
    """A test case: its prompt, and its purpose."""

    prompt: Line = Field(description="The words that the reviewer gives to the model.")
    description: Line | None = Field(
        None, description="The purpose of the case, for the reviewer; the default is its name."
    )
    draft: bool = Field(
        False,
        description=(
            "True while the prompt is only proposed, by a tool and not by the author; a submission is "
            "refused until it is removed."
        ),
    )


class PositiveCase(Case):
    """A prompt that the tools must answer, the calls that answer it, and what must then hold."""

    calls: list[CaseCall] = Field(
        min_length=1, max_length=MOST_CALLS, description="The calls that answer the prompt, in order."
    )
    expect: list[Cel] = Field(
        min_length=1,
        description=(
            "Conditions that must hold after the last call: over `input` and `response` of the last call, "
            "and over those of each call by its name, as `find.response.total`."
        ),
    )
    outcome: Line = Field(description="The result in words, as the reviewer sees it.")


class NegativeCase(Case):
    """A prompt that the tools must not answer. Exactly one key says what stands in the way."""

    not_offered: list[Word] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Words that no tool's name, title or description has.",
    )
    refused: RefusedCall | None = Field(None, description="A call that the API refuses, and its error code.")
    asks_first: Name | None = Field(
        None,
        description="A tool whose hints let a host ask the user first: it is destructive, as its hints say.",
    )


class Cases(Strict):
    """The test cases that a store's reviewer tries, by name."""

    positive: dict[Name, PositiveCase] = Field(
        default={}, description="Cases that must work, from the state that the reviewer meets."
    )
    negative: dict[Name, NegativeCase] = Field(default={}, description="Cases that must not work.")
