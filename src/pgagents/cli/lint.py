"""`pgagents lint`: reports what vendors and models will refuse or misread, before it is uploaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.base.text import decode, hide_secrets
from pgagents.cli.inputs import companions
from pgagents.cli.inputs.options import examples, pass_env_option
from pgagents.cli.inputs.tools import make_model, open_server

if TYPE_CHECKING:
    from pgagents.base.errors import Diagnostic, Severity
    from pgagents.base.places import Source
    from pgagents.catalogue.model.model import Model
    from pgagents.lint.document import Judged
    from pgagents.lint.importers.gpt_builder_import import Form
    from pgagents.lint.packages.tree import Tree
    from pgagents.verify.wire.mcp_link import Link


_OTHER = {"gpt-builder": "copilot", "copilot": "gpt-builder"}
"""Two importers of OpenAPI documents, each mapped to the other. The version or `--for` chooses one."""
FORMS = ("text", "short", "json", "sarif", "github")
FAIL_ON = ("error", "warning", "note", "never")
_CATALOGUE = re.compile(
    rb"(?:^|\r)(?:\xef\xbb\xbf)?[\"']?pgagents[\"']?[ \t]*:"
    rb"|^api:[\s\S]*^actions:|^actions:[\s\S]*^api:",  # `pgagents: 1` is missing, which the loader says
    re.M,
)


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
    from pgagents.base.errors import InputError
    from pgagents.lint.document import Judged
    from pgagents.lint.importers.gpt_builder_import import Form
    from pgagents.lint.judge import JUDGES

    if judge == "list":
        click.echo("\n".join(f"{name:<18}{title}" for name, title in JUDGES.items()))
        return 0
    if (mcp_url, mcp_stdio) != (None, None):
        if files or only or fix:
            raise click.UsageError(
                "--mcp-url and --mcp-stdio lint a server's tools: give no files, --only or --fix"
            )
        judged = lint_server(mcp_url, mcp_stdio, judge)
    else:
        web_form = Form(public, privacy_policy)
        try:
            judged = _judge_files(files, judge, only, web_form, fix=fix, published=published)
        except InputError as error:
            if form != "json" or error.source is None:
                raise
            _print([Judged(error.source, "catalogue", "Catalogue", tuple(error.diagnostics))], form)
            return error.exit_code
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
    from pgagents.catalogue.load import find_example
    from pgagents.cli.inputs.catalogue import load

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
    from pgagents.base.reading import MAX_BYTES, parse
    from pgagents.base.text import hide_secrets, show_path
    from pgagents.catalogue.load import find_example
    from pgagents.cli.inputs.files import fetch
    from pgagents.lint.document import read

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
        return decode(raw)
    except UnicodeDecodeError:
        return read(raw, file).text


def _choose_judge(source: Source, judge: str | None) -> str:
    """Return the judge that the caller names, or that fits the document.

    Raises PgagentsError for an unknown judge, and for a document that no judge fits.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import did_you_mean
    from pgagents.lint import judge as judges

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
            f"{source.file} is not a document that is known here",
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

    from pgagents.base.errors import PgagentsError
    from pgagents.cli.inputs.catalogue import load_opened
    from pgagents.lint import judge as judges
    from pgagents.lint.document import apply_ignores
    from pgagents.lint.importers.gpt_builder import judge as gpt_builder

    chosen = _choose_judge(source, judge)
    if only and chosen != "catalogue":
        raise PgagentsError(
            "--only chooses among the rules for catalogues", "leave it out for a finished document"
        )
    if chosen in ("gpt-builder", "chatgpt-plugin"):
        one, made = gpt_builder(source, form, plugin=chosen == "chatgpt-plugin")
        return apply_ignores(one), replace(form, domains=form.domains | {made.domain} - {""})
    if chosen == "catalogue":
        return judges.judge_model(load_opened(source), only, date.today()), form
    return apply_ignores(judges.judge(source, chosen, only, date.today())), form


def _fix_file(source: Source, only: tuple[str, ...]) -> Source:
    """Apply every safe fix to the catalogue's file, and return the changed source."""
    from pgagents.base.errors import PgagentsError
    from pgagents.cli.inputs.catalogue import load_opened
    from pgagents.cli.inputs.files import write_both
    from pgagents.lint.judge import is_catalogue
    from pgagents.lint.run import apply_fixes

    if not is_catalogue(source.data):
        raise PgagentsError(
            f"{source.file} is not a catalogue, and only those are changed", "leave out --fix"
        )
    made, count = apply_fixes(source, only, load_opened)
    if count:
        path = Path(source.file)
        if not path.is_file():
            raise PgagentsError(
                f"{source.file} is not a file here, so it cannot be changed", "name the catalogue's file"
            )
        write_both({path: made.text.encode()})
        click.echo(f"{source.file}: {count} change{'s' if count > 1 else ''} made", err=True)
    return made


def _print(judged: list[Judged], form: str) -> None:
    from importlib.metadata import version

    from pgagents.cli.inputs.report_files import colour
    from pgagents.lint.formats import render_github, render_json, render_sarif, render_short, render_text

    if form == "json":
        click.echo(render_json(judged, version("pgagents")))
    elif form == "sarif":
        from pgagents.lint.pages import titles

        click.echo(
            render_sarif(judged, version("pgagents"), titles(d.id for one in judged for d in one.found))
        )
    elif form in ("github", "short"):
        if said := (render_github if form == "github" else render_short)(judged):
            click.echo(said)
    else:
        click.echo(render_text(judged, colour=colour()))


# -- folders, ZIPs and files of packages


_URLS = ("http://", "https://")


def lint_package(file: str, judge: str | None, published: str | None) -> Judged | None:
    """Return a store's verdict on a folder, a ZIP or a file; None if a file is not a part of a package.

    Raises PgagentsError for an unreadable file, or if the store is ambiguous.
    """
    from pgagents.lint.packages.package import list_judges

    chosen = judge if judge in list_judges() else None
    if judge is not None and chosen is None:
        return None
    if chosen is None and file.lower().startswith(_URLS) and not file.lower().endswith(".zip"):
        return None
    old = _open_published(published) if published else None
    if not file.lower().startswith(_URLS) and Path(file).is_dir():
        return _lint_folder(file, chosen, old)
    return _lint_bytes(hide_secrets(file), _read_package(file), chosen, old)


def _read_package(file: str) -> bytes:
    """Return a file's bytes. A ZIP may be larger than a document."""
    from pgagents.base.errors import PgagentsError
    from pgagents.cli.inputs.files import MAX_BYTES, fetch
    from pgagents.lint.packages.verdict import MAX_ARCHIVE, is_archive

    path = Path(file)
    if file.lower().startswith(_URLS) or not path.is_file() or path.stat().st_size <= MAX_BYTES:
        return fetch(file)
    with path.open("rb") as stream:
        raw = stream.read(4)
        if not is_archive(raw):
            return fetch(file)
        raw += stream.read(MAX_ARCHIVE)
    if len(raw) > MAX_ARCHIVE:
        raise PgagentsError(
            f"{file} has more than {MAX_ARCHIVE:,} bytes; that is the most opened", "pack what is needed"
        )
    return raw


def _lint_folder(file: str, judge: str | None, published: Tree | None) -> Judged:
    from pgagents.lint.packages.tree import list_folder
    from pgagents.lint.packages.verdict import detect_tree, judge_path

    chosen = judge or _announce(file, detect_tree(list_folder(file)))
    return judge_path(file, chosen, published=published)


def _lint_bytes(file: str, raw: bytes, judge: str | None, published: Tree | None) -> Judged | None:
    from pgagents.lint.packages.tree import NoZipError
    from pgagents.lint.packages.verdict import detect_tree, is_archive, judge_path, open_archive

    if judge is None and is_archive(raw):
        try:
            judge = _announce(file, detect_tree(open_archive(file, raw)))
        except NoZipError:
            judge = "openai-portal"
    elif judge is None:
        judge = _detect_file(file, raw)
    return judge_path(file, judge, raw, published) if judge else None


def _detect_file(file: str, raw: bytes) -> str | None:
    """Return the judge of one file, by names and members that no other kind of document has."""
    import json

    from pgagents.lint.packages.verdict import detect_file

    name = Path(file).name
    marked = b"$schema" in raw or b"x-ms-agentic-protocol" in raw
    if name != "SKILL.md" and not (name.endswith(".json") and marked):
        return None
    try:
        data = json.loads(raw) if name != "SKILL.md" else None
    except (ValueError, RecursionError):
        return None
    return detect_file(data, name)


def _announce(file: str, judge: str | None) -> str:
    from pgagents.base.errors import PgagentsError
    from pgagents.lint.packages.verdict import OTHERS

    if judge is None:
        raise PgagentsError(
            f"{file} holds no plugin and no skill that is known here",
            "name the folder that holds plugin.json, .claude-plugin or SKILL.md; or give --for NAME",
        )
    if judge in OTHERS:
        click.echo(f"{file}: judged as {judge} takes it; --for {OTHERS[judge]} for the other", err=True)
    return judge


def _open_published(path: str) -> Tree:
    from pgagents.base.errors import PgagentsError
    from pgagents.lint.packages.tree import NoZipError, list_folder
    from pgagents.lint.packages.verdict import open_archive

    if Path(path).is_dir():
        return list_folder(path)
    try:
        return open_archive(hide_secrets(path), _read_package(path))
    except NoZipError as error:
        raise PgagentsError(
            f"--published {hide_secrets(path)}: it is neither a folder nor a ZIP ({error})",
            "name the published package",
        ) from None


# -- tools that a running MCP server lists


STORES = ("openai-portal", "claude-directory")
"""Judges of packages that also judge the tools of a plugin's server."""
_TOLD_BY_VENDORS = "tool_words/name/"
"""Beginning of the ids of contracts whose findings the vendors' own judges report."""


def lint_server(url: str | None, command: str | None, only: str | None) -> list[Judged]:
    """Return the findings of MCP clients and of each vendor, or of one judge, about a server's tools.

    Raises SetupError if the server does not open, PgagentsError for a wrong URL, command or judge.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import did_you_mean
    from pgagents.lint.judge import ALIASES
    from pgagents.lint.packages.verdict import judge_source
    from pgagents.lint.tools.tool_judge import list_judges
    from pgagents.lint.tools.verdict import judge_server

    companions.check_one(url, command)
    companions.check_address(url, command)
    only = ALIASES.get(only or "", only)
    if only is not None and only not in list_judges() and only not in STORES:
        raise PgagentsError(
            f"`{only}` judges no tools of an MCP server", did_you_mean(only, [*list_judges(), *STORES])
        )
    with open_server(url, command) as link:
        model = make_model(link)
        if only in STORES:
            return [judge_source(model.source, only)]
        return judge_server(model.source, find_broken(model, link), only, companions.mask(link.base))


def find_broken(model: Model, link: Link) -> list[Diagnostic]:
    """Return problems that are visible in the definitions alone.

    Violations of the protocol are errors, others are warnings.
    """
    from pgagents.base.errors import Diagnostic
    from pgagents.report.contract import Verdict
    from pgagents.verify.check_registry import collect_of_tools
    from pgagents.verify.judgement import Judgement
    from pgagents.verify.setting import setting_of
    from pgagents.verify.wire.asking import answering

    setting = replace(setting_of(model, link.base), mcp=link)
    found = []
    for check in collect_of_tools().values():
        contracts = {c.id: c for c in check.promises(setting)}
        for probe in check.list_probes(setting, frozenset()):
            steps: list[Judgement] = []
            if probe.cost == 0:
                with answering(steps.append):
                    probe.run()
            for step in steps:
                if step.verdict is not Verdict.BROKEN:
                    continue
                if step.contract.startswith(_TOLD_BY_VENDORS):
                    continue
                contract = contracts[step.contract]
                span = model.source.locate(contract.origin)
                said = f"{contract.says}: {step.actual}"
                id = f"{contract.check}/{contract.detail.partition('/')[0]}"
                severity: Severity = "warning" if contract.advice else "error"
                found.append(
                    Diagnostic(span, id, severity, said, f"expected: {step.expected}", contract.cite)
                )
    return found
