"""`pgagents verify`: hold a running server to every contract of the catalogue."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.options import catalogue_argument, load

if TYPE_CHECKING:
    from pgagents.model import Model
    from pgagents.verify.options import Identities, Options

TOKEN = "PGAGENTS_TOKEN"


@click.command(short_help="Prove every contract on a running server.")
@click.option("--url", required=True, metavar="URL", help="The server to verify, such as https://staging.example.com.")
@catalogue_argument
@click.option(
    "--profile",
    type=click.Choice(["smoke", "standard", "deep"]),
    default="standard",
    show_default=True,
    help="smoke: at most 60 requests; standard: every contract once; deep: until --max-time.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option(
    "--max-requests", type=click.IntRange(min=1), metavar="N", help="Send at most N requests. Default: 25 per action and surface."
)
@click.option("--max-time", type=click.FloatRange(min=1), metavar="S", help="Stop after S seconds.")
@click.option(
    "--max-wait", type=click.FloatRange(min=0), default=60.0, show_default=True, metavar="S", help="Longest wait for the server's limit."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="The same seed sends the same requests."
)
@click.option("--only", multiple=True, metavar="ID", help="Only this contract, or all whose id begins so. Repeatable.")
@click.option("--skip", multiple=True, metavar="ID", help="Without this contract, or all whose id begins so. Repeatable.")
@click.option(
    "--identity", multiple=True, metavar="ROLE[=ENVVAR]", help="A further key, from an environment variable. Default: PGAGENTS_TOKEN_ROLE."
)
@click.option("--require", multiple=True, metavar="ROLE", help="Count contracts of an identity that was not given as untested.")
@click.option(
    "--cacert", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE", help="CA certificates to trust (PEM)."
)
@click.option("--allow-writes", is_flag=True, help="Write although the key is no test key. Creates and ends real resources.")
@click.option(
    "--report", "reports", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="Also write FILE: .json or .xml (JUnit)."
)
def command(
    url: str,
    catalogue: Path | None,
    profile: str,
    only_plan: bool,
    max_requests: int | None,
    max_time: float | None,
    max_wait: float,
    seed: int,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    identity: tuple[str, ...],
    require: tuple[str, ...],
    cacert: Path | None,
    allow_writes: bool,
    reports: tuple[Path, ...],
) -> int:
    """Prove every contract of the CATALOGUE on a running server.

    The key comes from PGAGENTS_TOKEN, or is asked for; it is never an argument. Exit code: 0 nothing found,
    1 something found, 2 wrong call, 3 not everything selected could be tried, 4 an error of pgagents itself.
    """
    from pgagents.cli import _reports, _run
    from pgagents.verify.options import Identities, Options

    _reports.check(reports)
    base = base_url(url)
    model = load(catalogue)
    options = Options(
        profile=profile,  # type: ignore[arg-type]  # click's Choice lets nothing else through
        max_requests=max_requests, max_time_s=max_time, max_wait_s=max_wait, seed=seed, only=only, skip=skip,
        allow_writes=allow_writes, version=_run.version(), require=require,
    )  # fmt: skip
    _known(model, options)
    keys = _keys(model, identity)
    if only_plan:
        main = {"main": os.environ.get(TOKEN, "")} if os.environ.get(TOKEN) else {}
        click.echo(_plan(model, options, Identities({**main, **keys}), base))
        return 0
    return _run.run(model, base, {"main": _token(), **keys}, options, cacert=cacert, reports=reports)


def base_url(url: str) -> str:
    """The URL without its last slash. Raises PgagentsError where it is none of a server."""
    from urllib.parse import urlsplit

    from pgagents.errors import PgagentsError

    example = "give it as https://staging.example.com"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise PgagentsError(f"--url {url!r}: {error}", example) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or any(c.isspace() or not c.isprintable() for c in url):
        raise PgagentsError(f"--url {url!r} is no http or https URL", example)
    if parts.username is not None or parts.query or parts.fragment:
        raise PgagentsError(f"--url {url!r} has more than scheme, host, port and path", f"{example}; the key comes from {TOKEN}")
    return url.rstrip("/")


def _known(model: Model, options: Options) -> None:
    """Whether what was selected exists. A misspelt id must not select nothing and be green."""
    from pgagents.errors import PgagentsError
    from pgagents.source import did_you_mean
    from pgagents.verify.run import contracts

    ids = [c.id for c in contracts(model)] if options.only or options.skip else []
    for flag, wanted in (("--only", options.only), ("--skip", options.skip)):
        for one in wanted:
            if not any(id.startswith(one) for id in ids):
                raise PgagentsError(
                    f"{flag} {one}: no contract's id is this or begins so", did_you_mean(one, ids) or "see `pgagents contracts`"
                )
    for role in options.require:
        _role(model, "--require", role)


def _role(model: Model, flag: str, role: str) -> None:
    from pgagents.errors import PgagentsError
    from pgagents.source import did_you_mean

    if role not in model.auth.roles:
        raise PgagentsError(f"{flag} {role}: the catalogue has no such role", did_you_mean(role, model.auth.roles))


def _keys(model: Model, given: tuple[str, ...]) -> dict[str, str]:
    """The keys of further identities, from the environment."""
    from pgagents.errors import PgagentsError

    keys = {}
    for one in given:
        role, _, name = one.partition("=")
        _role(model, "--identity", role)
        name = name or f"{TOKEN}_{role.upper()}"
        if not os.environ.get(name):
            raise PgagentsError(f"--identity {role}: the environment variable {name} is not set", f"export {name}=… first")
        keys[role] = _header_safe(os.environ[name], name)
    return keys


def _token() -> str:
    """The main key: from the environment, else asked for where someone is there to answer."""
    from pgagents.errors import PgagentsError

    if given := os.environ.get(TOKEN):
        return _header_safe(given, TOKEN)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PgagentsError(
            "there is no key", f"export {TOKEN}=…; it is never an argument, because other users of the machine see arguments"
        )
    typed: str = click.prompt("API key (not shown)", hide_input=True, err=True)
    return _header_safe(typed, "the key")


def _header_safe(key: str, where: str) -> str:
    from pgagents.errors import PgagentsError

    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise PgagentsError(f"{where} holds characters that no key has", "check for quotes, blanks and line breaks")
    return key


def _plan(model: Model, options: Options, identities: Identities, url: str) -> str:
    from pgagents.cli._progress import duration
    from pgagents.report.table import table
    from pgagents.verify.run import plan

    p = plan(model, options, identities, url=url)
    lines = [
        f"{p.total:,} requests, about {duration(p.seconds)} at the catalogue's pace, for {len(p.selected):,} contracts (nothing is sent)",
        "",
        *table(["bucket", "requests"], [[name or "(none)", f"{count:,}"] for name, count in p.requests.items()]),
        "",
        *table(["phase", "requests"], [[name, f"{count:,}"] for name, count in p.by_phase.items()]),
    ]
    reasons: dict[str, int] = {}
    for _, reason in p.left_out:
        reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        lines += ["", "left out:", *(f"  {count:,}: {reason}" for reason, count in sorted(reasons.items(), key=lambda r: -r[1]))]
    return "\n".join([*lines, "", f"plan {p.digest[:16]} for seed {options.seed}"])
