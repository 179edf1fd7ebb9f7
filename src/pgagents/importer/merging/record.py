"""What the last import gave, beside the catalogue: without it a later one could not tell the author's edits from the document's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.importer.catalogue import Choice

FORMAT = 1


def path_of(catalogue: Path) -> Path:
    """`shop.imported.json` beside `shop.yaml`."""
    return catalogue.with_suffix(".imported.json")


def written(data: dict[str, Any], choice: Choice, source: str) -> bytes:
    """The record as its file holds it."""
    choices = {"include": list(choice.include), "tags": list(choice.tags), "most": choice.most}
    held = {"pgagents_import": FORMAT, "of": source, "choice": choices, "catalogue": data}
    return (json.dumps(held, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read(raw: bytes, shown: str) -> tuple[dict[str, Any], Choice]:
    """The data of the last import, and which operations it chose. Raises PgagentsError where the file is none of ours."""
    try:
        held = json.loads(raw)
        choice = held["choice"]
        chosen = Choice(tuple(map(str, choice["include"])), tuple(map(str, choice["tags"])), choice["most"])
        if held["pgagents_import"] != FORMAT or not isinstance(held["catalogue"], dict):
            raise KeyError("pgagents_import")
        for action in held["catalogue"]["actions"].values():
            action["output"] = {int(status): output for status, output in action["output"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PgagentsError(f"{shown} is no record of an import", "--force begins anew, and overwrites the catalogue") from None
    return held["catalogue"], chosen
