"""`pgagents fleet`: verifies many APIs, on a CI's machines or by a cluster, and reports on them together."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pgagents.cli.inputs import verification
from pgagents.cli.inputs.options import examples

_EXAMPLES = (
    ("the jobs of a CI matrix", "pgagents fleet matrix fleet.yaml"),
    (
        "the second of three matrices, where one has too many jobs",
        "pgagents fleet matrix fleet.yaml --part 2/3",
    ),
)

fleet_argument = click.argument("fleet", type=click.Path(path_type=Path, dir_okay=False))


@click.group(
    short_help="Verify many APIs together.",
    epilog=examples(*_EXAMPLES),
)
def command() -> None:
    """Verify the APIs of a fleet file, each by a `pgagents verify` of its own."""


@command.command(epilog=examples(*_EXAMPLES))
@fleet_argument
@click.option(
    "--part",
    metavar="I/N",
    callback=verification.shard,
    help="Only the I-th of N parts of the jobs, for a matrix of its own.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="N",
    help="Refuse a matrix of more jobs. The default is the limit of GitHub.",
)
def matrix(fleet: Path, part: tuple[int, int] | None, most: int) -> int:
    """Print the jobs of a FLEET file as JSON for a CI matrix: one for each API, or for each of its shards.

    Each has its name, the name of its report's file, and the names of the variables that hold its keys. The
    arguments of `pgagents verify` stand there as a list, and as one line for a shell. Paths begin at this
    folder.
    """
    from pgagents.fleet.fleet_file import read_fleet
    from pgagents.fleet.matrix import MOST_OUTPUT, make_matrix

    jobs = make_matrix(read_fleet(fleet), Path.cwd(), part=part or (1, 1), most=most)
    text = json.dumps(jobs, ensure_ascii=False)
    if len(text) > MOST_OUTPUT:
        click.echo(
            f"the matrix has {len(text):,} characters; an output of a job on GitHub has at most "
            f"{MOST_OUTPUT:,}: take parts with --part I/N",
            err=True,
        )
    click.echo(text)
    return 0
