"""`pgagents verify`: proves every contract of a catalogue on a running server."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pgagents.cli.inputs import report_files, verification
from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.files import ending_after
from pgagents.cli.inputs.options import PASSED, examples
from pgagents.cli.inputs.verification import CommandLine, VerifyCommand, verify_options

if TYPE_CHECKING:
    from pgagents.cli.inputs.report_files import Output
    from pgagents.cli.inputs.server import Target
    from pgagents.cli.running.app import App
    from pgagents.client.environment import CommandSecrets
    from pgagents.report.report import RecordedExchange
    from pgagents.verify.plan.options import Options
    from pgagents.verify.run.journal import JournalFile

_ALONE = ("operator",)
"""Identities whose calls change the answers for other callers. The operator's clock is global."""


@click.command(
    cls=VerifyCommand,
    short_help="Prove every contract on a running server.",
    epilog=examples(
        (
            "an app that serves its own document, started for the run",
            "pgagents verify --openapi /openapi.json --start 'uvicorn app:app --port {port}' --allow-writes",
        ),
        (
            "a running server by its OpenAPI document; it is only read",
            "pgagents verify --openapi openapi.json --url http://127.0.0.1:8000",
        ),
        (
            "by ./pgagents.yaml, in CI",
            "pgagents verify --url https://staging.example.com --report report.xml",
        ),
    ),
    more=examples(
        (
            "the same where the document does not say which key calls have",
            "pgagents verify --openapi openapi.json --url http://127.0.0.1:8000 --auth header:X-API-Key",
        ),
        ("what would be sent", "pgagents verify --url https://staging.example.com --plan"),
        (
            "the second of four machines; `pgagents report merge` joins them",
            "pgagents verify --env staging.yaml --shard 2/4 --report 2.json",
        ),
        (
            "the documents that anyone can fetch, without a key",
            "pgagents verify --url https://api.example.com --discovery",
        ),
        (
            "the MCP server too, compared with REST",
            "pgagents verify --env staging.yaml --mcp-stdio 'pgagents mcp'",
        ),
        (
            "anybody's MCP server, by the protocol and its own schemas; only tools that read are called",
            "pgagents verify --mcp-stdio 'uvx mcp-server-time'",
        ),
        (
            "for a strict CI: what could not be tried fails too",
            "pgagents verify --openapi openapi.json --url http://127.0.0.1:8000 --fail-on not-tried",
        ),
        ("one promise again", "pgagents verify --env staging.yaml --only law/payout --seed 7"),
        title="More examples",
    ),
)
@verify_options
def command(**given: Any) -> int:
    """Prove every contract of the CATALOGUE, or of an OpenAPI document, on a running server.
    The key comes from PGAGENTS_TOKEN, or is asked for; it is never an argument.

    \b
    Exit code:
      0  nothing found          2  wrong usage, or a wrong key
      1  something found        4  an error of pgagents itself
      3  no API there, ended early, or could not try what your catalogue promises
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.cli.inputs.files import keep_out_of_here
    from pgagents.verify.wire.lease import Lease, holding

    line = CommandLine.read(given)
    keep_out_of_here()
    if line.files.lease is None:
        return _verify(line)
    lease = Lease(line.files.lease)
    with holding(lease):
        lease.check()
        try:
            return _verify(line)
        except PgagentsError:
            lease.check()  # what fails once the lease has ended fails for that reason
            raise


def _verify(line: CommandLine) -> int:
    """Do what the options ask for. Return the exit code."""
    if line.has_mcp and not line.has_api:
        return _verify_tools(line)
    if line.start is None:
        return _verify_api(replace(line, url=line.url or _find_url_of_tools(line)), None)
    return _verify_started(line)


def _verify_started(line: CommandLine) -> int:
    """Start the app, and verify it, or print its plan. Return the exit code."""
    from pgagents.cli.running.app import starting_of

    line.reporting.check(only_plan=line.extent.only_plan)
    with starting_of(line) as (there, app):
        return _verify_api(there, app)


def _verify_api(line: CommandLine, app: App | None) -> int:
    """Verify an API, or print its plan. `app` is its process, if this command started it.

    Return the exit code.
    """
    from pgagents.cli.inputs import companions, server
    from pgagents.cli.inputs.report_files import find_memory

    server.check(line.url, line.description)
    extent, selection = line.extent, line.selection
    selection.refuse_beside_shards({"--limits": extent.limits, "--exclusive": extent.exclusive})
    line.reporting.check(only_plan=extent.only_plan)
    output = line.make_output()
    began = time.monotonic()
    with ending_after(line.max_time):
        model = line.load_model((app.served, "--start", app.name) if app is not None and app.served else None)
    loaded_s = time.monotonic() - began
    there = server.target(
        model,
        line.url,
        line.cacert,
        line.description,
        line.servers,
        (line.cert, line.cert_key),
    )
    options = line.make_options(there.model).after(loaded_s)
    memory = find_memory(there.model, app.name if app is not None else there.url)
    options = selection.apply(there.model, options, memory, discovery=extent.discovery)
    companions.check(there.model, line.mcp_url, line.mcp_stdio, discovery=extent.discovery)
    secrets = server.command_secrets(there.model, there.env.commands, line.identity)
    keys = {} if extent.discovery else _find_keys(line, there, secrets)
    selection.refuse_beside_shards({f"--identity {role}": role in keys for role in _ALONE})
    if extent.only_plan:
        return _show_plan(line, there, options, keys)
    output = replace(output, again=_again(), memory=memory)
    return _send(line, there, options, keys, None if extent.discovery else secrets, output, app)


def _find_keys(line: CommandLine, there: Target, secrets: CommandSecrets | None) -> dict[str, str]:
    from pgagents.cli.inputs import server

    return server.keys(
        there.model, line.identity, there.env.identities, ask=not line.extent.only_plan, secrets=secrets
    )


def _send(
    line: CommandLine,
    there: Target,
    options: Options,
    keys: Mapping[str, str],
    secrets: CommandSecrets | None,
    output: Output,
    app: App | None,
) -> int:
    """Verify with the receiver and the MCP server of the command line. Return the exit code."""
    from pgagents.cli.inputs import companions, server
    from pgagents.cli.running import run

    named = {} if secrets is None else server.name_variables(there.model, line.identity, there.env.identities)
    named = {role: name for role, name in named.items() if name != server.token_variable(role)}
    with (
        _open_journal(line.files.journal, there, app) as journal,
        _open_log(line.files.log) as log,
        companions.receiving(line.beside.receiver, line.beside.receiver_port) as inbox,
        companions.open_link(there, line.mcp_url, line.mcp_stdio, keys) as link,
    ):
        aids = run.Aids(
            secrets,
            inbox,
            link,
            companions.token(line.mcp_url),
            app=app,
            journal=journal,
            log=log,
            variables=named,
        )
        return run.run(there, keys, options, output, aids)


@contextmanager
def _open_log(path: Path | None) -> Iterator[Callable[[RecordedExchange], None] | None]:
    """Yield what writes an exchange into a new file, which only the user reads."""
    from pgagents.base.errors import PgagentsError
    from pgagents.report.formats.json import exchange

    if path is None:
        yield None
        return
    try:
        path.unlink(missing_ok=True)  # a link that stands there is replaced, not followed
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise PgagentsError(
            f"--log {path}: it cannot be written: {error.strerror}", "name another file"
        ) from None
    with os.fdopen(number, "w", encoding="utf-8", errors="replace") as file:

        def write(one: RecordedExchange) -> None:
            file.write(json.dumps(exchange(one), ensure_ascii=True) + "\n")
            file.flush()

        yield write


@contextmanager
def _open_journal(path: Path | None, there: Target, app: App | None) -> Iterator[JournalFile | None]:
    """Yield the run's journal. An app that this command started has another port each time, so its command
    names it. Raises PgagentsError.
    """
    if path is None:
        yield None
        return
    from pgagents.base.text import hide_in_text
    from pgagents.verify.run.journal import JournalFile, read_key

    target = hide_in_text(there.url if app is None else f"--start {app.name}")
    journal = JournalFile(path, target, f"{there.model.api.id or there.model.api.title}", read_key())
    try:
        yield journal
    finally:
        journal.close()


def _find_url_of_tools(line: CommandLine) -> str | None:
    """Return an address for a catalogue whose actions only an MCP server offers, so that --url may be
    missing.

    Nothing is sent there. None for any other catalogue.
    """
    from pgagents.cli.inputs import server
    from pgagents.cli.inputs.document import is_document

    if line.catalogue is None or line.description is not None or not line.has_mcp:
        return None
    if is_document(line.catalogue):
        return None
    return server.find_unsent_url(load(line.catalogue))


def _verify_tools(line: CommandLine) -> int:
    from pgagents.cli.running import tools

    verification.refuse_without_catalogue()
    line.reporting.check(only_plan=line.extent.only_plan)
    output = replace(line.make_output(), again=_again())
    return tools.run(
        line.mcp_url,
        line.mcp_stdio,
        line.make_tool_options(),
        output,
        cacert=line.cacert,
        only_plan=line.extent.only_plan,
        last_failed=line.selection.last_failed,
    )


def _show_plan(line: CommandLine, there: Target, options: Options, keys: Mapping[str, str]) -> int:
    """Print the plan, and write it into report files."""
    from pgagents.cli.inputs import companions
    from pgagents.cli.running import plan
    from pgagents.verify.plan.options import Identities

    receiver = companions.make_plan_receiver(line.beside.receiver)
    link = companions.make_plan_link(line.mcp_url, line.mcp_stdio)
    identities = Identities(keys, oauth=there.env.oauth, servers=there.servers)
    text, make_json = plan.render_plan(
        there.model, options, identities, there.url, there.plain_url, receiver, link
    )
    try:
        report_files.write_data(line.reporting.reports, text, make_json)
    finally:
        click.echo(text)
    return 0


def _again() -> str:
    """Return this command line without options that write files or select contracts, and without the seed.

    The report adds contract and seed.
    """
    context = click.get_current_context()
    words = ["pgagents verify"]
    once = {field.name for group in verification.OF_ONE_RUN for field in fields(group)}
    for param in context.command.params:
        name = str(param.name)
        given = context.params.get(name, context.meta.get(PASSED) if name == "pass_env" else None)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in once:
            continue
        flag = [param.opts[0]] if isinstance(param, click.Option) else []
        values = [] if given is True else given if isinstance(given, tuple) else [given]
        words += flag if given is True else [word for value in values for word in (*flag, quote(str(value)))]
    return " ".join(words)
