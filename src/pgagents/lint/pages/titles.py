"""Explain finding ids: a title and a full text."""

from __future__ import annotations

from collections.abc import Iterable

from pgagents.lint.importers.copilot import messages as copilot_messages
from pgagents.lint.importers.copilot.messages import templates as copilot
from pgagents.lint.importers.gpt_builder.advice import TOLD as ADVICE
from pgagents.lint.importers.gpt_builder.messages import Template, templates
from pgagents.lint.packages.package_judge import list_judges as list_package_judges
from pgagents.lint.packages.table import table
from pgagents.lint.pages.others import diagnostic
from pgagents.lint.pages.rules import read_page
from pgagents.lint.requirement import Requirement, requirements
from pgagents.lint.rule import page, rules
from pgagents.lint.tools.tool_judge import list_judges

_EFFECTS = {
    "blocks": "Nothing is imported then.",
    "drops operation": "The operation is not imported then.",
    "drops parameter": "The operation loads without the argument then.",
    "warning": "It is shown in red, and the operations load all the same.",
    "form": "The web form says it when the GPT is saved.",
}
_SEEN = {
    "whole": "",
    "part": " Only the end of the text was published; the rest is made after its neighbours.",
    "none": " Nobody has published the text; it is made after its neighbours.",
}
_MANIFESTS = {"ai-plugin": "openai", "copilot-plugin": "microsoft"}
"""The vendors of manifests, by the name of their judge."""


def titles(ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return title and text by id, for known ids."""
    return {id: told for id in dict.fromkeys(ids) if (told := title(id)) is not None}


def title(id: str) -> tuple[str, str] | None:
    """Return title and text of a rule, an importer's message, or any other finding; None for an unknown
    id.
    """
    if id in rules():
        read = read_page(page(id))
        row = requirements()[rules()[id].requirement]
        return (
            read.title,
            f"{read.text}\n\n{rules()[id].severity}; {row.cited}\n  “{row.quote}”\n  {row.url or row.source}",
        )
    if id.startswith("gpt-builder/") and id.partition("/")[2] in templates():
        return _message(templates()[id.partition("/")[2]])
    if id.startswith("gpt-builder/") and id.partition("/")[2] in ADVICE:
        return ADVICE[id.partition("/")[2]].partition(". ")[0].rstrip(".") + ".", ADVICE[id.partition("/")[2]]
    if (behind := _row(id)) is not None:
        return (
            f"{behind.id}: “{behind.quote}”",
            f"{behind.level}, read {behind.read}: “{behind.quote}”\n  {behind.url or behind.source}",
        )
    if id.startswith("copilot-import/") and id.partition("/")[2] in copilot():
        return _copilot(copilot()[id.partition("/")[2]])
    if (rule := _package_rule(id)) is not None:
        return rule
    told = diagnostic(id)
    return (told.partition(". ")[0].rstrip(".") + ".", told) if told else None


def _row(id: str) -> Requirement | None:
    """Return the requirement behind a finding about a tool list or manifest, such as
    `gemini-tools/function-name`.
    """
    judge, _, row = id.partition("/")
    tools = list_judges().get(judge)
    vendor = tools.vendor if tools is not None else _MANIFESTS.get(judge)
    rows = requirements()
    return (rows.get(f"{vendor}.{row}") or rows.get(f"catalogue.{row}")) if vendor else None


def _package_rule(id: str) -> tuple[str, str] | None:
    """Return title and text of a finding about a package, such as `openai-portal/plugin_name_missing`."""
    judge, _, name = id.partition("/")
    if judge not in list_package_judges():
        return None
    code = table(judge.replace("-", "_")).codes.get(name)
    if code is None:
        return None
    parts = [f"{code.severity}, of {list_package_judges()[judge].title}: {code.says}"]
    if code.help:
        parts.append(f"What to do: {code.help}")
    if code.undecided:
        parts.append(f"Not decided here: {code.undecided}")
    parts.append(f"Source: {code.cited}")
    return code.says.rstrip("."), "\n\n".join(parts)


def _copilot(template: copilot_messages.Template) -> tuple[str, str]:
    stages = {
        "parser": "m365-spec-parser raises it",
        "generator": "m365-spec-parser raises it when it makes the manifest",
        "service": "the parser lets it pass; Copilot's documents or service do not",
    }
    return (
        f"An error of Copilot's import ({template.id}).",
        f"{stages[template.stage]}.\n\nWhat to do: {template.help}\n\nSource: {template.source}",
    )


def _message(template: Template) -> tuple[str, str]:
    text = (
        f"The GPT builder says: {template.template}\n\n{_EFFECTS[template.effect]}"
        f"{'' if template.certain else ' Reports differ on that.'}"
        f"{_SEEN[template.seen]}\n\nWhat to do: {template.help}\n\nSource: {template.source}"
    )
    return f"A message of the GPT builder ({template.id}).", text
