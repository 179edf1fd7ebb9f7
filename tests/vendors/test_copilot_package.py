"""The app package for Microsoft 365 Copilot: whole, the same bytes each time, with the ids that only its
owner knows.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from offering import SHOP, park, shop
from pgagents.base.errors import PgagentsError
from pgagents.catalogue.load import load_file
from pgagents.cli.main import cli, main
from pgagents.generate import store_listing
from pgagents.generate.build import build, document, targets
from pgagents.generate.package import applying, outputs, pack, references

ROOT = Path(__file__).parents[2]
IDS = {"parkgraph_api_key": "NTc4ZjA"}


def package() -> dict[str, bytes]:
    model = park()
    with zipfile.ZipFile(io.BytesIO(pack(model, build(model), IDS).made[0].data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_package_is_flat_and_every_file_in_it_is_named_by_another() -> None:
    files = package()
    app, agent, plugin = (
        json.loads(files[n]) for n in ("manifest.json", "declarativeAgent.json", "ai-plugin.json")
    )
    named = {
        *app["icons"].values(),
        app["copilotAgents"]["declarativeAgents"][0]["file"],
        agent["actions"][0]["file"],
    }
    named |= {runtime["spec"]["url"] for runtime in plugin["runtimes"]}
    assert named | {"manifest.json"} == set(files)
    assert app["name"]["short"] == agent["name"] == plugin["name_for_human"], "the store asks for one name"


def test_package_is_the_same_to_the_byte() -> None:
    one, other = (load_file(ROOT / "catalogue/park_graph.yaml") for _ in range(2))
    assert pack(one, build(one), IDS) == pack(other, build(other), IDS)


def test_package_carries_the_given_reference_id_and_the_generated_manifest_keeps_its_own() -> None:
    auth = json.loads(package()["ai-plugin.json"])["runtimes"][0]["auth"]
    assert auth == {"type": "ApiKeyPluginVault", "reference_id": "NTc4ZjA"}
    assert (
        document(park(), "copilot/ai-plugin.json").data["runtimes"][0]["auth"]["reference_id"]
        == "parkgraph_api_key"
    )


@pytest.mark.matrix
def test_reference_id_is_asked_for_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert references(park()) == ("parkgraph_api_key",)
    out = tmp_path / "out"
    call = ["build", str(ROOT / "catalogue/park_graph.yaml"), "--package", "--out", str(out)]
    assert main([*call, "--reference-id", "parkgraf=x"]) == 2
    assert "parkgraph_api_key" in capsys.readouterr().err
    assert main([*call, "--reference-id", "parkgraph_api_key="]) == 2
    assert not out.exists(), "nothing is half written"
    assert main([*call, "--reference-id", "parkgraph_api_key=abc"]) == 0
    assert (out / "copilot/app.zip").is_file()
    assert main([*call[:2], "--check", "--out", str(out)]) == 0, (
        "a package beside the generated files is not drift"
    )


PACKAGE = {"developer": "Corner Shop", "website": "https://shop.example"}
TERMS = {"api__terms": "https://shop.example/terms", "api__privacy": "https://shop.example/privacy"}
STABLE = {**TERMS, "api__version": "1.0.0"}


def test_package_without_its_id_is_named_and_the_others_are_made() -> None:
    model = shop(surfaces__copilot__package=PACKAGE, **STABLE)
    assert len(applying(model)) == 2
    packed = pack(model, build(model), {})
    assert [one.path for one in packed.made] == ["mcpb/server.mcpb"]
    (name,) = references(model)
    assert packed.left_out == {
        "copilot": (
            f"copilot/app.zip needs the id that the vendor's portal gave for `{name}`",
            f"add --reference-id {name}=ID",
        )
    }
    whole = pack(model, build(model), {name: "abc"})
    assert ({one.path for one in whole.made}, whole.left_out) == ({"copilot/app.zip", "mcpb/server.mcpb"}, {})


def test_a_package_whose_manifest_is_withheld_points_to_its_error() -> None:
    model = shop(surfaces__copilot__package=PACKAGE, **TERMS)
    said = (
        "copilot/app.zip needs copilot/app/manifest.json, which is withheld",
        "mend the error that names it",
    )
    assert pack(model, build(model), dict.fromkeys(references(model), "abc")).left_out["copilot"] == said


def test_all_that_a_package_lacks_is_said_at_once() -> None:
    model = shop(surfaces__copilot__package=PACKAGE, **TERMS)
    why, help = pack(model, build(model), {}).left_out["copilot"]
    assert "manifest.json, which is withheld; and the id that the vendor's portal gave" in why
    assert "mend the error that names it; add --reference-id " in help


def test_lines_that_make_a_package_are_said_where_the_catalogue_has_none() -> None:
    model = shop(**STABLE)
    why, help = pack(model, build(model), {}).left_out["copilot"]
    assert why == "copilot/app.zip needs lines of yours"
    assert "surfaces: {copilot: {package: {developer: …}}}" in help
    assert "--reference-id " in help


def test_where_no_package_can_be_made_the_documents_are_written_and_each_reason_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one of nine catalogues got a file while an id was missing that only a vendor's portal gives."""
    catalogue = ROOT / "tests" / "catalogues" / "payments.yaml"
    out = tmp_path / "generated"
    assert main(["build", str(catalogue), "--package", "--out", str(out)]) == 1
    assert (out / "copilot").is_dir()
    assert "not packed: cowork/plugin.zip needs the id" in (said := capsys.readouterr().err)
    assert "--reference-id" in said


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["parkgraph_api_key=a b"], "characters that no id has"),
        (["parkgraph_api_key=a\x1b[31m"], "characters that no id has"),
        (["parkgraph_api_key=a", "parkgraph_api_key=b"], "given twice"),
    ],
)
def test_reference_id_that_is_none_is_one_message_before_anything_is_built(
    ids: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pgagents.generate.build.build", None)
    words = [word for one in ids for word in ("--reference-id", one)]
    assert (
        main(
            [
                "build",
                str(ROOT / "catalogue/park_graph.yaml"),
                "--package",
                "--out",
                str(tmp_path / "out"),
                *words,
            ]
        )
        == 2
    )
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_reference_id_without_a_package_is_a_wrong_call() -> None:
    found = CliRunner().invoke(cli, ["build", "--reference-id", "parkgraph_api_key=a"])
    assert (found.exit_code, "add --package" in found.output) == (2, True)


def test_checking_and_packing_exclude_each_other() -> None:
    found = CliRunner().invoke(cli, ["build", "--check", "--package"])
    assert (found.exit_code, "--package writes" in found.output) == (2, True)


def test_catalogue_without_a_package_says_what_to_add() -> None:
    model = load_file(SHOP)
    assert applying(model) == {}
    with pytest.raises(PgagentsError, match="nothing to package") as asked:
        pack(model, build(model), {})
    assert "`copilot_mcp`" in asked.value.help
    with pytest.raises(PgagentsError, match="nothing for `copilot/app`") as raised:
        build(model, only=["copilot/app"])
    assert "surfaces.copilot.package" in raised.value.help


def test_app_keeps_its_id_from_build_to_build_and_may_have_its_own() -> None:
    made = document(park(), "copilot/app/manifest.json").data["id"]
    assert made == document(park(), "copilot/app/manifest.json").data["id"]
    given = "11111111-2222-4333-8444-555555555555"
    own = shop(
        surfaces__copilot__package={
            "developer": "Corner Shop",
            "id": given,
            "website": "https://shop.example",
        },
        api__terms="https://shop.example/terms",
        api__privacy="https://shop.example/privacy",
    )
    assert document(own, "copilot/app/manifest.json").data["id"] == given != made


def test_missing_terms_are_an_error_at_the_catalogues_line() -> None:
    built = build(shop(surfaces__copilot__package={"developer": "Corner Shop"}, api__version="1.0.0"))
    assert {d.id for d in built.diagnostics if d.severity == "error"} == {"copilot/app/refused"}


def test_icons_are_as_large_and_as_clear_as_asked() -> None:
    files = package()
    for name, side, clear in (("color.png", 192, False), ("outline.png", 32, True)):
        chunks = dict(chunks_of(files[name]))
        width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
        assert (width, height, depth, kind) == (side, side, 1, 3)
        assert chunks[b"PLTE"][3:] == b"\xff\xff\xff", "letters are white"
        assert (b"tRNS" in chunks) is clear
        pixels = zlib.decompress(chunks[b"IDAT"])
        assert len(pixels) == side * (1 + side // 8)
        assert any(pixels), "something is drawn"


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        found.append((kind, body))
        at += 12 + size
    return found


@pytest.mark.parametrize(
    ("name", "letters"), [("Park Graph Parking", "PG"), ("shop", "S"), ("日本 Zoo", "Z"), ("日本", "O")]
)
def test_initials_are_letters_that_can_be_drawn(name: str, letters: str) -> None:
    assert store_listing.initials(name) == letters
    assert store_listing.draw_icon(letters, 32, "#000000")


def test_an_mcp_server_gets_no_api_key() -> None:
    model = shop(surfaces__copilot_mcp__auth={"type": "ApiKeyPluginVault", "reference_id": "x"})
    assert "copilot/mcp_plugin/refused" in {d.id for d in build(model).diagnostics}
    assert not build(shop()).diagnostics


def test_an_mcp_servers_functions_are_its_tools() -> None:
    plugin = document(shop(), "copilot/mcp-plugin.json").data
    runtime = plugin["runtimes"][0]
    tools = [tool["name"] for tool in runtime["spec"]["mcp_tool_description"]["tools"]]
    assert tools == runtime["run_for_functions"] == [f["name"] for f in plugin["functions"]]
    served = {tool["name"]: tool for tool in document(shop(), "mcp/tools.json").data["tools"]}
    for tool in runtime["spec"]["mcp_tool_description"]["tools"]:
        assert tool["inputSchema"] == served[tool["name"]]["inputSchema"]


def test_no_generated_file_is_named_like_a_package() -> None:
    packages = {"claude_plugin/draft.zip", "copilot/app.zip", "cowork/plugin.zip", "mcpb/server.mcpb"}
    assert outputs() == packages
    assert not outputs() & {path for target in targets().values() for path in target.outputs}
