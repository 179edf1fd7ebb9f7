"""openapi-overlays-js and openapi-format apply our overlays, and both give the document that we meant."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from judging import CATALOGUES, DOCUMENTS, FORMATS, Installer

from pgagents.base.places import plain
from pgagents.base.reading import parse
from pgagents.base.writing import to_yaml
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.generate.openapi.overlay import carry_over, list_actions, make_overlay
from pgagents.generate.targets.openapi.openapi import view
from pgagents.importer.document import read
from pgagents.importer.overlay.load import load_overlay

pytestmark = pytest.mark.interop

Find = Callable[[Any, Any, Any], list[str]]


@pytest.fixture(scope="session")
def find_faults(install: Installer, tmp_path_factory: pytest.TempPathFactory) -> Find:
    """Applies an overlay by both, and answers which of them gives another document."""
    if why := install(FORMATS):
        pytest.skip(why)
    runners = FORMATS / "node_modules" / ".bin"

    def find(base: Any, overlay: Any, wanted: Any) -> list[str]:
        folder = tmp_path_factory.mktemp("overlay")
        (folder / "base.json").write_text(json.dumps(base), encoding="utf-8")
        (folder / "overlay.yaml").write_bytes(to_yaml(overlay))
        by = {
            "openapi-overlays-js": ["overlayjs", "--openapi", "base.json", "--overlay", "overlay.yaml"],
            "openapi-format": [
                "openapi-format",
                "base.json",
                "--overlayFile",
                "overlay.yaml",
                "--no-sort",
                "--json",
                "-o",
                "made.json",
            ],
        }
        found = []
        for name, (runner, *words) in by.items():
            command = ["node", str(runners / runner), *words]
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=600, check=False
            )
            try:
                made = (
                    json.loads((folder / "made.json").read_bytes())
                    if name == "openapi-format"
                    else yaml.load(done.stdout, _Texts)
                )
            except (OSError, ValueError, yaml.YAMLError) as error:
                made = str(error)
            if made != wanted:
                found.append(f"{name}: {done.stderr.strip()[-300:] or 'another document'}")
        return found

    return find


class _Texts(yaml.CSafeLoader):
    """Reads YAML as JSON is: a day is a text."""


_Texts.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for key, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def strip(document: Any) -> Any:
    """A document that says less: no text of an operation, no 4xx answer, no example, and another tag."""
    bare = copy.deepcopy(document)
    bare["tags"] = [{"name": "old"}]
    bare["x-owner"] = "team"
    for item in bare["paths"].values():
        for operation in item.values():
            operation.pop("description", None)
            operation["summary"] = "Old"
            operation["tags"] = ["old"]
            for status in [s for s in operation["responses"] if s.startswith("4")]:
                del operation["responses"][status]
    return bare


def hand_back(name: str) -> tuple[Any, Any, Any]:
    """A document, the overlay, and the document that it should give."""
    if name in CATALOGUES:
        ours = json.loads(json.dumps(plain(view(load_file(CATALOGUES[name])).context)))
        base = strip(ours)
        wanted = carry_over(base, base, ours)
    else:
        path = DOCUMENTS[name]
        base = read(path.read_bytes(), str(path), path.name).data

        def load(text: str) -> Model:
            source = parse(f"pgagents: 1\nopenapi: {path.name}\n{text}", "p.yaml", folder=path.parent)
            return load_overlay(source, lambda location: Path(location).read_bytes())

        alone = load("")
        first = alone.actions[0].name
        models = (alone, load(f"actions: {{{first}: {{title: New title, description: What it does now.}}}}"))
        wanted = carry_over(base, *(plain(view(model).context) for model in models))
    overlay = make_overlay(list_actions(base, wanted), "What is added", "1.0.0", "base.json")
    return base, overlay, wanted


@pytest.mark.parametrize("name", [*CATALOGUES, *DOCUMENTS])
def test_both_give_the_document_that_is_meant(name: str, find_faults: Find) -> None:
    base, overlay, wanted = hand_back(name)
    assert base != wanted
    assert find_faults(base, overlay, wanted) == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda overlay: overlay["actions"].pop(),
        lambda overlay: overlay["actions"][-1].update(target="$['nothing']"),
        lambda overlay: overlay["actions"].__delitem__(
            next(i for i, one in enumerate(overlay["actions"]) if one.get("remove"))
        ),
    ],
)
def test_a_broken_copy_is_refused(edit: Callable[[Any], None], find_faults: Find) -> None:
    base, overlay, wanted = hand_back("library")
    edit(overlay)
    assert len(find_faults(base, overlay, wanted)) == 2
