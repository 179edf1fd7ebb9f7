"""Find the catalogue of a command: a file, a shipped example, or the only one in the current folder."""

from __future__ import annotations

from pathlib import Path

from pgagents.catalogue.load import load_file
from pgagents.errors import PgagentsError
from pgagents.model.model import Model
from pgagents.resources import folder

SINGLE = ("pgagents.yaml", "pgagents.yml")
"""Names of a catalogue that is the only one of its folder."""


def find_catalogue(given: Path | None) -> Model | None:
    """Return the model of the given catalogue; else of the only one in ./catalogue, else of
    ./pgagents.yaml. A name may end in `.yml` too.

    Return None if there is no catalogue. A name such as `park-graph` means a shipped catalogue. Raises
    PgagentsError if ./catalogue has several.
    """
    if given is not None:
        return find_example(str(given)) or load_file(given)
    here = list_catalogues(Path("catalogue"))
    if len(here) > 1:
        raise PgagentsError(
            f"there are {len(here)} catalogues in ./catalogue",
            "name one: pgagents COMMAND catalogue/NAME.yaml",
        )
    if here:
        return load_file(here[0])
    return next((load_file(path) for path in map(Path, SINGLE) if path.exists()), None)


def list_catalogues(folder: Path) -> list[Path]:
    """Return the YAML files of a folder, sorted."""
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def find_example(name: str) -> Model | None:
    """Return the shipped catalogue of this name; None if there is none, or if a file has that name."""
    stem = name.replace("-", "_")
    path = folder("catalogue") / f"{stem}.yaml"
    if not name.replace("-", "").isalnum() or Path(name).exists() or not path.is_file():
        return None
    return load_file(path, name=f"catalogue/{stem}.yaml")
