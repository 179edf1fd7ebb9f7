"""Each code of OpenAI's portal that can be decided here is found in a broken package, in no good one."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import plugin_packages as good
from pgagents.base.registry import folder
from pgagents.lint.packages.fields import table
from pgagents.lint.packages.judges import openai_portal
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.tree import list_folder
from pgagents.lint.packages.verdict import judge_path
from plugin_packages import Files, pack, write
from portal_mutants import ELSEWHERE, MUTANTS, SUBMISSION, TOOLS, Mutant

PUBLISHED = json.loads((folder("schemas") / "vendor/openai/portal_codes.json").read_bytes())["codes"]
GOOD: dict[str, Callable[[], Files]] = {
    "portable": good.portable,
    "codex": good.codex,
    "skills-only": good.skills_only,
}


def judge(files: Files, place: Path, *, zipped: bool = False) -> set[str]:
    """The codes that the portal's judge finds."""
    if zipped:
        raw = pack(files)
        judged = judge_path(str(place / "plugin.zip"), "openai-portal", raw)
    elif len(files) == 1 and next(iter(files)).endswith(".json"):
        ((name, content),) = files.items()
        judged = judge_path(str(place / name), "openai-portal", good.encode(content))
    else:
        judged = judge_path(str(write(files, place / "plugin")), "openai-portal")
    return {found.id.partition("/")[2] for found in judged.found}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("zipped", [False, True])
def test_nothing_is_found_in_a_good_package(name: str, zipped: bool, tmp_path: Path) -> None:
    assert judge(GOOD[name](), tmp_path, zipped=zipped) == set()


@pytest.mark.parametrize("base", [SUBMISSION, TOOLS], ids=["submission", "tools"])
def test_nothing_is_found_in_a_good_file(base: Callable[[], Files], tmp_path: Path) -> None:
    assert judge(base(), tmp_path) == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.code)
def test_one_change_has_exactly_its_code(mutant: Mutant, tmp_path: Path) -> None:
    base, files = mutant.base(), mutant.base()
    mutant.edit(files)
    before = judge(base, tmp_path / "before", zipped=mutant.zipped)
    assert judge(files, tmp_path / "after", zipped=mutant.zipped) - before == {mutant.code, *mutant.also}


def test_every_code_that_can_be_decided_has_a_mutant() -> None:
    shown = {mutant.code for mutant in MUTANTS} | set(ELSEWHERE)
    decidable = {row["code"] for row in PUBLISHED if row["offline"] != "no"}
    assert decidable - shown == set()
    ours = {name for name, code in table("openai_portal").codes.items() if name.startswith("rule-")}
    assert ours - shown == set()


def test_every_code_has_a_next_step_and_says_what_is_not_decided() -> None:
    codes = table("openai_portal").codes
    by_constraint = {
        part[1] for rows in table("openai_portal").fields.values() for row in rows.values() for part in row
    }
    assert [name for name, code in codes.items() if not code.help and name not in by_constraint] == []
    texts = ("character_unsupported",)  # the set of characters, which the page does not publish
    partly = [code for code in codes.values() if code.offline != "yes" and not code.undecided]
    assert [code.name for code in partly if not code.name.endswith(texts)] == []


def test_elsewhere_names_tests_that_exist() -> None:
    assert {name for name in ELSEWHERE.values() if name not in globals()} == set()


def test_a_damaged_archive(tmp_path: Path) -> None:
    raw = pack(good.portable())
    place = str(tmp_path / "plugin.zip")

    def codes(data: bytes) -> set[str]:
        return {one.id for one in judge_path(place, "openai-portal", data).found}

    assert codes(b"PK\x03\x04" + b"x" * 40) == {"openai-portal/archive_format_not_zip"}
    assert codes(raw[:-30]) == {"openai-portal/archive_format_not_zip"}
    at = raw.index(b"assets/icon.png") + len("assets/icon.png") + 8
    torn = raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :]
    assert "openai-portal/archive_member_unreadable" in codes(torn)
    entry = raw.rindex(b"PK\x01\x02")
    encrypted = raw[: entry + 8] + b"\x01" + raw[entry + 9 :]
    assert "openai-portal/archive_member_unreadable" in codes(encrypted)


def test_an_archive_with_one_path_twice(tmp_path: Path) -> None:
    place = tmp_path / "plugin.zip"
    place.write_bytes(pack(good.portable()))
    with zipfile.ZipFile(place, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("mcp.json", good.encode(good.portable()["mcp.json"]))
    found = judge_path(str(place), "openai-portal", place.read_bytes()).found
    assert [one.id for one in found] == ["openai-portal/archive_member_path_duplicate"]


UNSEARCHED = "rule-secret-unsearched"
"""Each file that is too large or cannot be read has it too."""


def test_an_archive_beyond_the_limits(tmp_path: Path) -> None:
    """The numbers are those that the archive states of itself, so no large file is needed."""
    tree = list_folder(str(write(good.portable(), tmp_path / "plugin")))
    zipped = replace(tree, zipped=True)

    def codes(**changes: object) -> set[str]:
        made = replace(zipped, **changes)  # type: ignore[arg-type]  # the names are those of Tree
        return {hit.code for hit in openai_portal.find(Package(made))}

    def grown(size: int, count: int) -> tuple[object, ...]:
        entry = tree.members[0]
        return (*tree.members, *(replace(entry, path=f"n{n}", size=size, kind="file") for n in range(count)))

    assert codes(packed=100_000_001) == {"archive_too_large"}
    assert codes(members=grown(104_857_601, 1)) == {"archive_member_too_large", UNSEARCHED}
    assert codes(members=grown(104_857_600, 5)) == {UNSEARCHED}
    assert codes(members=grown(104_857_600, 6)) == {"archive_uncompressed_too_large", UNSEARCHED}


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    tree = list_folder(str(write(good.portable(), tmp_path / "plugin")))

    def fail(_: int) -> bytes:
        raise OSError(13, "Permission denied")

    for path, code in (
        ("skills/find-books/SKILL.md", "skill_manifest_unreadable"),
        ("skills/find-books/agents/openai.yaml", "skill_agent_unreadable"),
        ("assets/icon.png", "image_file_unreadable"),
        ("plugin.json", "plugin_manifest_unreadable"),
    ):
        members = tuple(replace(one, read=fail) if one.path == path else one for one in tree.members)
        assert {hit.code for hit in openai_portal.find(Package(replace(tree, members=members)))} == {
            code,
            UNSEARCHED,
        }


def test_a_large_skill(tmp_path: Path) -> None:
    tree = list_folder(str(write(good.portable(), tmp_path / "plugin")))
    large = replace(tree.members[0], path="skills/find-books/data.bin", kind="file", size=60_000_000)
    for packed, codes in ((60_000_000, {"skill_bundle_too_large"}), (1_000, set())):
        members = (*tree.members, replace(large, packed=packed))
        zipped = replace(tree, members=members, zipped=True)
        assert {hit.code for hit in openai_portal.find(Package(zipped))} == {*codes, UNSEARCHED}


def test_an_update_of_a_published_package(tmp_path: Path) -> None:
    old = list_folder(str(write(good.portable(), tmp_path / "old")))

    def codes(**changes: str) -> set[str]:
        files = good.portable()
        files["plugin.json"].update(changes)
        place = write(files, tmp_path / "_".join(changes.values()) / "new")
        return {
            one.id.partition("/")[2] for one in judge_path(str(place), "openai-portal", published=old).found
        }

    assert codes(version="1.1.0") == set()
    assert codes(version="1.0.0") == {"plugin_version_unchanged"}
    assert codes(version="1.2.0", name="town-library") == {"plugin_name_mismatch"}
