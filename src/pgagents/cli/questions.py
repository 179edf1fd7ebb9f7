"""`pgagents questions`: asks what only the owner of an API knows, each with the lines that answer it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs.document import load_api
from pgagents.cli.inputs.options import (
    cacert_option,
    catalogue_argument,
    env_option,
    examples,
    identity_option,
    max_time_option,
    start_option,
)

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.importer.questions.question import Question
    from pgagents.report.report import Report
    from pgagents.suggest.session import Suggesting

VERSION = 1
"""The version of the JSON form, which schemas/questions.schema.json describes."""


@click.command(
    short_help="Ask what only the owner of the API knows, with the lines to fill in.",
    epilog=examples(
        ("of ./pgagents.yaml: what it does not say yet", "pgagents questions"),
        ("of a document alone", "pgagents questions --openapi openapi.json"),
        ("for a coding agent", "pgagents questions --json"),
        ("and what a running server shows", "pgagents questions --url http://127.0.0.1:8000"),
    ),
)
@catalogue_argument
@click.option("--openapi", metavar="FILE|URL", help="Ask about this document, without a catalogue.")
@click.option("--url", metavar="URL", help="Read this server too: what all its answers have may be promised.")
@start_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as schemas/questions.schema.json says.")
@env_option
@identity_option
@cacert_option
@max_time_option
def command(
    catalogue: Path | None,
    openapi: str | None,
    url: str | None,
    start: str | None,
    as_json: bool,
    description: Path | None,
    identity: tuple[str, ...],
    cacert: Path | None,
    max_time: float | None,
) -> int:
    """Ask about the CATALOGUE, or a document, what no document says: at most 40 questions, the best first.

    Each has its place, the sentence or shape that raised it, and the lines to fill in. A line that is
    there already is not asked for. Nothing is written anywhere; with --url the server is only read.
    """
    from pgagents.importer.questions.asking import MOST, list_questions
    from pgagents.importer.questions.question import open_view

    def show(model: Model, further: Sequence[Question]) -> int:
        found = list_questions(open_view(model), MOST - len(further[: MOST // 2]))
        _print(model, [*found, *further[: MOST - len(found)]], as_json=as_json)
        return 0

    if url is None and start is None and description is None:
        return show(load_api(catalogue, openapi), ())
    from pgagents.cli.suggest import Asked, accompany

    def show_run(companion: Suggesting, report: Report, stopped: bool) -> int:
        del report
        if stopped:
            click.echo("the run was cut off: what it had seen by then is asked about", err=True)
        return show(companion.model, _ask_about_laws(companion))

    asked = Asked(openapi, catalogue, description, identity, cacert, seek=False)
    limits = {"max_time_s": max_time, "read_only": True}
    return accompany(asked, url, start, (), limits, lambda _: None, show_run)


def _ask_about_laws(companion: Suggesting) -> list[Question]:
    from pgagents.importer.questions.question import Question, answer

    found, _ = companion.finish()
    questions = []
    for tried in found:
        for named in tried.reading.laws:
            law: dict[str, Any] = {"that": named.law.that}
            if named.law.when:
                law = {"when": named.law.when, **law}
            entry = {"laws": {named.name: law}}
            at = ("actions", named.law.action)
            asks = f"Each answer of {named.law.action} had this: is it promised?"
            because = "the server's answers"
            questions.append(
                Question("law", asks, "actions", (answer(named.law.action, entry),), at, because)
            )
    return questions


def _print(model: Model, questions: Sequence[Question], *, as_json: bool) -> None:
    from pgagents.base.writing import printable, quoted_text

    if as_json:
        listed = [describe(model, question) for question in questions]
        data = {"version": VERSION, "questions": listed}
        click.echo(quoted_text(json.dumps(data, ensure_ascii=False, indent=2)))
        return
    for number, question in enumerate(questions, 1):
        place = model.source.locate(question.at)
        because = f" ({question.because})" if question.because else ""
        click.echo(printable(f"{number}. {question.asks}{because}"))
        click.echo(printable(f"   {place.file}:{place.line}"))
        for line in question.lines.splitlines():
            click.echo(printable(f"     {line}"))
    count = len(questions)
    click.echo(f"{count} {'question' if count == 1 else 'questions'}" if count else "no question", err=True)


def describe(model: Model, question: Question) -> dict[str, Any]:
    """Return a question as JSON data."""
    place = model.source.locate(question.at)
    return {
        "kind": question.kind,
        "asks": question.asks,
        "because": question.because,
        "place": {"file": place.file, "line": place.line, "pointer": place.pointer},
        "lines": question.lines,
        "complete": question.complete,
    }
