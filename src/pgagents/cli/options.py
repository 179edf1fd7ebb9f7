"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pgagents.model import Model

catalogue_argument: Callable[[Any], Any] = click.argument("catalogue", required=False, type=click.Path(path_type=Path, dir_okay=False))


def examples(*lines: tuple[str, str]) -> str:
    """The end of a command's help: calls that run as written, each with what it is for."""
    return "\b\nExamples:\n" + "\n".join(f"  {what}\n      {call}" for what, call in lines)


def load(catalogue: Path | None) -> Model:
    """The catalogue that was named; else ./catalogue/*.yaml, else ./pgagents.yaml, else the shipped Park Graph one."""
    from pgagents.catalogue.load import load_file
    from pgagents.errors import PgagentsError
    from pgagents.resources import folder

    if catalogue is not None:
        return load_file(catalogue)
    here = sorted(Path("catalogue").glob("*.yaml"))
    if len(here) > 1:
        raise PgagentsError(f"there are {len(here)} catalogues in ./catalogue", "name one: pgagents COMMAND catalogue/NAME.yaml")
    if here:
        return load_file(here[0])
    if Path("pgagents.yaml").exists():
        return load_file(Path("pgagents.yaml"))
    click.echo("there is no catalogue here, so this is Park Graph's, which comes with pgagents (`pgagents init` makes your own)", err=True)
    return load_file(folder("catalogue") / "park_graph.yaml", name="catalogue/park_graph.yaml")
