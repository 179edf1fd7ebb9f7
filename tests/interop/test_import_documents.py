"""Documents that others wrote go through import and build: each loads, each loss is listed, the largest
too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from conftest import install_judges
from importing import imported
from pgagents.base.errors import PgagentsError
from pgagents.base.reading import parse
from pgagents.catalogue.load import load, load_text
from pgagents.generate.build import build
from pgagents.importer.catalogue import Choice

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent / "documents"
LARGEST = "@octokit/openapi/generated/api.github.com.json"
EXAMPLES = "@readme/oas-examples"
WITHOUT_OPERATIONS = {"webhooks", "title"}


@cache
def documents() -> list[Path]:
    """Every example document of OpenAPI 3.0, 3.1 and Swagger 2.0, in JSON and in YAML."""
    if why := install_judges(HERE):
        pytest.skip(why)
    found = (HERE / "node_modules" / EXAMPLES).glob("[23].[01]/**/*")
    return sorted(p for p in found if p.suffix in (".json", ".yaml"))


def test_there_are_many_documents_of_every_edition() -> None:
    editions = {p.relative_to(HERE / "node_modules" / EXAMPLES).parts[0] for p in documents()}
    assert editions == {"2.0", "3.0", "3.1"}
    assert len(documents()) >= 100


def test_every_document_imports_and_each_note_is_in_its_text() -> None:
    notes = 0
    for path in documents():
        if path.stem in WITHOUT_OPERATIONS:
            with pytest.raises(PgagentsError, match="no operations"):
                imported(path)
            continue
        made = imported(path, offering=False)
        model, found = load(parse(made.text), any_key=True)
        assert model, (path, found)
        comments = [
            line
            for line in made.text.splitlines()
            if line.lstrip().startswith(("# TODO ", "# pgagents: ignore[", "# inferred: "))
        ]
        assert len(comments) == len(made.notes), path
        notes += len(made.notes)
    assert notes > 500


def test_every_edition_builds_for_every_vendor_that_takes_it() -> None:
    built = 0
    for path in documents():
        if path.suffix == ".json" and path.stem not in WITHOUT_OPERATIONS and path.stat().st_size < 60_000:
            made = imported(path)
            if any(note.kind == "blocked" for note in made.notes):
                with pytest.raises(PgagentsError):
                    load_text(made.text)
                continue
            found = build(made.model)
            assert [d for d in found.diagnostics if d.severity == "error"] == [], path
            built += 1
    assert built >= 15


def test_document_of_hundreds_of_operations_comes_through() -> None:
    if why := install_judges(HERE):
        pytest.skip(why)
    path = HERE / "node_modules" / LARGEST
    made = imported(path)
    assert made.operations >= 500
    assert len(made.data["actions"]) + made.left_out >= made.operations
    assert load(parse(made.text), any_key=True)[0]
    few = imported(path, Choice(tags=("issues",), most=30))
    assert len(few.data["actions"]) == 30
    assert [d for d in build(few.model).diagnostics if d.severity == "error"] == []
