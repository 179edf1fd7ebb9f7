"""Write the short catalogue over a document: two lines, the choice for agents, and at most seven questions.

A question asks for a fact that the document does not say and nobody can conclude. It is a comment with the
YAML that answers it. The choice for vendors with a limit is written out, so that a new operation of the
document never pushes another one out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.importer.catalogue import Choice, Converted
from pgagents.importer.choice import MOST_CHOSEN, choose, describe_api, rank_resources, summarize
from pgagents.importer.operations import ImportedAction
from pgagents.importer.overlay.names import OPERATION
from pgagents.importer.overlay.options import KEY
from pgagents.importer.questions.asking import ask
from pgagents.importer.questions.question import Question, View
from pgagents.importer.surfaces import GROUP
from pgagents.importer.text import WIDTH, render_yaml, write_in_one_line

SCHEMA = ".pgagents/catalogue.schema.json"
"""The catalogue's JSON Schema for editors, relative to the short file."""
MOST_ALL = 30
"""An API with more actions than this gets a group for agents: the GPT builder takes no more."""


@dataclass(frozen=True, slots=True)
class Short:
    """A short catalogue as text, with its questions.

    `chosen` describes the choice of actions for agents; it is empty if all are offered.
    """

    text: str
    questions: tuple[Question, ...]
    chosen: str = ""


def write_short(document: str, converted: Converted, choice: Choice | None, *, origin: str) -> Short:
    """Return the short catalogue over a document.

    `document` is its path relative to the catalogue's folder. `origin` is the URL from which it was copied.
    The file holds the options of `choice`, so that later readings of the document need none.
    """
    choice = choice or Choice()
    group, chosen = _choose_group(converted)
    undecided = {note.at for note in converted.notes.made if note.kind == "decide"}
    questions = tuple(ask(View(converted.data, lambda _: False, undecided.__contains__)))
    actions = _list_decided(converted) | {
        made.name: {OPERATION: made.operation.label} for made in group if made.operation.id
    }
    lines = [f"# yaml-language-server: $schema={SCHEMA}", "pgagents: 1"]
    lines += render_yaml({KEY: _write_options(document, choice, origin)}).splitlines()
    for section in ("api", "auth", "errors"):
        lines += _write_questions([each for each in questions if each.section == section], section)
    if group:
        lines += ["", f"# What agents are offered: {chosen}. `verify` tests all others, too."]
        names = textwrap.wrap(f"[{', '.join(made.name for made in group)}]", WIDTH - 4)
        lines += ["groups:", f"  {GROUP}:", *(f"    {line}" for line in names)]
    asked = [each for each in questions if each.section == "actions"]
    if actions:
        lines += ["", "actions:"]
        lines += [f"  {name}: {write_in_one_line(entry)}" for name, entry in actions.items()]
        for question in asked:
            lines += [f"  # {question.asks}", *(f"  # {line}" for line in question.answer)]
    else:
        lines += _write_questions(asked, "actions")
    return Short("\n".join(lines) + "\n", questions, chosen)


def _write_options(document: str, choice: Choice, origin: str) -> Any:
    """Return the value of `openapi`: the document's path alone, if nothing else is to be said."""
    options: dict[str, Any] = {"document": document}
    options |= {"from": origin} if origin else {}
    options |= {"include": list(choice.include)} if choice.include else {}
    options |= {"tags": list(choice.tags)} if choice.tags else {}
    options |= {"max": choice.most} if choice.most is not None else {}
    options |= {"auth": choice.auth} if choice.auth else {}
    options |= {"base_path": choice.base} if choice.base else {}
    return options if len(options) > 1 else document


def _choose_group(converted: Converted) -> tuple[Sequence[ImportedAction], str]:
    """Return the actions for agents where a vendor does not take all, and a description of the choice."""
    made = [each for each in converted.made if each.name in converted.data["actions"]]
    if len(made) <= MOST_ALL:
        return (), ""
    ranked = rank_resources(made, describe_api(converted.data))
    group = choose(ranked, MOST_CHOSEN, frozenset())
    summary = summarize(ranked, [each.name for each in group])
    return group, f"{len(group)} of {len(made)} actions, {summary}"


def _list_decided(converted: Converted) -> dict[str, Any]:
    """Return what `--reads` and `--acts` say, as entries of actions."""
    decided = converted.decided
    labels = {made.name: made.operation.label for made in converted.made}
    return {name: {"effect": decided[label]} for name, label in labels.items() if label in decided}


def _write_questions(questions: Sequence[Question], section: str) -> list[str]:
    """Return the questions about one section as comments, with one block of YAML that answers them all."""
    if not questions:
        return []
    lines = [f"# {question.asks}" for question in questions]
    answers = [line for question in questions for line in question.answer]
    return ["", *lines, f"# {section}:", *(f"#   {line}" for line in answers)]
