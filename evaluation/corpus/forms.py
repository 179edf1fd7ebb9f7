"""Holds what the importer and the build write of a document to three rules that no vendor's package checks.

An argument, an alternative or an action that a document has and a manifest lacks is listed as gone. Nothing
that the importer writes is refused by its own loader. The keywords of each tool's schema agree with each
other. Beside them, no description calls an answer a list that names or identifies one thing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pgagents.base.jsonschema.agreement import find_clashes
from pgagents.base.jsonschema.schema import follow
from pgagents.base.places import plain
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import list_offered
from pgagents.generate.build import plan
from pgagents.generate.target import Target
from pgagents.lint.tools.tool_judge import parts

REFUSED = re.compile(r"^ *# TODO left out: (.*it would not load.*)$", re.M)
"""A part that the importer wrote, and that the loader refused."""
LISTED = "Returns a list, with "
_OWN = frozenset(("id", "name", "title"))
"""Members of one thing, which no envelope of a list has."""


def main(words: list[str]) -> int:
    """Print what breaks a rule in a catalogue that was imported; answer 1 where something does."""
    *_, path = words
    found = [*REFUSED.findall(Path(path).read_text(encoding="utf-8"))]
    model = load_file(path)
    found += [*list_lost(model), *list_false_lists(model)]
    print("\n".join(found))
    return 1 if found else 0


def list_lost(model: Model) -> Iterator[str]:
    """Yield arguments that a list of functions lacks without saying so, and keywords that contradict."""
    for id, target in plan(model).items():
        if not isinstance(target, Target) or target.describes != "functions":
            continue
        view, surface = target.view(model), model.surfaces[str(target.surface)]
        told = {loss.origin for loss in view.losses}
        for action, function in zip(list_offered(surface), view.functions, strict=True):
            parameters = plain(function.parameters)
            known = parameters.get("properties", {})
            for param in surface.params(action):
                if param.name not in known and param.place != "header" and param.origin not in told:
                    yield f"{id}: `{param.name}` of `{function.name}` is gone, and no loss says so"
            for schema in (parameters, plain(function.response or {})):
                for node, at, _ in parts(schema, ()):
                    for clash in find_clashes(node):
                        place = ".".join(map(str, at))
                        yield f"{id}: `{function.name}` at {place or 'its root'}: {clash.message}"


def list_false_lists(model: Model) -> Iterator[str]:
    """Yield actions whose description calls one thing a list."""
    for action in model.actions:
        schema = action.success.schema
        if LISTED in str(action.description) and schema is not None and action.pages is None:
            members = _list_members(schema, model.schemas)
            if own := sorted(_OWN & members):
                yield f"`{action.name}` answers one thing with `{own[0]}`, and is said to return a list"


def _list_members(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> set[str]:
    """Return the members of an object; none of a list."""
    named = {f"#/components/schemas/{name}": one for name, one in schemas.items()}
    return set(follow(schema, named).get("properties", {}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
