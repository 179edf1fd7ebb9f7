"""The record of the last import, stored beside the catalogue.

A later import needs it to distinguish the author's edits from changes of the document.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.importer.catalogue import Choice
from pgagents.text.brief import show_path
from pgagents.text.escape import quoted_text
from pgagents.text.web_address import hide_secrets

FORMAT = 1


def path_of(catalogue: Path) -> Path:
    """Return the record's path: `shop.imported.json` for `shop.yaml`."""
    return catalogue.with_suffix(".imported.json")


def encode_record(data: dict[str, Any], choice: Choice, source: str) -> bytes:
    """Return the record as its file's content.

    `source` is for people: no later import reads it. The record is committed, so it has no secrets of a URL.
    """
    choices = {
        "include": list(choice.include),
        "tags": list(choice.tags),
        "most": choice.most,
        **({"auth": choice.auth} if choice.auth else {}),
        **({"base": choice.base} if choice.base else {}),
        **({"reads": list(choice.reads)} if choice.reads else {}),
        **({"acts": list(choice.acts)} if choice.acts else {}),
    }
    held = {
        "pgagents_import": FORMAT,
        "of": show_path(hide_secrets(source)),
        "choice": choices,
        "catalogue": data,
    }
    return (quoted_text(json.dumps(held, ensure_ascii=False, separators=(",", ":"))) + "\n").encode()


def read(raw: bytes, shown: str) -> tuple[dict[str, Any], Choice]:
    """Return the data of the last import and its choice of operations.

    Raises PgagentsError if the file is not a record.
    """
    try:
        held = json.loads(raw)
        choice = held["choice"]
        included, tags = (tuple(map(str, choice[name])) for name in ("include", "tags"))
        auth, base = (str(choice.get(name, "")) for name in ("auth", "base"))
        reads, acts = (tuple(map(str, choice.get(name, ()))) for name in ("reads", "acts"))
        chosen = Choice(included, tags, choice["most"], auth, base, reads, acts)
        if held["pgagents_import"] != FORMAT or not isinstance(held["catalogue"], dict):
            raise KeyError("pgagents_import")
        for action in held["catalogue"]["actions"].values():
            action["output"] = {int(status): output for status, output in action["output"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PgagentsError(
            f"{shown} is no record of an import", "--force begins anew, and overwrites the catalogue"
        ) from None
    return held["catalogue"], chosen
