"""Write a listing's test cases in a store's form, and list what the form has no place for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.generate.formerly import find_name
from pgagents.generate.target import Loss, Note
from pgagents.model.model import Model
from pgagents.model.stores.cases import Case, cases_of
from pgagents.source.origin import Node, Text


def name_tools(model: Model, case: Case) -> Text:
    """Return the names of the tools that a case calls, in order and separated by commas."""
    surface = model.surfaces["mcp"]
    return Text(", ".join(find_name(surface, action) for action in case.actions), case.origin)


def list_positive(model: Model, store: str, prompt: str, outcome: str) -> list[Node]:
    """Return the positive cases.

    `prompt` and `outcome` are the store's member names for the prompt and the result.
    """
    return [
        _node(
            case,
            {
                "description": case.description,
                prompt: case.prompt,
                "tools_triggered": name_tools(model, case),
                outcome: case.outcome,
            },
        )
        for case in cases_of(model, store)
        if case.is_positive
    ]


def list_negative(model: Model, store: str, prompt: str) -> list[Node]:
    """Return the negative cases. `prompt` is the store's member name for the prompt."""
    return [
        _node(case, {"description": case.description, prompt: case.prompt})
        for case in cases_of(model, store)
        if not case.is_positive
    ]


def _node(case: Case, members: dict[str, Any]) -> Node:
    return Node(members, origin=case.origin)


def list_lost_calls(model: Model, store: str) -> Iterator[Loss]:
    """Yield a loss for each part of a case that reviewers do not see: arguments, conditions, codes and
    words.
    """
    cases = model.surfaces[store].cases
    if cases is not None:
        why = "a reviewer reads words; `pgagents verify` makes the calls"
        yield Loss(cases.origin, "arguments and conditions of the test cases", "dropped", why)


def list_lost_cases(model: Model, store: str, title: str) -> Iterator[Loss]:
    """Yield a loss for all cases, if the store has no place for them. `title` names the document."""
    cases = model.surfaces[store].cases
    if cases is not None:
        count = len(cases.positive) + len(cases.negative)
        why = f"{title} has no place for them; `pgagents verify` runs them"
        yield Loss(cases.origin, f"{count} test cases", "dropped", why)


def list_drafts(model: Model, store: str) -> Iterator[Note]:
    """Yield a note for each prompt that is only proposed. A submission must not contain it."""
    for case in cases_of(model, store):
        if case.draft:
            message = f"the prompt of the test case `{case.name}` is a draft, with which nothing is submitted"
            help = "write it in your own words, and remove `draft: true`"
            yield Note((*case.origin, "draft"), message, help)
