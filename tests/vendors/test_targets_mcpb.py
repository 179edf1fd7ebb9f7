"""The MCP bundle: manifest, launcher, and the zip of `build --package`."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from offering import OFFERING, shop
from pgagents.base.errors import PgagentsError
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.package import pack

HOSTED = {"actions": "all", "server": "https://shop.example/mcp"}


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue with a listing."""
    return OFFERING[request.param]()


def _files(model: Model) -> dict[str, bytes]:
    built = build(model, only=["mcpb"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return {a.path.removeprefix("mcpb/"): a.data for a in built.artifacts()}


def test_the_host_asks_for_each_key(model: Model) -> None:
    manifest = json.loads(_files(model)["manifest.json"])
    asked = manifest["user_config"]
    assert all(one["sensitive"] for one in asked.values())
    values = set(manifest["server"]["mcp_config"]["env"].values())
    assert {f"${{user_config.{name}}}" for name in asked} <= values


def test_a_key_that_no_tool_needs_alone_is_not_required() -> None:
    two = {"token": {"type": "http_bearer"}, "key": {"type": "api_key", "in": "header", "name": "X-Key"}}
    model = shop(auth__schemes=two, security=[{"token": []}, {"key": []}])
    asked = json.loads(_files(model)["manifest.json"])["user_config"]
    assert [one["required"] for one in asked.values()] == [False, False]
    (only,) = json.loads(_files(shop())["manifest.json"])["user_config"].values()
    assert only["required"]


def test_a_hosted_server_is_reached_by_a_bridge_with_the_key_in_a_variable() -> None:
    files = _files(shop(surfaces__mcp=HOSTED))
    env = json.loads(files["manifest.json"])["server"]["mcp_config"]["env"]
    assert env == {"CORNERSHOP_API_KEY": "Bearer ${user_config.cornershop_api_key}"}
    launcher = files["server/index.js"].decode()
    header = '"--header","Authorization:${CORNERSHOP_API_KEY}"'
    assert f'"mcp-remote@0.15.1","https://shop.example/mcp",{header}' in launcher


def test_the_launcher_starts_the_server_and_hands_everything_through(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    (tmp_path / "index.js").write_bytes(_files(shop())["server/index.js"])
    fake = tmp_path / "npx"
    fake.write_text('#!/bin/sh\necho "$@" "$SHOP_TOKEN"\ncat\nexit 7\n', encoding="utf-8")
    fake.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "SHOP_TOKEN": "a-key"}
    done = subprocess.run(
        [node, str(tmp_path / "index.js")],
        input="a message\n",
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "-y corner-shop-mcp a-key\na message\n"
    assert done.returncode == 7


def test_the_bundle_is_the_same_bytes_each_time(model: Model) -> None:
    built = build(model)
    ids = {"parkgraph_api_key": "an-id", "corner_shop_token": "an-id"}
    first, second = ({a.path: a.data for a in pack(model, built, ids).made} for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first["mcpb/server.mcpb"])) as archive:
        assert sorted(archive.namelist()) == ["icon.png", "manifest.json", "server/index.js"]
        assert archive.read("manifest.json") == _files(model)["manifest.json"]


def test_only_what_was_built_is_packed() -> None:
    model = OFFERING["park_graph"]()
    packed = pack(model, build(model, only=["mcpb"]), {})
    assert [artifact.path for artifact in packed.made] == ["mcpb/server.mcpb"]
    with pytest.raises(PgagentsError, match="no package can be made"):
        pack(model, build(model, only=["gemini"]), {})
