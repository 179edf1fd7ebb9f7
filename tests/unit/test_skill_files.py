"""Folders of skills: what is read, what is refused with a message, and files and digests that are not so."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from pgagents.base.errors import PgagentsError
from pgagents.submit.skills.files import MOST_SKILLS, judge_files, judge_indexes, read_folder

TRUE = "---\nname: desk\ndescription: d\n---\n\n# Desk\n"


def lay(folder: Path, text: str | bytes = TRUE, name: str = "desk") -> Path:
    inner = folder / name
    inner.mkdir(parents=True, exist_ok=True)
    raw = text if isinstance(text, bytes) else text.encode()
    (inner / "SKILL.md").write_bytes(raw)
    return folder


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# No front matter\n", "desk/SKILL.md:1: its first line is not `---`"),
        ("---\nname: desk\n", "desk/SKILL.md:1: no second line `---` is there"),
        ("---\nname: [\n---\n", "desk/SKILL.md:3: "),
        ("---\n- a\n---\n", "desk/SKILL.md:2: the front matter is not a mapping"),
        (b"---\nname: \xff\n---\n", "desk/SKILL.md:2: byte 0xff is not UTF-8"),
        (TRUE + "x" * 300_000, "bytes; at most 262,144 are read"),
        ("---\nname: " + "[" * 300 + "]" * 300 + "\n---\n", "desk/SKILL.md"),
    ],
)
def test_unreadable_skill_is_one_message_with_the_place(text: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(PgagentsError) as raised:
        read_folder(str(lay(tmp_path, text)))
    assert says in raised.value.message
    assert raised.value.help


def test_folder_without_a_skill_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(PgagentsError, match=r"there is no SKILL\.md"):
        read_folder(str(tmp_path))
    with pytest.raises(PgagentsError, match="No such file"):
        read_folder(str(tmp_path / "nothing"))
    for number in range(MOST_SKILLS + 1):
        lay(tmp_path, name=f"s{number}")
    with pytest.raises(PgagentsError, match="at most 200 are read"):
        read_folder(str(tmp_path))


def test_link_to_a_skill_is_refused_and_not_followed(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere")
    inside = lay(tmp_path / "inside")
    (inside / "linked").symlink_to(tmp_path / "elsewhere" / "desk")
    with pytest.raises(PgagentsError, match=r"inside/linked is a link; links are not followed"):
        read_folder(str(inside))
    (inside / "linked").unlink()
    (inside / "other").mkdir()
    (inside / "other" / "SKILL.md").symlink_to("/etc/hostname")
    with pytest.raises(PgagentsError, match=r"other/SKILL\.md is a link"):
        read_folder(str(inside))


def test_skills_of_a_plugin_a_zip_and_a_lone_file_are_found(tmp_path: Path) -> None:
    lay(tmp_path / "plugin" / "skills")
    lay(tmp_path / "plugin" / "node_modules" / "other", name="theirs")
    servers = {"mcpServers": {"library": {"command": "npx"}}}
    (tmp_path / "plugin" / ".mcp.json").write_text(json.dumps(servers))
    folder = read_folder(str(tmp_path / "plugin"))
    assert [skill.path for skill in folder.skills] == ["skills/desk/SKILL.md"]
    assert folder.servers == {"library"}
    packed = tmp_path / "plugin.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("skills/desk/SKILL.md", TRUE)
    assert [skill.name for skill in read_folder(str(packed)).skills] == ["desk"]
    lone = read_folder(str(tmp_path / "plugin" / "skills" / "desk" / "SKILL.md"))
    assert [skill.name for skill in lone.skills] == ["desk"]


def test_equal_copies_are_one_skill(tmp_path: Path) -> None:
    lay(tmp_path / "claude")
    lay(tmp_path / "codex")
    folder = read_folder(str(tmp_path))
    assert (len(folder.skills), folder.same) == (1, 1)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("[more](references/more.md)", "kept"),
        ("[more](references/more.md#top)", "kept"),
        ("[more](./references/)", "kept"),
        ("`references/more.md`", "kept"),
        ("[more](references/less.md)", "broken"),
        ("![picture](assets/a.png)", "broken"),
        ("`references/less.md`", "odd"),
        ("`scripts/run.py`", "untested"),
        ("[more](../../outside.md)", "untested"),
        ("[page](https://example.com/references/less.md)", ""),
        ("[part](#steps) and [mail](mailto:a@b.example) and [root](/etc/passwd)", ""),
        ("`references/`, `scripts/*.py`, `assets/<name>.png`, `src/other.py`", ""),
        ("`scripts/run.py --all`", ""),
    ],
)
def test_file_that_a_skill_names(text: str, verdict: str, tmp_path: Path) -> None:
    folder = read_folder(str(lay(tmp_path, f"{TRUE}\n{text}\n")))
    (tmp_path / "desk" / "references").mkdir()
    (tmp_path / "desk" / "references" / "more.md").write_text("more")
    folder = read_folder(str(tmp_path))
    outcomes = list(judge_files(folder, folder.skills[0]))
    assert [outcome.verdict for outcome in outcomes] == ([verdict] if verdict else [])
    assert {outcome.line for outcome in outcomes} <= {8}


@pytest.mark.parametrize("kind", ["right", "stale", "missing", "of another name"])
def test_digest_of_an_index(kind: str, tmp_path: Path) -> None:
    lay(tmp_path, "" if kind == "missing" else TRUE, name="gone" if kind == "missing" else "desk")
    if kind == "missing":
        lay(tmp_path, name="gone")
    digest = hashlib.sha256(TRUE.encode() if kind != "stale" else b"then").hexdigest()
    name = "Desk" if kind == "of another name" else "desk"
    url = "https://example.com/.well-known/agent-skills/desk/SKILL.md"
    entry = {"name": name, "type": "skill-md", "url": url, "digest": f"sha256:{digest}"}
    (tmp_path / "agent-skills.json").write_text(json.dumps({"skills": [entry]}, indent=2))
    (outcome,) = judge_indexes(read_folder(str(tmp_path)))
    ids = {"right": "", "of another name": "", "stale": "digest-stale", "missing": "index-missing"}
    assert outcome.id == ids[kind]
    assert outcome.file.endswith("agent-skills.json")
    assert outcome.line == 3
