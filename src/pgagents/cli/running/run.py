"""Run one verification from the command line: preflight, signals, progress, the printed report, its files."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.errors import PgagentsError, SetupError, printable
from pgagents.cli.inputs import report_files
from pgagents.cli.inputs.companions import list_secrets
from pgagents.cli.inputs.options import GENERATED
from pgagents.cli.running import progress
from pgagents.cli.running.progress import FirstLines

if TYPE_CHECKING:
    from pgagents.base.http import Handler, Request, Response, Silence
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.report_files import Output
    from pgagents.cli.inputs.server import Target
    from pgagents.cli.running.app import App
    from pgagents.client.environment import CommandSecrets
    from pgagents.report.report import RecordedExchange, Report
    from pgagents.verify.plan.options import Options, Progress
    from pgagents.verify.run.course import Companion
    from pgagents.verify.run.journal import JournalFile
    from pgagents.verify.run.obstacles import Described, Place, Trouble
    from pgagents.verify.run.redact import Redactor
    from pgagents.verify.setting import Setting
    from pgagents.verify.wire.mcp_link import Link
    from pgagents.verify.wire.receiver import Inbox


STOPPING = b"stopping, undoing what was made; once more leaves it behind\n"
MOST_SIGNALS = 3
"""The number of signals with which the process ends at once."""


@dataclass(slots=True)
class _StopRequest:
    """`asked` is True once a signal ended the run.

    `running` is True from the run's beginning until its report is printed, `undoing` while it removes what it
    made.
    """

    asked: bool = False
    running: bool = False
    undoing: bool = False
    count: int = 0
    """The number of signals during the run."""

    def interrupts(self) -> bool:
        """Note a signal, and return True if it ends what the run does now.

        `timeout` sends two at once, and no second one may cost the report. So a second one counts only while
        the run removes what it made.
        """
        first, self.asked = not self.asked, True
        if not self.running:
            return True
        self.count += 1
        return first or self.undoing


@dataclass(frozen=True, slots=True)
class Aids:
    """The tools and servers that a run uses besides the API's server."""

    commands: CommandSecrets | None = None
    """Commands that print keys and renew them."""
    receiver: Inbox | None = None
    """The receiver of the server's events."""
    mcp: Link | None = None
    """The link to an MCP server that is verified too."""
    token: str = ""
    """The MCP server's token."""
    companion: Companion | None = None
    """An object that sees every exchange, and that plans additional probes after the plan's."""
    journal: JournalFile | None = None
    """The file in which the run writes what it could make."""
    log: Callable[[RecordedExchange], None] | None = None
    """Called with each exchange, whose secrets are masked; None without a log."""
    app: App | None = None
    """The process of the API's server, if this command started it."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that the caller named for keys, by role."""


class _Clients:
    """The HTTP clients of a run. `handler` is the usual one, `plain` has no TLS, `bare` adds no headers."""

    def __init__(self, there: Target, workers: int, app: App | None) -> None:
        from pgagents.verify.wire.send import Client

        self._there = there
        self._trust = str(there.cacert) if there.cacert else None
        self._common: dict[str, Any] = {
            "cacert": self._trust,
            "workers": workers,
            "servers": tuple(there.servers.values()),
            "process": app,
        }
        url, headers, certificate = there.url, there.env.headers, there.certificate
        self.handler = Client(url, headers=headers, certificate=certificate, **self._common)
        self.plain = Client(there.plain_url, workers=workers) if there.plain_url else None
        self.bare = Client(url, certificate=certificate, **self._common) if headers else None

    def reach_other_base(self, base: str) -> Handler:
        """Return a client for another base URL of the API.

        It sends the same headers unless the scheme differs.
        """
        return self._make(base, self._there.env.headers if base.startswith(self._there.url[:5]) else None)

    def reach(self, base: str) -> Handler:
        """Return a client for another host, without the headers for the target."""
        return self._make(base, None)

    def _make(self, base: str, headers: Mapping[str, str] | None) -> Handler:
        from pgagents.verify.wire.send import Client

        secure = base.startswith("https:")
        return Client(
            base,
            cacert=self._trust if secure else None,
            certificate=self._there.certificate if secure else None,
            headers=headers,
        )


def run(
    there: Target,
    keys: Mapping[str, str],
    options: Options,
    output: Output,
    aids: Aids | None = None,
    *,
    show: Callable[[Report, bool], int] | None = None,
) -> int:
    """Verify, write the report files, print the report on stdout. Return the exit code.

    Unless there is a `show`, findings are also printed on stderr as soon as they are made. `keys` are by
    role. `show` gets the report, and True if a signal ended the run, instead of writing and printing it.
    Raises SetupError if nothing can be tested.
    """
    from pgagents.report.formats.text import STOPPED
    from pgagents.verify.plan.options import LANES
    from pgagents.verify.run.redact import Redactor

    aids = aids or Aids()
    clients = _Clients(there, options.workers or LANES, aids.app)
    hidden = (*_secrets(there.env.headers), *([aids.token] if aids.token else []), *list_secrets())
    options = _check_servers(there, clients, keys, options, hidden)
    tell = FirstLines(there.model.source, there.url, output.baseline or ()) if show is None else None
    options = replace(options, accepted=tell.accepted) if tell is not None else options

    def describe(report: Report) -> Report:
        described = _describe_run(report, there.model, keys, hidden, output)
        if aids.app is None:
            return described
        return _describe_app(described, aids.app, Redactor(keys, (), hidden, model=there.model))

    with signals() as stop:

        def begin_undoing(make: Callable[[], Report]) -> None:
            if stop.asked and show is None:
                report_files.write(output.reports, report_files.accept(describe(make()), output), source)
            stop.undoing = True

        source = there.model.source
        report = _verify(there, clients, keys, options, hidden, aids, tell, stop, begin_undoing)
        stopped = stop.asked
        if show is not None:
            return show(report, stopped)
        report = describe(report)
        if output.memory is not None:
            report_files.remember(output.memory, report)
        code = report_files.publish(report, source, output, stopped=stopped)
    return STOPPED if stopped else code


def _check_servers(
    there: Target, clients: _Clients, keys: Mapping[str, str], options: Options, hidden: tuple[str, ...]
) -> Options:
    """Check that all servers answer.

    Return the options with the used requests subtracted from their limit.
    """
    began = time.monotonic()
    with signals():
        try:
            options = check_server(
                there.model,
                there.url,
                clients.handler,
                clients.reach_other_base,
                keys,
                options,
                hidden,
                clients.reach,
            )
            check_other_servers(there.servers, clients.reach)
        except KeyboardInterrupt:
            raise click.Abort from None
    return options.after(time.monotonic() - began)


def _verify(
    there: Target,
    clients: _Clients,
    keys: Mapping[str, str],
    options: Options,
    hidden: tuple[str, ...],
    aids: Aids,
    tell: FirstLines | None,
    stop: _StopRequest,
    begin_undoing: Callable[[Callable[[], Report]], None],
) -> Report:
    """Verify with progress and the lines of `tell` on stderr."""
    from pgagents.verify.plan.options import Identities
    from pgagents.verify.plan.selection import list_lasting, say_lasting
    from pgagents.verify.run.run import verify
    from pgagents.verify.setting import setting_of

    identities = Identities(
        keys,
        hidden,
        there.env.oauth,
        clients.reach,
        aids.commands,
        there.certificate is not None,
        there.servers,
        variables=aids.variables,
    )
    setting = replace(setting_of(there.model, there.url), mcp=aids.mcp)
    if few := say_lasting(list_lasting(setting, identities, options)):
        click.echo(f"note: {printable(few)}", err=True)
    with progress.progress(tell) as step:
        stop.running = True
        report = verify(
            there.model,
            clients.handler,
            identities,
            options,
            clock=time.time,
            sleep=time.sleep,
            wall=wall,
            url=there.url,
            on_progress=heeding(stop, step),
            plain=clients.plain,
            plain_url=there.plain_url,
            receiver=aids.receiver,
            mcp=aids.mcp,
            bare=clients.bare,
            companion=aids.companion,
            journal=aids.journal,
            begin_undoing=begin_undoing,
            log=aids.log,
        )
        stop.undoing = False
    return report


MOST_UNNAMED = 3
"""Members that no schema names and that the notes of a run tell."""
SECOND_KEY = (
    "nobody tried whether another customer's key can read what this one makes: --identity second=ENVVAR"
)


def _describe_run(
    report: Report, model: Model, keys: Mapping[str, str], hidden: tuple[str, ...], output: Output
) -> Report:
    """Return the report with the command line that repeats the run, and with what a catalogue would add.

    Both are masked: an MCP server's command or a document's URL may hold a key.
    """
    from pgagents.verify.run.redact import Redactor

    masked = Redactor(keys, (), hidden, model=model).text
    report = report_files.add_origin(report, replace(output, again=masked(output.again)))
    path: str | None = getattr(model.source, "path", None)
    if path is not None:  # the report's name of a document is only the last part of its path, or of its URL
        inside = report_files.in_repository(path)
        report = replace(report, header=replace(report.header, in_repository=inside))
    if unasked := report.header.unasked:
        from pgagents.generate.build import list_built_surfaces
        from pgagents.report.contract import Verdict

        built = list_built_surfaces(GENERATED)
        left = tuple(name for name in unasked if name not in built)
        results = tuple(
            replace(r, excused=True) if r.verdict is Verdict.UNTESTED and r.contract.surface in left else r
            for r in report.results
        )  # a vendor that nobody asked for owes nothing
        report = replace(report, header=replace(report.header, unasked=left), results=results)
    told = [t for name in ("dangling", "fetched", "left_out") if (t := getattr(model.source, name, ""))]
    if told := [*_list_unnamed(model), *told]:
        notes = (*map(masked, told), *report.footer.notes)
        report = replace(report, footer=replace(report.footer, notes=notes))
    if _lacks_second_key(model, keys):
        notes = (*report.footer.notes, SECOND_KEY)
        report = replace(report, footer=replace(report.footer, notes=notes))
    if gains := list(getattr(model.source, "gains", ())):
        report = replace(report, footer=replace(report.footer, gains=tuple(map(masked, gains))))
    return report


def _list_unnamed(model: Model) -> list[str]:
    """Return sentences on the laws and steps that read what no schema names, so that nothing may try them."""
    from pgagents.lint.rules.catalogue.unnamed_member import RULE

    hits = list(RULE.find(model))
    said = [f"{hit.message}; {hit.help} ({model.source.locate(hit.origin).position})" for hit in hits]
    left = len(said) - MOST_UNNAMED
    return (
        said if left <= 0 else [*said[:MOST_UNNAMED], f"{left} more such members: pgagents lint names each"]
    )


def _lacks_second_key(model: Model, keys: Mapping[str, str]) -> bool:
    """True if a document's instances are made with a key, and nobody else's key was given to read them."""
    made = any(resource.made_by is not None for resource in model.resources.values())
    return model.source.is_document and made and set(keys) == {"main"} and model.credential is not None


def _describe_app(report: Report, app: App, redactor: Redactor) -> Report:
    """Return the report with a note on how to start the app again where the curl lines expect it."""
    note = f"the app was started, and ended with the run; the curl lines expect it as {app.shown_command}"
    footer = replace(report.footer, notes=(*report.footer.notes, redactor.text(note)))
    return replace(report, footer=footer)


def _secrets(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of headers that no report may contain.

    Values of Accept headers are left out, because they consist of common words.
    """
    return tuple(value for name, value in headers.items() if not name.lower().startswith("accept"))


def wall() -> str:
    """Return the current time as RFC 3339 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def heeding(stop: _StopRequest, step: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Return the step with another check for the signal.

    A library's callback may have lost the first exception.
    """
    from pgagents.verify.plan.options import FINISHING

    def step_or_stop(now: Progress) -> None:
        if stop.asked and now.doing != FINISHING and not now.waiting_s:
            raise KeyboardInterrupt
        step(now)

    return step_or_stop


@contextmanager
def signals(*, hangup: bool = False) -> Iterator[_StopRequest]:
    """End the run on SIGTERM and Ctrl-C: clean up, then report.

    With `hangup`, also when the terminal closes.
    """
    stop = _StopRequest()

    def request_stop(number: int, _frame: Any) -> None:
        if stop.running and not stop.asked:
            os.write(2, STOPPING)  # not through Python's buffer, which may be busy
        interrupts = stop.interrupts()
        if stop.count >= MOST_SIGNALS:
            os._exit(128 + number)  # not SystemExit, which what waits for a server could catch
        if interrupts:
            raise KeyboardInterrupt

    numbers = [signal.SIGINT, signal.SIGTERM]
    if (
        hangup and hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    ):  # started with nohup
        numbers.append(signal.SIGHUP)
    earlier = {number: signal.signal(number, request_stop) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


# -- one read before a verification.
#
# A wrong address or key then is one message instead of many findings.


SHARES = 3
"""The part of the time left that one read of a preflight may take, so that one read does not take it all."""


def check_server(
    model: Model,
    url: str,
    handler: Handler,
    other: Callable[[str], Handler],
    keys: Mapping[str, str],
    options: Options,
    hidden: Iterable[str],
    reach: Callable[[str], Handler],
) -> Options:
    """Check the server, and return the options with the used requests subtracted from their limit.

    `other` reaches another base URL, `reach` a token endpoint there. `hidden` are further secrets, such as
    values of headers. Raises SetupError if nothing can be tested.
    """
    from pgagents.base.http import is_timely
    from pgagents.verify.run.obstacles import Place
    from pgagents.verify.run.preflight import describe_unused_key, preflight
    from pgagents.verify.run.redact import Redactor
    from pgagents.verify.run.timing import SHORTEST_S
    from pgagents.verify.setting import setting_of
    from pgagents.verify.wire.oauth import Refused, Tokens, find_tokens

    if not setting_of(model, url).endpoints:  # only an MCP server offers its actions
        return options
    sent, began = 0, time.monotonic()

    def count_request(request: Request) -> Response | Silence:
        nonlocal sent
        sent += 1
        if is_timely(handler) and options.max_time_s is not None:
            left_s = options.max_time_s - (time.monotonic() - began)
            handler.most_s = max(SHORTEST_S, left_s / SHARES)
        return handler(request)

    key = keys.get("main", "")
    redactor = Redactor(keys, model.secrets, hidden, model=model)
    masked = redactor.text  # masks a key in whatever coding the server returns it
    try:
        carried = find_tokens(Tokens(model, reach), keys, 0.0, count_request)
    except Refused as error:
        help = "is PGAGENTS_TOKEN `client_id:client_secret` of this server, and still valid?"
        raise SetupError(printable(masked(str(error))), help) from None
    place = Place(url, count_request, other, masked, _describe_document(model), bool(key))
    trouble = preflight(setting_of(model, url), place, carried, keyless=options.keyless)
    if trouble is None and key and keys.get("second") and not options.keyless:
        trouble = _try_second(setting_of(model, url), place, carried, keys["second"], reach)
    if trouble is not None:
        _report_trouble(trouble, masked)
    if note := describe_unused_key(model, key):
        unsent = (
            "the key is not sent, as the document declares none: --auth bearer, for example, would send it"
        )
        click.echo(f"note: {unsent if place.document is not None else note}", err=True)
    if options.max_requests is None:
        return options
    return replace(options, max_requests=max(1, options.max_requests - sent))


def _try_second(
    setting: Setting,
    place: Place,
    carried: Mapping[str, str],
    key: str,
    reach: Callable[[str], Handler],
) -> Trouble | None:
    """Return the obstacle if the server refuses the key of another project, and takes the main one."""
    from pgagents.verify.run.preflight import find_refused_other
    from pgagents.verify.wire.oauth import Refused, Tokens, find_tokens

    try:
        others = find_tokens(Tokens(setting.model, reach), {"main": key}, 0.0, place.send)
    except Refused:
        return None  # the run tells it where it signs in
    alike = others.keys() == carried.keys()
    return find_refused_other(setting, place, carried, others) if alike else None


def _report_trouble(trouble: Trouble, masked: Callable[[str], str]) -> None:
    """Print a note. Raise SetupError if nothing can be tested, PgagentsError for a wrong key.

    `masked` hides keys in a text.
    """
    if trouble.fatal:
        kind = PgagentsError if trouble.wrong_key else SetupError
        raise kind(*(printable(masked(text)) for text in (trouble.says, trouble.help)))
    click.echo(printable(masked(f"note: {trouble.says}: {trouble.help}")), err=True)


def _describe_document(model: Model) -> Described | None:
    """Describe the document's statements about its server; None for a catalogue."""
    from pgagents.importer.places import DocumentSource
    from pgagents.importer.servers import PLACEHOLDER_SERVER
    from pgagents.verify.run.obstacles import Described

    source, server = model.source, str(model.api.server)
    if not isinstance(source, DocumentSource):
        return None
    return Described(source.schemes, source.bases, "" if server == PLACEHOLDER_SERVER else server)


def check_other_servers(servers: Mapping[str, str], reach: Callable[[str], Handler]) -> None:
    """Check that each of the API's other servers answers. No key is sent.

    Raises SetupError for the first that does not.
    """
    from pgagents.base.http import Request, Silence
    from pgagents.verify.run.explain import why_silent

    for name, url in servers.items():
        answer = reach(url)(Request("OPTIONS", "/"))
        if isinstance(answer, Silence):
            says, help = why_silent(url, answer, reach)
            raise SetupError(
                printable(f"the server `{name}`: {says}"), help.replace("--url", f"--server {name}=")
            )
