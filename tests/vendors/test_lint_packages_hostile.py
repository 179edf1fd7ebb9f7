"""A folder or ZIP from outside is judged within bounds, or refused with one message and exit code 2."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import plugin_packages as good
from pgagents.base.errors import PgagentsError
from pgagents.base.pictures import DrawingError, PictureError, read_drawing, read_picture
from pgagents.cli.main import main
from pgagents.lint.packages import package, tree
from pgagents.lint.packages.judges import openai_portal
from pgagents.lint.packages.package import list_judges
from pgagents.lint.packages.verdict import judge_path
from plugin_packages import Link, pack, png, write

JUDGES = sorted(list_judges())


def refused(path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one message of a command that ends with exit code 2."""
    assert main(["lint", str(path), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len([line for line in err.split("\n") if line.startswith("error")]) == 1
    assert "Traceback" not in err
    return err


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(tree, "MAX_ENTRIES", 100)
    monkeypatch.setattr(tree, "MAX_ENTRIES", 100)
    files = {**good.portable(), **{f"n/{n}": b"" for n in range(101)}}
    assert "more than 100 entries" in refused(write(files, tmp_path / "plugin"), capsys)
    (tmp_path / "plugin.zip").write_bytes(pack(files))
    assert "more than 100 entries" in refused(tmp_path / "plugin.zip", capsys)


def test_a_listing_that_would_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(tree, "MAX_LISTING", 2_000)
    (tmp_path / "plugin.zip").write_bytes(pack({f"{n}": b"" for n in range(100)}))
    assert "list of entries has" in refused(tmp_path / "plugin.zip", capsys, "--for", "openai-portal")


def test_a_folder_that_is_nested_too_deep(tmp_path: Path, capsys: Any) -> None:
    write({**good.portable(), "/".join("d" * 105): None}, tmp_path / "plugin")
    assert "levels deep" in refused(tmp_path / "plugin", capsys)


def test_a_manifest_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(package, "MAX_BYTES", 1_000)
    write(good.portable(), tmp_path / "plugin")
    assert "more than 1,000 bytes" in refused(tmp_path / "plugin", capsys, "--for", "openai-portal")


def test_a_manifest_that_is_nested_too_deep(tmp_path: Path, capsys: Any) -> None:
    for depth in (150, 100_000):
        files = {**good.portable(), "plugin.json": '{"name": ' + "[" * depth + "]" * depth + "}"}
        place = write(files, tmp_path / f"plugin{depth}")
        assert "deep" in refused(place, capsys, "--for", "openai-portal")


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to a folder outside, to a secret, and to itself."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/SKILL.md").write_text("sk-" + "a1" * 20)
    links = {"skills/other": Link("../../outside"), "loop": Link("."), "key.txt": Link("../outside/SKILL.md")}
    place = write({**good.portable(), **links}, tmp_path / "plugin")
    codes = [one.id.partition("/")[2] for one in judge_path(str(place), "openai-portal").found]
    assert sorted(codes) == ["archive_member_type_unsupported"] * 2 + ["skill_symlink_ignored"]


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    place = write(good.portable(), tmp_path / "plugin")
    os.mkfifo(place / "assets/pipe.png")
    found = judge_path(str(place), "openai-portal").found
    assert [one.id for one in found] == ["openai-portal/archive_member_type_unsupported"]


@pytest.mark.matrix
def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """600 MB of zeros in half a megabyte: the archive's own numbers are beyond the limit."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        for path, content in good.portable().items():
            made.writestr(path, good.encode(content))
        for n in range(6):
            with made.open(f"zeros{n}", "w") as stream:
                for _ in range(100):
                    stream.write(b"\0" * 1_000_000)
    assert len(raw.getvalue()) < 1_000_000
    found = judge_path(str(tmp_path / "b.zip"), "openai-portal", raw.getvalue()).found
    assert {one.id for one in found} == {
        "openai-portal/archive_uncompressed_too_large",
        "openai-portal/rule-secret-unsearched",
    }


def test_a_zip_that_lies_about_its_sizes(tmp_path: Path) -> None:
    """The list says 10 bytes where a hundred megabytes come: reading stops at what the list says."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("plugin.json", "{}" + " " * 100_000_000)
    data = bytearray(raw.getvalue())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 10)
    found = judge_path(str(tmp_path / "b.zip"), "openai-portal", bytes(data)).found
    assert "openai-portal/archive_member_unreadable" in {one.id for one in found}


def test_nothing_is_said_of_secrets_but_the_place(tmp_path: Path, capsys: Any) -> None:
    secret = "sk-" + "a1" * 20
    place = write({**good.portable(), "notes.txt": f"first line\nKEY={secret}\n"}, tmp_path / "plugin")
    for form in ("text", "short", "json", "sarif", "github"):
        assert main(["lint", str(place), "--for", "openai-portal", "--format", form]) == 1
        out, err = capsys.readouterr()
        assert "rule-secret" in out
        assert secret not in out + err


def test_files_that_are_not_searched_for_secrets_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is too large, or stands after too many others."""
    files = {**good.portable(), "a.bin": b"\0" * 16_000_001, "b.bin": b"\0" * 16_000_000}
    place = str(write(files, tmp_path / "plugin"))
    assert _list_unsearched(place) == ["a.bin"]
    monkeypatch.setattr(openai_portal, "_MOST_FILES", len(files) - 2)
    assert _list_unsearched(place) == ["a.bin", sorted(files)[-2]]
    monkeypatch.setattr(openai_portal, "_MOST_FILES", len(files))
    monkeypatch.setattr(openai_portal, "_MOST_BYTES", 15_999_999)
    assert _list_unsearched(place) == ["a.bin", "b.bin"]


def _list_unsearched(place: str) -> list[str]:
    found = judge_path(place, "openai-portal").found
    return [
        one.span.file.removeprefix(f"{place}/") for one in found if one.id.endswith("/rule-secret-unsearched")
    ]


def test_terminal_codes_in_names_are_escaped(tmp_path: Path, capsys: Any) -> None:
    place = write({**good.portable(), "skills/\x1b[2Jx.md": "x"}, tmp_path / "plugin")
    assert main(["lint", str(place), "--for", "openai-portal"]) == 1
    out, _ = capsys.readouterr()
    assert "skill_file_ignored" in out
    assert "\x1b[2J" not in out


@pytest.mark.parametrize("name", ["notes.txt", "empty"])
def test_what_is_no_plugin_is_refused(name: str, tmp_path: Path, capsys: Any) -> None:
    files = {} if name == "empty" else {name: "x"}
    assert "holds no plugin" in refused(write(files, tmp_path / "plugin"), capsys)


def test_a_missing_folder_and_a_foreign_file_are_refused(tmp_path: Path, capsys: Any) -> None:
    assert "cannot read" in refused(tmp_path / "nothing", capsys, "--for", "openai-portal")
    (tmp_path / "a.json").write_text('{"a": 1}')
    assert "not a file that openai-portal knows" in refused(
        tmp_path / "a.json", capsys, "--for", "openai-portal"
    )
    (tmp_path / "b.json").write_text('{"a": ')
    assert "b.json:1" in refused(tmp_path / "b.json", capsys, "--for", "openai-portal")


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(
        ["", " ", "./assets/icon.png", "./skills/", "https://a.example", "\u200b", "#FFFFFF", "x" * 5000]
    )
    | st.text(max_size=5)
)
WORDS = (
    "name version author url interface extensions com.openai review test_cases positive negative logo id "
    "defaultPrompt capabilities mcpServers headers type command apps skills publication translations owner "
    "screenshots onboardingSkill plugins source hooks tools annotations paths get parameters"
)
NAMES = st.sampled_from(sorted(WORDS.split()))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)
PATHS = st.sampled_from(
    (
        *("plugin.json", "mcp.json", ".mcp.json", ".app.json", "openapi.json", "SKILL.md", "README.md"),
        *(".codex-plugin/plugin.json", ".claude-plugin/plugin.json", ".claude-plugin/marketplace.json"),
        *("skills/a/SKILL.md", "skills/a/agents/openai.yaml", "skills", "assets/icon.png"),
    )
)
CONTENTS = VALUES.map(good.encode) | st.binary(max_size=60) | st.sampled_from([good.SKILL.encode(), png(64)])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(PATHS, CONTENTS, max_size=5), st.sampled_from(JUDGES))
def test_any_package_is_judged_or_refused(files: dict[str, bytes], judge: str) -> None:
    raw = pack(files)
    try:
        judged = judge_path("plugin.zip", judge, raw)
    except PgagentsError:
        return
    for one in judged.found:
        assert one.help
        assert one.span.line >= 1


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=80),
    st.integers(0, 200),
    st.sampled_from([png(64), good.jpeg(64, 64), good.webp(64, 64)]),
)
def test_any_bytes_are_a_picture_or_none(raw: bytes, at: int, picture: bytes) -> None:
    for data in (raw, picture[:at] + raw, picture[:at] + raw + picture[at + len(raw) :]):
        with suppress(PictureError):
            assert read_picture(data).width > 0
        with suppress(DrawingError):
            assert read_drawing(data)[0] > 0


@pytest.mark.matrix
def test_a_picture_that_unpacks_without_end_is_counted_in_pieces() -> None:
    """The header says 4,096 pixels a side; the data would be a gigabyte of zeros."""
    unpacker = zlib.compressobj(9)
    body = b"".join([*(unpacker.compress(b"\0" * 10_000_000) for _ in range(100)), unpacker.flush()])
    made = png(4096)
    at = made.index(b"IDAT") - 4
    (size,) = struct.unpack_from(">L", made, at)
    chunk = b"IDAT" + body
    bomb = made[:at] + struct.pack(">L", len(body)) + chunk + struct.pack(">L", zlib.crc32(chunk))
    bomb += made[at + 12 + size :]
    assert read_picture(bomb).width == 4096


def test_every_format_prints_a_package(tmp_path: Path, capsys: Any) -> None:
    files = good.portable()
    files["plugin.json"]["version"] = "one"
    place = write(files, tmp_path / "plugin")
    for form, wanted in (
        ("text", '"version": "one"'),
        ("short", "plugin.json:4:3: error"),
        ("github", "::error"),
    ):
        assert main(["lint", str(place), "--format", form]) == 1
        assert wanted in capsys.readouterr().out
    assert main(["lint", str(place), "--format", "json"]) == 1
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert [one["id"] for one in file["findings"]] == ["openai-portal/plugin_version_not_semver"]
    assert any(one["id"] == "openai-portal/scan_required" for one in file["undecided"])
    assert main(["lint", str(place), "--format", "sarif"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 4


def test_the_texts_of_an_archive_have_one_bound_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small archive may unpack to gigabytes of which each file is small enough."""
    skills = {
        f"skills/s{number}/SKILL.md": f"---\nname: s{number}\ndescription: d\n---\n{'a ' * 1_000}".encode()
        for number in range(5)
    }
    files = {**good.portable(), **skills}
    (tmp_path / "plugin.zip").write_bytes(pack(files))
    write(files, tmp_path / "plugin")
    for path in (tmp_path / "plugin.zip", tmp_path / "plugin"):
        monkeypatch.setattr(package, "MAX_SUM", 30_000)
        assert main(["lint", str(path)]) != 2
        capsys.readouterr()
        monkeypatch.setattr(package, "MAX_SUM", 6_000)
        assert "have more than 6,000 bytes in all" in refused(path, capsys)
