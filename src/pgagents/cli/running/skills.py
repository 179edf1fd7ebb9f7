"""Hold the skills of a folder to a running server: a catalogue's, a document's, or an MCP server's alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.verification import CommandLine
from pgagents.cli.running.listing import STOPPED_EARLY, Ended, print_outcomes, read_tools_of

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.submit.skills.claims import Claim
    from pgagents.submit.skills.files import Outcome, SkillFolder
    from pgagents.submit.skills.report import SkillsReport
    from pgagents.submit.skills.words import Vocabulary
    from pgagents.verify.plan.options import Options
    from pgagents.verify.wire.mcp_link import Link

OPTIONS = (
    "skills", "as_json", "strict", "url", "start", "openapi", "auth", "base_path", "catalogue",
    "description", "servers", "cert", "cert_key", "max_time", "max_wait", "seed", "day", "identity", "cacert",
    "allow_writes", "allow", "reads", "acts", "mcp_url", "mcp_stdio", "pass_env",
)  # fmt: skip
"""Options that --skills accepts."""
CHOSEN = ("--skills",)
"""The selection of a run's contracts: none, as the claims of skills are all that is tried."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """The claims of skills that calls show, and the outcomes that need no call."""

    claims: tuple[Claim, ...]
    outcomes: tuple[Outcome, ...]


def run(line: CommandLine) -> int:
    """Hold the skills to the server, and print the outcomes. Return the exit code.

    Raises PgagentsError, InputError, UsageError and SetupError.
    """
    from pgagents.cli.running.app import starting_of
    from pgagents.submit.skills.files import read_folder

    assert line.skills is not None
    folder = read_folder(line.skills)
    if line.has_mcp and not line.has_api:
        return _show(line, _hold_to_tools(line, folder))
    with starting_of(line) as (there, _):
        report = _hold_to_api(there, folder)
    return _show(line, report)


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


# -- a catalogue or a document


def _hold_to_api(line: CommandLine, folder: SkillFolder) -> SkillsReport:
    """Hold the skills to an API and its MCP server; without an address, to the catalogue alone."""
    from pgagents.cli.inputs.document import load_api
    from pgagents.cli.inputs.server import find_unsent_url

    model = load_api(
        line.catalogue,
        line.openapi,
        line.auth,
        line.base_path,
        reads=line.reads,
        acts=line.acts,
        url=line.url,
    )
    url = line.url
    if url is None and line.has_mcp and line.description is None:
        url = find_unsent_url(model)
    if url is None and line.description is None and not line.has_mcp:
        return _hold_to_manifest(folder, model)
    return _call_api(replace(line, url=url), folder, model)


def _hold_to_manifest(folder: SkillFolder, model: Model) -> SkillsReport:
    """Judge what the catalogue alone shows."""
    from pgagents.submit.skills.trial import NO_SERVER
    from pgagents.submit.skills.words import read_model

    claimed = _find_claims(folder, read_model(model, None, None))
    untried = tuple(claim.conclude("untested", NO_SERVER) for claim in claimed.claims)
    server = f"{model.source.file}, and no server"
    return _make_report(folder, server, (*claimed.outcomes, *untried), None)


def _call_api(line: CommandLine, folder: SkillFolder, model: Model) -> SkillsReport:
    from pgagents.cli.inputs import companions, report_files, server
    from pgagents.cli.running import run as running
    from pgagents.submit.skills.served import judge_served
    from pgagents.submit.skills.trial import SkillTrial
    from pgagents.submit.skills.words import read_model

    server.check(line.url, None, line.description)
    there = server.target(
        model, line.url, None, line.cacert, line.description, line.servers, (line.cert, line.cert_key)
    )
    companions.check(there.model, line.mcp_url, line.mcp_stdio, discovery=False)
    secrets = server.command_secrets(there.model, there.env.commands, line.identity)
    keys = server.keys(there.model, line.identity, there.env.identities, ask=True, secrets=secrets)
    ended = Ended()
    with companions.open_link(there, line.mcp_url, line.mcp_stdio, keys) as link:
        listed = read_tools_of(link) if link is not None else None
        claimed = _find_claims(folder, read_model(there.model, listed, there.url))
        trial = SkillTrial(claimed.claims, there.model)
        aids = running.Aids(secrets, None, link, companions.token(line.mcp_url), companion=trial)
        options = replace(line.make_options(there.model), only=CHOSEN, only_said="--skills")
        running.run(there, keys, options, report_files.Output(), aids, show=ended.keep)
        served = tuple(judge_served(link, folder)) if link is not None else ()
        base = f"{there.url} and {link.base}" if link is not None else there.url
    return _make_report(folder, base, (*claimed.outcomes, *served, *trial.conclude()), ended)


# -- an MCP server that no catalogue describes


def _hold_to_tools(line: CommandLine, folder: SkillFolder) -> SkillsReport:
    """Hold the skills to an MCP server by its own list of tools."""
    from pgagents.cli.inputs import companions
    from pgagents.cli.inputs.tools import make_model, open_server
    from pgagents.cli.running.run import signals
    from pgagents.cli.running.tools import verify_tools
    from pgagents.submit.skills.served import judge_served
    from pgagents.submit.skills.trial import SkillTrial
    from pgagents.submit.skills.words import read_listed

    companions.check_one(line.mcp_url, line.mcp_stdio)
    companions.check_address(line.mcp_url, line.mcp_stdio)
    options: Options = replace(line.make_tool_options(), only=CHOSEN, only_said="--skills")
    ended = Ended()
    try:
        with (
            open_server(line.mcp_url, line.mcp_stdio, cacert=line.cacert, options=options) as link,
            signals() as stop,
        ):
            assert link.listing is not None
            model = make_model(link)
            listed = {name: tool for _, name, tool in link.listing.named}
            claimed = _find_claims(folder, read_listed(listed, _find_name(link)))
            trial = SkillTrial(claimed.claims, model)
            stop.running = True
            report = verify_tools(model, link, options, companion=trial)
            stop.running = False
            ended.keep(report, stop.asked)
            served = tuple(judge_served(link, folder))
            base = link.base
    except KeyboardInterrupt:
        raise click.Abort from None
    return _make_report(folder, base, (*claimed.outcomes, *served, *trial.conclude()), ended)


def _find_name(link: Link) -> str:
    """Return the name that a server gives itself; empty if it gives none."""
    from pgagents.cli.inputs.tools import find_info

    return str(find_info(link).get("name") or "")


# -- the report


def _make_report(
    folder: SkillFolder, server: str, outcomes: Sequence[Outcome], ended: Ended | None
) -> SkillsReport:
    from pgagents.submit.skills.report import SkillsReport

    files = tuple(dict.fromkeys([*(skill.shown for skill in folder.skills), *(o.file for o in outcomes)]))
    plain = SkillsReport(folder.named, server, files, tuple(outcomes))
    same = (f"{folder.same} equal copies of these skills were left out",) if folder.same else ()
    report = ended.report if ended is not None else None
    if ended is None or report is None:
        return replace(plain, notes=same)
    footer = report.footer
    early = (STOPPED_EARLY,) if ended.stopped else () if footer.complete else footer.notes[:2]
    return replace(
        plain,
        called=bool(footer.requests),
        requests=footer.requests,
        complete=footer.complete and not ended.stopped,
        notes=(*same, *early),
        left=(*footer.left_behind, *footer.may_exist, *footer.lasting),
    )


def _show(line: CommandLine, report: SkillsReport) -> int:
    """Print the outcomes. Return the exit code."""
    from pgagents.submit.skills.report import make_data, render_text

    make = partial(make_data, report) if line.as_json else None
    print_outcomes(make, partial(render_text, report), report.left)
    return report.find_code(strict=line.strict)
