"""One verification from the command line: signals, progress, the printed report, the report files."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.running import last, preflight, progress, report_files, report_output
from pgagents.cli.running.first_lines import FirstLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgagents.client.secret_command import CommandSecrets
    from pgagents.http import Handler
    from pgagents.model.model import Model
    from pgagents.report.baseline import Line
    from pgagents.report.report import Report
    from pgagents.tls import CertificateFiles
    from pgagents.verify.plan.options import Options, Progress
    from pgagents.verify.run.companion import Companion
    from pgagents.verify.wire.mcp.link import Link
    from pgagents.verify.wire.oauth import OAuthClient
    from pgagents.verify.wire.receiver import Inbox


STOPPING = b"stopping, undoing what was made; once more leaves it behind\n"


@dataclass(slots=True)
class _Stop:
    """`asked` is True once a signal ended the run; `running` is True while there are instances to undo."""

    asked: bool = False
    running: bool = False


def run(
    model: Model,
    url: str,
    keys: Mapping[str, str],
    options: Options,
    *,
    cacert: Path | None,
    reports: tuple[Path, ...],
    plain_url: str = "",
    headers: Mapping[str, str] | None = None,
    again: str = "",
    baseline: Sequence[Line] | None = None,
    memory: Path | None = None,
    oauth: OAuthClient | None = None,
    commands: CommandSecrets | None = None,
    receiver: Inbox | None = None,
    mcp: Link | None = None,
    token: str = "",
    verbose: bool = False,
    servers: Mapping[str, str] | None = None,
    certificate: CertificateFiles | None = None,
    companion: Companion | None = None,
    show: Callable[[Report, bool], int] | None = None,
) -> int:
    """Verify, write the report files, print the report on stdout; return the exit code.

    Findings are also printed on stderr, a line each, as soon as they are made.

    `headers` go with every request and into no report. `again` is the command line that repeats the run.
    `baseline` lists accepted findings. Failed contracts are stored in the file `memory`. `oauth` is a client
    to act as. `commands` renews keys. `receiver` gets events. `mcp` is the link to an MCP server, and `token`
    its token. `verbose` prints how many contracts each exchange was judged for. `servers` are the addresses
    of the API's other servers. `certificate` is the client certificate. `companion` goes along with the run.
    `show` takes the report, and True if a signal ended the run, in place of writing and printing it.
    """
    from pgagents.report.formats.text import STOPPED
    from pgagents.tls import make_foreign_context
    from pgagents.verify.plan.options import USUAL_WORKERS, Identities
    from pgagents.verify.run.redaction.redact import Redactor
    from pgagents.verify.run.run import verify
    from pgagents.verify.wire.send import Client

    workers = options.workers or USUAL_WORKERS
    others, trust = tuple((servers or {}).values()), str(cacert) if cacert else None
    common: dict[str, Any] = {"cacert": trust, "workers": workers, "servers": others}
    handler = Client(url, headers=headers, certificate=certificate, **common)
    plain = Client(plain_url, workers=workers) if plain_url else None
    hidden = (*_secrets(headers or {}), *([token] if token else []))
    bare = Client(url, certificate=certificate, **common) if headers else None
    strangers: dict[str, Handler] = {}
    if certificate is not None and url.startswith("https:"):
        foreign = make_foreign_context(trust)
        strangers = {
            "none": Client(url, headers=headers, **common),
            "other": Client(url, headers=headers, context=foreign, **common),
        }

    def other(base: str) -> Handler:
        return Client(
            base,
            cacert=trust if base.startswith("https:") else None,
            certificate=certificate if base.startswith("https:") else None,
            headers=headers if base.startswith(url[:5]) else None,
        )

    def reach(base: str) -> Handler:
        secure = base.startswith("https:")
        return Client(base, cacert=trust if secure else None, certificate=certificate if secure else None)

    with signals() as stop:
        try:
            options = preflight.check_server(model, url, handler, other, keys, options, hidden, reach)
            preflight.check_other_servers(servers or {}, reach)
        except KeyboardInterrupt:
            raise click.Abort from None
    tell = FirstLines(model.source, url, baseline or ()) if show is None else None
    with signals() as stop, progress.progress(tell) as step:
        stop.running = True
        report = verify(
            model,
            handler,
            Identities(keys, hidden, oauth, reach, commands, strangers, servers or {}),
            options,
            clock=time.time,
            sleep=time.sleep,
            wall=wall,
            url=url,
            on_progress=heeding(stop, step),
            plain=plain,
            plain_url=plain_url,
            receiver=receiver,
            mcp=mcp,
            bare=bare,
            companion=companion,
        )
        stop.running = False
    if show is not None:
        return show(report, stop.asked)
    again = Redactor(keys, (), hidden, model=model).text(again)  # the command of an MCP server may hold a key
    report = replace(
        report,
        header=replace(
            report.header, again=again, in_repository=report_files.in_repository(report.header.catalogue)
        ),
    )
    if gains := list(getattr(model.source, "gains", ())):
        masked = Redactor(keys, (), hidden, model=model).text  # a URL of a document may hold a key
        report = replace(report, footer=replace(report.footer, gains=tuple(map(masked, gains))))
    if memory is not None:
        last.remember(memory, report)
    if baseline is not None:
        report = _apply_baseline(report, baseline)
    try:
        report_files.write(reports, report, model.source)
    finally:
        report_output.show(report, model.source, stopped=stop.asked, verbose=verbose)
    return STOPPED if stop.asked else report.exit_code


def _apply_baseline(report: Report, baseline: Sequence[Line]) -> Report:
    """Return the report with the findings that the baseline accepts today marked as known."""
    from datetime import datetime

    from pgagents.report.baseline import apply

    return apply(report, baseline, datetime.now(UTC).date())


def _secrets(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of headers that no report may contain: all but those of Accept headers, whose
    words are common.
    """
    return tuple(value for name, value in headers.items() if not name.lower().startswith("accept"))


def wall() -> str:
    """Return the current time as RFC 3339 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def version() -> str:
    """Return the installed version of pgagents."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("pgagents")
    except PackageNotFoundError:
        return "0+unknown"


def heeding(stop: _Stop, step: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Return the step with a second check for the signal, whose first exception a library's callback may
    have lost.
    """
    from pgagents.verify.plan.options import FINISHING

    def step_or_stop(now: Progress) -> None:
        if stop.asked and now.doing != FINISHING and not now.waiting_s:
            raise KeyboardInterrupt
        step(now)

    return step_or_stop


@contextmanager
def signals(*, hangup: bool = False) -> Iterator[_Stop]:
    """End the run on SIGTERM as on Ctrl-C: clean up, then report; with `hangup` also when the terminal
    closes.
    """
    stop = _Stop()

    def request_stop(_number: int, _frame: Any) -> None:
        if stop.running and not stop.asked:
            os.write(2, STOPPING)  # no buffer of Python's, which may be in the middle of something
        stop.asked = True
        raise KeyboardInterrupt

    numbers = [signal.SIGINT, signal.SIGTERM]
    if (
        hangup and hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    ):  # nohup ignores it
        numbers.append(signal.SIGHUP)
    earlier = {number: signal.signal(number, request_stop) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
