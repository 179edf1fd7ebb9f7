"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pgagents.model.model import Model

EXAMPLE = "park-graph"
"""The example catalogue that comes with pgagents, as it is named where a catalogue's file may stand."""
NO_CATALOGUE = f"name its file, go to its folder, or begin one with `pgagents init`; `{EXAMPLE}` names the example that comes with pgagents"

catalogue_argument: Callable[[Any], Any] = click.argument("catalogue", required=False, type=click.Path(path_type=Path, dir_okay=False))


def examples(*lines: tuple[str, str]) -> str:
    """The end of a command's help: calls that run as written, each with what it is for."""
    return "\b\nExamples:\n" + "\n".join(f"  {what}\n      {call}" for what, call in lines)


def load(catalogue: Path | None, *, else_example: bool = False) -> Model:
    """Load the catalogue that was named; else ./catalogue/*.yaml, else ./pgagents.yaml.

    A name such as `park-graph` means a catalogue that comes with pgagents. With `else_example`, Park Graph's is taken where none is here;
    otherwise that raises PgagentsError, so that a wrong working directory never passes for a good catalogue.
    """
    from pgagents.catalogue.load import load_file
    from pgagents.errors import PgagentsError

    if catalogue is not None:
        return example(str(catalogue)) or load_file(catalogue)
    here = sorted(Path("catalogue").glob("*.yaml"))
    if len(here) > 1:
        raise PgagentsError(f"there are {len(here)} catalogues in ./catalogue", "name one: pgagents COMMAND catalogue/NAME.yaml")
    if here:
        return load_file(here[0])
    if Path("pgagents.yaml").exists():
        return load_file(Path("pgagents.yaml"))
    found = example(EXAMPLE) if else_example else None
    if found is None:
        raise PgagentsError(f"no catalogue here: {Path.cwd()} has neither catalogue/*.yaml nor pgagents.yaml", NO_CATALOGUE)
    click.echo(f"no catalogue here, so this is the example `{EXAMPLE}` (`pgagents init` makes your own)", err=True)
    return found


def example(name: str) -> Model | None:
    """The catalogue of that name which comes with pgagents; None where there is none, or where a file here has the name."""
    from pgagents.catalogue.load import load_file
    from pgagents.resources import folder

    stem = name.replace("-", "_")
    path = folder("catalogue") / f"{stem}.yaml"
    if not name.replace("-", "").isalnum() or Path(name).exists() or not path.is_file():
        return None
    return load_file(path, name=f"catalogue/{stem}.yaml")
