"""Verify an MCP server by its own list of tools, without a catalogue."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs import companions, report_files, verification
from pgagents.cli.inputs.tools import make_model, open_server
from pgagents.cli.running import progress
from pgagents.cli.running.progress import FirstLines
from pgagents.cli.running.run import heeding, signals, wall

if TYPE_CHECKING:
    from pgagents.base.http import Request, Response, Silence
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.report_files import Output
    from pgagents.report.report import Report
    from pgagents.verify.plan.options import Options, Progress
    from pgagents.verify.run.course import Companion
    from pgagents.verify.wire.mcp_link import Link

REQUESTS, REQUESTS_PER_TOOL = 60, 20
"""Most requests of a run, and the number that each tool adds."""


def run(
    url: str | None,
    command: str | None,
    options: Options,
    output: Output,
    *,
    cacert: Path | None,
    only_plan: bool = False,
    last_failed: bool = False,
) -> int:
    """Verify the server, write the report files, print the report. Return the exit code.

    With `only_plan`, the planned requests are printed, and no tool is called. `last_failed` selects what
    failed in the last run against this server. Raises SetupError if the server does not open, PgagentsError
    for a wrong URL, command or selection.
    """
    from pgagents.report.formats.text import STOPPED

    companions.check_one(url, command)
    companions.check_address(url, command)
    click.echo("note: no --url and no catalogue: the MCP server is judged by its own list of tools", err=True)
    began = time.monotonic()
    try:
        with open_server(url, command, cacert=cacert, options=options) as link, signals() as stop:
            model = make_model(link)
            verification.check_selection(model, options, link)
            memory = report_files.find_memory(model, link.base)
            if last_failed:
                options = verification.select_failed(model, options, memory, mcp=link)
            if only_plan:
                return _show_plan(model, link, options, output)
            tell = FirstLines(model.source, link.base, output.baseline or ())
            options = replace(options, accepted=tell.accepted).after(time.monotonic() - began)
            with progress.progress(tell) as step:
                stop.running = True
                report = verify_tools(model, link, options, heeding(stop, step))
                stop.running = False
    except KeyboardInterrupt:
        raise click.Abort from None
    report_files.remember(memory, report)
    report = report_files.add_origin(report, output)
    code = report_files.publish(report, model.source, output, stopped=stop.asked)
    return STOPPED if stop.asked else code


def verify_tools(
    model: Model,
    link: Link,
    options: Options,
    step: Callable[[Progress], None] | None = None,
    companion: Companion | None = None,
) -> Report:
    """Verify the server behind an open link whose tools have been read."""
    from pgagents.verify.plan.options import Identities
    from pgagents.verify.run.run import verify

    token = companions.token(link.url or None)
    return verify(
        model,
        _nowhere,
        Identities({}, (*([token] if token else []), *companions.list_secrets())),
        _bound(link, options),
        clock=time.time,
        sleep=time.sleep,
        wall=wall,
        url=link.base,
        on_progress=step,
        mcp=link,
        companion=companion,
    )


def _bound(link: Link, options: Options) -> Options:
    """Return the options with a maximum of requests, by the number of tools."""
    assert link.listing is not None
    if options.max_requests is not None:
        return options
    return replace(options, max_requests=REQUESTS + REQUESTS_PER_TOOL * len(link.listing.tools))


def _show_plan(model: Model, link: Link, options: Options, output: Output) -> int:
    """Print the plan, and write it into report files."""
    from pgagents.cli.inputs import report_files
    from pgagents.cli.running import plan
    from pgagents.verify.plan.options import Identities

    bounded = _bound(link, options)
    text, make_json = plan.render_plan(model, bounded, Identities(), link.base, "", None, link)
    try:
        report_files.write_data(output.reports, text, make_json)
    finally:
        click.echo(text)
    return 0


def _nowhere(_request: Request) -> Response | Silence:
    """Refuse every request to an API, because there is none."""
    from pgagents.base.http import Silence

    return Silence("refused", "there is no API beside the MCP server")
