"""`pgagents skills`: holds each SKILL.md of a folder to a server, and names each line that is not so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs.options import AUTH_HELP, BASE_PATH_HELP, examples
from pgagents.cli.running import guard

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.submit.skills.claims import Claim
    from pgagents.submit.skills.files import Outcome, SkillFolder
    from pgagents.submit.skills.report import SkillsReport
    from pgagents.submit.skills.words import Vocabulary


@click.command(
    short_help="Hold each SKILL.md of a folder to a running server.",
    epilog=examples(
        (
            "a plugin's skills, by ./pgagents.yaml and its MCP server",
            "pgagents skills plugin/ --url https://staging.example.com --mcp-stdio 'pgagents mcp'",
        ),
        (
            "skills about an API that an OpenAPI document describes",
            "pgagents skills .claude/skills --openapi openapi.json --url http://127.0.0.1:8000",
        ),
        (
            "skills about anybody's MCP server, by its own list of tools",
            "pgagents skills .claude/skills --mcp-url https://mcp.example.com/mcp",
        ),
        ("without a server: the names alone", "pgagents skills plugin/ shop.yaml"),
    ),
)
@click.argument("named", metavar="DIR")
@guard.server_options
@click.option("--openapi", metavar="FILE|URL", help="An OpenAPI or Swagger document, without a catalogue.")
@click.option("--auth", metavar="SCHEME", help=AUTH_HELP)
@click.option("--base-path", metavar="PATH", help=BASE_PATH_HELP)
@click.option("--strict", is_flag=True, help="Count what is only inferred from a text (`odd`) as broken.")
def command(**given: Any) -> int:
    """Call the server as each SKILL.md in DIR says: its tools, arguments, written calls, steps and errors.

    DIR is a skill's folder, a folder of skills, a plugin (also as a ZIP), or one file. What is read
    names a tool or an argument in code marks; other words in code are listed as not claimed.

    \b
    Exit code:
      0  all that was shown is so     2  wrong usage, or a skill that cannot be read
      1  something is not so          3  nothing was shown, or the run ended early
    """
    from pgagents.cli.inputs.files import keep_out_of_here

    keep_out_of_here()
    return run(_Line(**given))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line(guard.Line):
    """The values of all options, each under its parameter's name."""

    strict: bool


def run(line: _Line) -> int:
    """Hold the skills to the server, and print the outcomes. Return the exit code.

    Raises PgagentsError, InputError, UsageError and SetupError.
    """
    from pgagents.cli.running.app import starting_of
    from pgagents.submit.skills.files import read_folder

    folder = read_folder(line.named)
    if line.has_mcp and not line.has_api:
        return _show(line, _hold_to_tools(line, folder))
    with starting_of(line) as (there, _):
        report = _hold_to_api(there, folder)
    return _show(line, report)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """The claims of skills that calls show, and the outcomes that need no call."""

    claims: tuple[Claim, ...]
    outcomes: tuple[Outcome, ...]


def _find_claims(folder: SkillFolder, words: Vocabulary) -> _Claimed:
    from pgagents.submit.skills.claims import find_claims
    from pgagents.submit.skills.files import judge_files, judge_indexes

    outcomes = list(judge_indexes(folder))
    claims: list[Claim] = []
    for skill in folder.skills:
        of_skill = find_claims(folder, skill, words)
        claims += of_skill.claims
        outcomes += [*of_skill.outcomes, *judge_files(folder, skill)]
    return _Claimed(tuple(claims), tuple(outcomes))


def _hold_to_api(line: _Line, folder: SkillFolder) -> SkillsReport:
    """Hold the skills to an API and its MCP server; without an address, to the catalogue alone."""
    from pgagents.cli.inputs.verification import actions
    from pgagents.submit.skills.words import read_model

    model = line.load_model()
    if line.url is None and line.description is None and not line.has_mcp:
        return _hold_to_manifest(folder, model)
    there = guard.find_target(line, model)
    allow = actions(there.model, line.allow)
    with guard.reach_api(line, there) as server:
        listed = guard.read_tools_of(server.link) if server.link is not None else None
        return _call(line, folder, server, read_model(there.model, listed, there.url), allow)


def _hold_to_manifest(folder: SkillFolder, model: Model) -> SkillsReport:
    """Judge what the catalogue alone shows."""
    from pgagents.submit.skills.trial import NO_SERVER
    from pgagents.submit.skills.words import read_model

    claimed = _find_claims(folder, read_model(model, None, None))
    untried = tuple(claim.conclude("untested", NO_SERVER) for claim in claimed.claims)
    server = f"{model.source.file}, and no server"
    return _make_report(folder, server, (*claimed.outcomes, *untried), None)


def _hold_to_tools(line: _Line, folder: SkillFolder) -> SkillsReport:
    from pgagents.cli.inputs.tools import find_info
    from pgagents.submit.skills.words import read_listed

    options = guard.make_options(line, line.allow, guard.NOTHING, "skills")
    with guard.reach_tools(line, options) as server:
        assert server.link is not None
        assert server.link.listing is not None
        listed = {name: tool for _, name, tool in server.link.listing.named}
        words = read_listed(listed, str(find_info(server.link).get("name") or ""))
        return _call(line, folder, server, words, line.allow)


def _call(
    line: _Line, folder: SkillFolder, server: guard.Reached, words: Vocabulary, allow: Sequence[str]
) -> SkillsReport:
    """Try the claims of the skills on a server."""
    from pgagents.submit.skills.served import judge_served
    from pgagents.submit.skills.trial import SkillTrial

    claimed = _find_claims(folder, words)
    trial = SkillTrial(claimed.claims, server.model)
    ended = server.call(trial, guard.make_options(line, allow, guard.NOTHING, "skills"))
    served = tuple(judge_served(server.link, folder)) if server.link is not None else ()
    return _make_report(folder, server.base, (*claimed.outcomes, *served, *trial.conclude()), ended)


def _make_report(
    folder: SkillFolder, server: str, outcomes: Sequence[Outcome], ended: guard.Ended | None
) -> SkillsReport:
    from pgagents.submit.skills.report import SkillsReport

    files = tuple(dict.fromkeys([*(skill.shown for skill in folder.skills), *(o.file for o in outcomes)]))
    plain = SkillsReport(folder.named, server, files, tuple(outcomes))
    same = (f"{folder.same} equal copies of these skills were left out",) if folder.same else ()
    if ended is None:
        return replace(plain, notes=same)
    return replace(
        plain,
        called=bool(ended.footer.requests),
        requests=ended.footer.requests,
        complete=ended.is_complete,
        notes=(*same, *ended.list_notes()),
        left=ended.list_left(),
    )


def _show(line: _Line, report: SkillsReport) -> int:
    from pgagents.submit.skills.report import make_data, render_text

    line.print_outcomes(partial(make_data, report), partial(render_text, report), report.left)
    return report.find_code(strict=line.strict)
