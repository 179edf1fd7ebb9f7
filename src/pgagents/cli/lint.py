"""`pgagents lint`: reports what vendors and models will refuse or misread, before it is uploaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.options import examples, pass_env_option

if TYPE_CHECKING:
    from pgagents.lint.importers.gpt_builder.importer import Form
    from pgagents.lint.judged import Judged
    from pgagents.source.source import Source

_OTHER = {"gpt-builder": "copilot", "copilot": "gpt-builder"}
"""Two importers of OpenAPI documents, each mapped to the other. The version or `--for` chooses one."""
FORMS = ("text", "short", "json", "sarif", "github")
FAIL_ON = ("error", "warning", "note", "never")
_CATALOGUE = re.compile(rb"(?:^|\r)(?:\xef\xbb\xbf)?[\"']?pgagents[\"']?[ \t]*:", re.M)


@click.command(
    short_help="Report what vendors and models will refuse or misread.",
    epilog=examples(
        ("the catalogue, by every rule", "pgagents lint"),
        ("one vendor's rules", "pgagents lint shop.yaml --only gemini"),
        (
            "what the GPT builder would show for anyone's document",
            "pgagents lint openapi.yaml --for gpt-builder",
        ),
        ("what OpenAI's portal would refuse in a plugin", "pgagents lint plugin.zip --for openai-portal"),
        ("a line a finding, and exit 1 for errors only", "pgagents lint --format short --fail-on error"),
        (
            "an MCP server's tools, as each vendor's models get them",
            "pgagents lint --mcp-stdio 'python server.py'",
        ),
        ("for code scanning", "pgagents lint --format sarif > lint.sarif"),
    ),
)
@click.argument("files", metavar="[FILE|FOLDER|URL]...", nargs=-1)
@click.option(
    "--for",
    "judge",
    metavar="NAME",
    help=(
        "The importer or vendor to lint a finished document for. Default: by its content. `--for list` "
        "lists all."
    ),
)
@click.option(
    "--only",
    multiple=True,
    metavar="RULE",
    help="Only this rule (gemini/long-name) or vendor (gemini). Repeatable.",
)
@click.option("--fix", is_flag=True, help="Apply safe fixes to the catalogue's file.")
@click.option("--public", is_flag=True, help="For gpt-builder: the GPT is shared by link or in the store.")
@click.option(
    "--privacy-policy",
    default="",
    metavar="URL",
    help="For gpt-builder: the privacy policy's URL in the form.",
)
@click.option(
    "--published",
    metavar="FOLDER|ZIP",
    help="For openai-portal: the published package that this one updates.",
)
@click.option(
    "--mcp-url",
    metavar="URL",
    help="Lint the tools that the MCP server there lists, for each vendor. Its token: PGAGENTS_MCP_TOKEN.",
)
@click.option(
    "--mcp-stdio",
    metavar="CMD",
    help="Lint the tools that the MCP server lists which CMD starts, for each vendor. No tool is called.",
)
@pass_env_option
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="Output format; `short` prints one line for each finding.",
)
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    default="warning",
    show_default=True,
    help="The lowest severity that makes the exit code 1.",
)
def command(
    files: tuple[str, ...],
    judge: str | None,
    only: tuple[str, ...],
    fix: bool,
    public: bool,
    privacy_policy: str,
    published: str | None,
    mcp_url: str | None,
    mcp_stdio: str | None,
    form: str,
    fail_on: str,
) -> int:
    """Lint catalogues and finished documents: OpenAPI, plugin manifests, tool lists, plugin folders.

    Errors and warnings make the exit code 1, notes do not; --fail-on changes that. References to other files
    or hosts are never followed.
    """
    from pgagents.lint.importers.gpt_builder.importer import Form
    from pgagents.lint.judge import JUDGES

    if judge == "list":
        click.echo("\n".join(f"{name:<18}{title}" for name, title in JUDGES.items()))
        return 0
    if (mcp_url, mcp_stdio) != (None, None):
        from pgagents.cli.linting.tool_lint import lint_server

        if files or only or fix:
            raise click.UsageError(
                "--mcp-url and --mcp-stdio lint a server's tools: give no files, --only or --fix"
            )
        judged = lint_server(mcp_url, mcp_stdio, judge)
    else:
        judged = _judge_files(files, judge, only, Form(public, privacy_policy), fix=fix, published=published)
    _print(judged, form)
    return 1 if any(one.fails(fail_on) for one in judged) else 0


def _judge_files(
    files: Sequence[str],
    judge: str | None,
    only: tuple[str, ...],
    web_form: Form,
    *,
    fix: bool,
    published: str | None,
) -> list[Judged]:
    """Lint each file, in the given order.

    Documents for the GPT builder count as actions of one GPT.
    """
    from pgagents.catalogue.find import find_example
    from pgagents.cli.inputs.options import load
    from pgagents.cli.linting.package_lint import lint_package

    judged = []
    for file in files or (None,):
        whole = file is not None and not only and not fix and not find_example(file)
        if whole and (package := lint_package(file or "", judge, published)) is not None:
            judged.append(package)
            continue
        source = load(None).source if file is None else _read(file)
        one, web_form = _judge(_fix_file(source, only) if fix else source, judge, only, web_form)
        judged.append(one)
    return judged


def _read(file: str) -> Source:
    """Read a file or URL: a catalogue, or any other document."""
    from pgagents.catalogue.find import find_example
    from pgagents.cli.inputs.fetch import fetch
    from pgagents.lint.document import read
    from pgagents.source.read import MAX_BYTES, parse
    from pgagents.text.brief import show_path
    from pgagents.text.web_address import hide_secrets

    if shipped := find_example(file):
        return shipped.source
    raw, name = fetch(file), show_path(hide_secrets(file))
    source = read(raw, name) if len(raw) > MAX_BYTES or not _CATALOGUE.search(raw) else None
    folder = None if "://" in file else Path(file).parent
    return source or parse(_text(raw, name), name, folder=folder)


def _text(raw: bytes, file: str) -> str:
    """Decode a catalogue's text. Text that is not UTF-8 is refused, as in any other document."""
    from pgagents.lint.document import read

    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return read(raw, file).text


def _choose_judge(source: Source, judge: str | None) -> str:
    """Return the judge that the caller names, or that fits the document.

    Raises PgagentsError for an unknown judge, and for a document that no judge fits.
    """
    from pgagents.errors import PgagentsError
    from pgagents.lint import judge as judges
    from pgagents.text.nearest import did_you_mean

    judge = judges.ALIASES.get(judge or "", judge)
    if judge is not None and judge not in judges.JUDGES:
        raise PgagentsError(
            f"there is no judge `{judge}`",
            did_you_mean(judge, [*judges.JUDGES, *judges.ALIASES]) or "`--for list` names all",
        )
    chosen = judge or judges.kind(source.data, source.file)
    if chosen is None and source.problems:  # other documents end at the first problem
        chosen = "catalogue"
    if chosen is None:
        raise PgagentsError(
            f"{source.file} is no document that is known here",
            "say who shall judge it: --for NAME; `--for list` names all",
        )
    if judges.is_catalogue(source.data) and chosen != "catalogue":
        help = (
            "pgagents build makes its documents: `pgagents lint generated/openai/openapi.yaml --for "
            "gpt-builder`"
        )
        raise PgagentsError(f"{source.file} is a catalogue, not a finished document", help)
    if judge is None and chosen in _OTHER:
        click.echo(
            f"{source.file}: judged as {chosen} would import it; --for {_OTHER[chosen]} for the other",
            err=True,
        )
    if judge is None and chosen in judges.LIKE_OPENAI.values():
        click.echo(
            f"{source.file}: judged as {chosen}, by the name of its folder; --for openai-tools for the other",
            err=True,
        )
    return chosen


def _judge(source: Source, judge: str | None, only: tuple[str, ...], form: Form) -> tuple[Judged, Form]:
    from dataclasses import replace
    from datetime import date

    from pgagents.errors import PgagentsError
    from pgagents.lint import judge as judges
    from pgagents.lint.importers.gpt_builder.verdict import judge as gpt_builder
    from pgagents.lint.judged import apply_ignores

    chosen = _choose_judge(source, judge)
    if only and chosen != "catalogue":
        raise PgagentsError(
            "--only chooses among the rules for catalogues", "leave it out for a finished document"
        )
    if chosen in ("gpt-builder", "chatgpt-plugin"):
        one, made = gpt_builder(source, form, plugin=chosen == "chatgpt-plugin")
        return apply_ignores(one), replace(form, domains=form.domains | {made.domain} - {""})
    one = judges.judge(source, chosen, only, date.today())
    return one if chosen == "catalogue" else apply_ignores(one), form


def _fix_file(source: Source, only: tuple[str, ...]) -> Source:
    """Apply every safe fix to the catalogue's file, and return the changed source."""
    from pgagents.cli.inputs.fetch import write_both
    from pgagents.errors import PgagentsError
    from pgagents.lint.fix import apply_fixes
    from pgagents.lint.judge import is_catalogue

    if not is_catalogue(source.data):
        raise PgagentsError(f"{source.file} is no catalogue, and only those are changed", "leave out --fix")
    made, count = apply_fixes(source, only)
    if count:
        path = Path(source.file)
        if not path.is_file():
            raise PgagentsError(
                f"{source.file} is no file here, so it cannot be changed", "name the catalogue's file"
            )
        write_both({path: made.text.encode()})
        click.echo(f"{source.file}: {count} change{'s' if count > 1 else ''} made", err=True)
    return made


def _print(judged: list[Judged], form: str) -> None:
    from importlib.metadata import version

    from pgagents.cli.running.report_output import colour
    from pgagents.lint.formats.github import render as render_github
    from pgagents.lint.formats.json import render as render_json
    from pgagents.lint.formats.sarif import render as render_sarif
    from pgagents.lint.formats.short import render as render_short
    from pgagents.lint.formats.text import text as render_text

    if form == "json":
        click.echo(render_json(judged, version("pgagents")))
    elif form == "sarif":
        from pgagents.lint.pages.titles import titles

        click.echo(
            render_sarif(judged, version("pgagents"), titles(d.id for one in judged for d in one.found))
        )
    elif form in ("github", "short"):
        if said := (render_github if form == "github" else render_short)(judged):
            click.echo(said)
    else:
        click.echo(render_text(judged, colour=colour()))
