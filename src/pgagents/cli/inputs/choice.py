"""Select the contracts of a run by the options of the command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from pgagents.errors import PgagentsError
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean, fits

if TYPE_CHECKING:
    from pgagents.model.model import Model
    from pgagents.verify.plan.options import Options
    from pgagents.verify.wire.mcp_link import Link

MAX_SHARDS = 1_000
IDS_OF_PLAN = "`--plan --report plan.json` writes all ids"
ALL_IDS = f"see `pgagents contracts`; for a document, {IDS_OF_PLAN}"


def shard(_context: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Parse `2/4` as (2, 4). Raises BadParameter for a text that is not such a fraction."""
    if value is None:
        return None
    number, slash, count = value.partition("/")
    if not (
        slash
        and number.isdecimal()
        and count.isdecimal()
        and 1 <= int(number[:9]) <= int(count[:9]) <= MAX_SHARDS
    ):
        raise click.BadParameter(
            f"{value[:40]!r} is no part of a whole: write 2/4 for the second of four (at most {MAX_SHARDS:,})"
        )
    return int(number), int(count)


def actions(model: Model, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the actions that the patterns name: by action, operationId, path or `GET /path`.

    Raises PgagentsError for a pattern that names none.
    """
    document: Mapping[str, Sequence[str]] = getattr(model.source, "names", {})
    known: dict[str, list[str]] = {}
    for action in model.actions:
        label = [str(action.path), f"{action.method} {action.path}"] if action.on_rest else []
        names = [str(action.name), str(action.operation_id), *label, *document.get(str(action.name), ())]
        known[str(action.name)] = [name for name in names if name]
    chosen: dict[str, None] = {}
    for pattern in patterns:
        found = [pattern] if pattern in known else [n for n, names in known.items() if fits(pattern, names)]
        if not found:
            near = {names[-2] if " " in pattern and document else n for n, names in known.items()}
            raise PgagentsError(
                f"--allow {brief(pattern, 80)}: there is no such action", did_you_mean(pattern, near)
            )
        chosen |= dict.fromkeys(found)
    return tuple(chosen)


def alone(shard: tuple[int, int] | None, flags: dict[str, bool]) -> None:
    """Raise UsageError for a shard with a flag that needs the server to itself."""
    for flag, given in flags.items():
        if shard is not None and given:
            raise click.UsageError(
                f"{flag} cannot go with --shard, as the other shards use the server too: give it in a "
                "run of its own."
            )


def only_given(flag: str, names: Collection[str]) -> None:
    """Raise UsageError if the command line has any option besides these parameters."""
    context = click.get_current_context()
    for param in context.command.params:
        if (
            param.name not in names
            and context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
        ):
            other = param.opts[0] if isinstance(param, click.Option) else str(param.name).upper()
            raise click.UsageError(f"{flag} has no use for {other}: leave one of them out.")


def apply_selections(
    model: Model, options: Options, memory: Path | None, report: Path | None, *, discovery: bool
) -> Options:
    """Return the options with all selections applied: see `check_selection`, `select_failed` and
    `discovery_only`.
    """
    check_selection(model, options)
    options = select_failed(model, options, memory, report)
    return discovery_only(options) if discovery else options


def check_selection(model: Model, options: Options, mcp: Link | None = None) -> None:
    """Raise PgagentsError for a selection without contracts, because a misspelt id must not count as
    success.

    `mcp` is a server that is judged by its own tools.
    """
    from pgagents.cli.inputs.api_keys import check_role
    from pgagents.verify.run.run import contracts

    ids = [c.id for c in contracts(model, mcp)] if options.only or options.skip else []
    where = ALL_IDS if mcp is None else IDS_OF_PLAN
    for flag, wanted in (("--only", options.only), ("--skip", options.skip)):
        for one in wanted:
            if not one:
                raise PgagentsError(f"{flag} is empty", where)
            if not any(id.startswith(one) for id in ids):
                raise PgagentsError(
                    f"{flag} {one}: no contract's id is this or begins so",
                    did_you_mean(one, ids) or where,
                )
    if ids and not any(id.startswith(options.only or "") and not id.startswith(options.skip) for id in ids):
        raise PgagentsError("--only and --skip together leave no contract", "leave one of them out")
    for role in options.require:
        check_role(model, "--require", role)


def select_failed(
    model: Model, options: Options, memory: Path | None, report: Path | None, *, mcp: Link | None = None
) -> Options:
    """Return the options restricted to failed contracts, of the last run in `memory` or of a report file.

    `mcp` is a server that is judged by its own tools. If nothing failed, the options are unchanged, and
    stderr gets a note. Raises PgagentsError if no earlier run is known, and UsageError if both are given.
    """
    from pgagents.cli.running import failed_contracts
    from pgagents.report.read import read
    from pgagents.verify.run.run import contracts

    if memory is None and report is None:
        return options
    if memory is not None and report is not None:
        raise click.UsageError("--last-failed and --failed-in name two runs; give one of them.")
    flag = "--failed-in" if report else "--last-failed"
    ids = (
        failed_contracts.failing(read(report)[0])
        if report
        else failed_contracts.read_failed(memory)
        if memory
        else None
    )
    if ids is None:
        raise PgagentsError(
            "--last-failed: no earlier run against this server is remembered", "run it once without the flag"
        )
    there = {c.id for c in contracts(model, mcp)}
    chosen = tuple(id for id in ids if id in there and (not options.only or id.startswith(options.only)))
    if not chosen:
        click.echo(
            f"{flag}: nothing failed there that is still promised, so everything is verified", err=True
        )
        return options
    return replace(options, only=chosen, only_said=flag)


def discovery_only(options: Options) -> Options:
    """Return the options narrowed to contracts that need no key.

    Raises PgagentsError if no such contract is selected.
    """
    from pgagents.verify.plan.options import DISCOVERY, DISCOVERY_FLAG

    both = [one for one in options.only for open_to_all in DISCOVERY if one.startswith(open_to_all)]
    both += [
        open_to_all for open_to_all in DISCOVERY if options.only and open_to_all.startswith(options.only)
    ]
    if options.only and not both:
        raise PgagentsError(
            f"--discovery tries nothing of {options.only_said} {options.only[0]}", "leave one of them out"
        )
    return replace(
        options, only=tuple(dict.fromkeys(both)) or DISCOVERY, only_said=DISCOVERY_FLAG, keyless=True
    )
