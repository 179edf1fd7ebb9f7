"""`build --package` of two lines over a document: a draft that asks what the document does not say."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from overlaying import NOTES, notes, over
from pgagents.base.errors import PgagentsError
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.generate.package import pack
from pgagents.generate.packages.claude_plugin import list_questions, make_listing
from pgagents.submit.package import build_package
from pgagents.submit.store import find_store

DRAFT = "claude_plugin/draft.zip"


def unpack(model: Model) -> dict[str, bytes]:
    (made,) = (one for one in pack(model, build(model), {}).made if one.path == DRAFT)
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_two_lines_make_a_draft_of_the_documents_own_texts() -> None:
    files = unpack(over())
    manifest = json.loads(files[".claude-plugin/plugin.json"])
    assert manifest["description"] == str(over().api.for_people)
    assert "privacyPolicyUrl" not in manifest
    assert "email" not in manifest["author"], "the document names no address, and none is invented"
    assert manifest["homepage"] == notes()["servers"][0]["url"]
    assert {".mcp.json", "README.md", "DRAFT.md", "skills/notes/SKILL.md"} <= files.keys()
    assert "LICENSE" not in files
    asked = files["DRAFT.md"].decode()
    assert "privacy: https://…" in asked
    assert "not for a store" in asked


def test_what_a_document_says_is_not_asked() -> None:
    document = notes()
    document["info"] |= {
        "termsOfService": "https://notes.example/terms",
        "contact": {"email": "notes@notes.example"},
    }
    document["servers"] = [{"url": "https://api.notes.example"}]
    model = over(document=document)
    asked = " ".join(list_questions(model))
    assert "terms" not in asked
    assert "email" not in asked
    assert json.loads(unpack(model)[".claude-plugin/plugin.json"])["author"]["email"] == "notes@notes.example"
    listing = make_listing(model)
    assert (listing.terms, listing.website) == ("https://notes.example/terms", "https://api.notes.example")


def test_a_listing_of_the_authors_ends_the_draft() -> None:
    written = "surfaces: {anthropic: {actions: all, listing: {privacy: 'https://notes.example/privacy'}}}\n"
    with pytest.raises(PgagentsError, match="nothing to package"):
        pack(over(written), build(over(written)), {})


def test_a_store_takes_no_draft() -> None:
    with pytest.raises(PgagentsError, match="no listing for Claude's directory") as refused:
        build_package(over(), *find_store("claude"))
    assert "add `listing:`" in (refused.value.help or "")


def test_command_writes_the_draft_beside_all_files_and_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.json").write_bytes(NOTES.read_bytes())
    Path("pgagents.yaml").write_text("pgagents: 1\nopenapi: notes.json\n", encoding="utf-8")
    assert main(["build", "--package"]) == 0
    told = capsys.readouterr().err
    assert "is a draft, for no store" in told
    assert "privacy: https://…" in told
    assert Path("generated", DRAFT).is_file()
    assert Path("generated/mcp/tools.json").is_file()
