"""`suggest --write` puts proposals into the author's file, and leaves all of its other lines."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calling import served
from overlaying import NOTES, over
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.base.reading import parse
from pgagents.cli import suggest
from pgagents.cli.inputs.catalogue import load_path
from pgagents.cli.main import main
from pgagents.suggest.insertion import Inserted, insert
from pgagents.suggest.writing import _brief
from pgagents.verify.run.run import contracts
from small_api import KEY
from small_api import NOTES as WHOLE

PROPOSALS = """# 4 laws in 4 readings held in 9 answers, 1 of them sought.
actions:
  list_notes:
    relations:
      # 12 pairs of answers kept this
      limit-keeps:
        widen: limit
        keeps: response.notes
  create_note:
    laws:
      # 12 different cases
      title-kept: response.title == input.title
      # -- only seen: no call was sent that could break these --
      # one case
      text-kept:
        when: input.text != ''
        that: >-
          response.text ==
          input.text
resources:
  note:
    # 3 instances kept these
    fixed:
      [id]
# These held in the run until a chosen call broke them:
# - create_note: response.id == 1 (broken by a call)
"""
CREATE_LAWS = """laws:
      # 12 different cases
      title-kept: response.title == input.title
      # -- only seen: no call was sent that could break these --
      # one case
      text-kept:
        when: input.text != ''
        that: >-
          response.text ==
          input.text
"""
ADDED = {
    ("actions", "list_notes", "relations", "limit-keeps"),
    ("actions", "create_note", "laws", "title-kept"),
    ("actions", "create_note", "laws", "text-kept"),
    ("resources", "note", "fixed"),
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ()),
        ("# nothing yet\n# actions:\n#   x: {}\n", ("# nothing yet\n# actions:\n#   x: {}\n",)),
        ("actions: {}\n", ()),
        ("actions: {list_notes: {title: All}} # all\n", ("# all",)),
        (
            "actions:\n  # one\n  POST /notes: {title: New} # two\n\n  get_note: {title: One}   # three\n",
            (
                "  # one\n",
                "# two\n",
                "  POST /notes:\n    title: New\n",
                "\n  get_note: {title: One}   # three\n",
            ),
        ),
        (
            "resources:\n  note:\n    volatile: [edited_at] # told\n# end\n",
            ("    volatile: [edited_at] # told\n", "# end\n"),
        ),
        (
            "actions:\n  create_note:\n    title: New   # now\n  list_tags: {}\n",
            ("    title: New   # now\n",),
        ),
    ],
)
def test_proposals_stand_in_the_short_file_beside_the_authors_lines(text: str, kept: tuple[str, ...]) -> None:
    document = json.loads(NOTES.read_bytes())
    before = over(text, document, indent=None)  # a document on one line
    inserted = insert(before.source, PROPOSALS)
    after = over(inserted.text.split("\n", 2)[2], document, indent=None)
    assert all(part in inserted.text for part in kept)
    assert CREATE_LAWS in inserted.text
    replaced = {"echoes_input/create_note@rest"}  # a law of the member says it
    assert {c.id for c in contracts(before)} - replaced <= {c.id for c in contracts(after)}
    assert len(inserted.added) == len(ADDED)
    numbered = inserted.text.split("\n")
    for added in inserted.added:
        place, _, pointer = added.partition(": ")
        name = pointer.rpartition(".")[2]
        assert numbered[int(place.rpartition(":")[2]) - 1].lstrip().startswith(f"{name}:")
    assert insert(after.source, PROPOSALS) == Inserted(inserted.text, (), len(ADDED))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_of_the_author_stay(newline: str) -> None:
    text = "actions:\n  get_note: {title: One}\n".replace("\n", newline)
    source = over(text).source
    source.text = source.text.replace("\r\n", "\n").replace("\n", newline)
    inserted = insert(source, PROPOSALS)
    assert inserted.text.count("\n") == inserted.text.count(newline)


def test_proposal_takes_a_free_name_and_a_list_grows() -> None:
    model = over(
        "actions:\n  create_note:\n    laws: {title-kept: response.text == input.text}\n"
        "resources: {note: {fixed: [title]}}\n"
    )
    data: Any = parse(insert(model.source, PROPOSALS).text).data
    assert set(data["actions"]["create_note"]["laws"]) == {"title-kept", "title-kept-2", "text-kept"}
    assert data["actions"]["create_note"]["laws"]["title-kept"] == "response.text == input.text"
    assert data["resources"]["note"]["fixed"] == ["title", "id"]


def test_law_that_the_catalogue_has_under_another_name_is_known() -> None:
    model = over("actions: {create_note: {laws: {kept: response.title==input.title}}}\n")
    inserted = insert(model.source, PROPOSALS)
    assert inserted.known == 1
    assert "title-kept" not in inserted.text


def test_value_that_yaml_forbids_is_escaped_in_the_evidence() -> None:
    assert _brief("]\u00cb\U000e87cc\u0085") == '"]\\u00cb\\udb61\\udfcc\\u0085"'
    assert _brief("Caf\u00e9") == '"Caf\u00e9"'


def test_proposals_that_are_no_yaml_are_refused() -> None:
    with pytest.raises(PgagentsError, match="the proposals are not YAML"):
        insert(over().source, "actions:\n  list_notes: \U000e87cc: [\n")


# -- the command


@pytest.fixture
def url() -> Iterator[str]:
    """A server that answers every call with an empty list of notes."""

    def answer(_: Request) -> Response:
        return Response(200, (("Content-Type", "application/json"),), b'{"notes": []}')

    with served(answer) as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PGAGENTS_TOKEN", KEY)
    monkeypatch.chdir(tmp_path)
    shutil.copy(NOTES, tmp_path / "openapi.json")
    (tmp_path / "whole.yaml").write_text(WHOLE)
    (tmp_path / "pgagents.yaml").write_text("# ours\npgagents: 1\nopenapi: ./openapi.json\n")
    return tmp_path


def test_command_writes_and_names_each_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suggest._write_into(Path("pgagents.yaml"), PROPOSALS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pgagents.yaml:9: actions.list_notes.relations.limit-keeps"
    assert len(lines) == len(ADDED)
    assert (folder / "pgagents.yaml").read_text().startswith("# ours\npgagents: 1\nopenapi: ./openapi.json\n")
    assert load_path(Path("pgagents.yaml"))


@pytest.mark.parametrize("broken", ["laws: {x: response.(}", "law: {}"])
def test_file_that_would_not_load_stays_and_the_proposals_are_printed(
    broken: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "pgagents.yaml").read_bytes()
    with pytest.raises(PgagentsError):
        suggest._write_into(Path("pgagents.yaml"), f"actions:\n  list_notes:\n    {broken}\n")
    output = capsys.readouterr()
    assert broken in output.out
    assert "pgagents.yaml is not written" in output.err
    assert (folder / "pgagents.yaml").read_bytes() == before


def test_nothing_is_written_where_nothing_was_found(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "whole.yaml").read_bytes()
    assert main(["suggest", "whole.yaml", "--url", url, "--write"]) == 3
    assert "whole.yaml is not written: no law was found" in capsys.readouterr().err
    assert (folder / "whole.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--write", "--out", "laws.yaml"], "give one of them"),
        (["openapi.json", "--write"], "--write changes a catalogue, and here is only a document"),
        (["park-graph", "--write"], "is not a file here"),
        (["park-graph", "--cases", "openai", "--write"], "is not a file here"),
    ],
)
def test_wrong_use_is_told_before_anything_is_sent(
    words: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["suggest", *words, "--url", "http://127.0.0.1:9"]) == 2
    assert message in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
