"""Building: all or nothing, the same bytes each time, and a check that sees every drift."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

import offering
from pgagents.base.errors import PgagentsError
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_file, load_text
from pgagents.cli.main import main
from pgagents.generate import files
from pgagents.generate.build import build, plan, targets
from pgagents.generate.files import differences, write
from pgagents.generate.render import Artifact, Renderer
from pgagents.generate.target import BoundTarget, Loss, Note, Target, View

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "tests" / "catalogues" / "shop.yaml"


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def _shop(tmp_path: Path, **changes: Any) -> Path:
    """A copy of the shop, changed at dotted places."""
    data = parse(SHOP.read_text(encoding="utf-8")).data
    for place, value in changes.items():
        *path, last = place.split("__")
        here = data
        for step in path:
            here = here[step]
        if value is None:
            del here[last]
        else:
            here[last] = value
    file = tmp_path / "changed.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return file


def _build(*arguments: Any) -> int:
    return main(["build", *map(str, arguments)])


def test_building_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert _build(SHOP, "--out", tmp_path / name) == 0
    assert _tree(tmp_path / "one") == _tree(tmp_path / "two")


def test_the_bytes_do_not_depend_on_the_process(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "pgagents.cli.main"]
        code = (
            f"import sys; from pgagents.cli.main import main; sys.exit(main(['build', {str(SHOP)!r}, "
            f"'--out', {str(tmp_path / seed)!r}]))"
        )
        subprocess.run(
            [*command[:1], "-c", code], env=environment, cwd=tmp_path, check=True, capture_output=True
        )
    assert _tree(tmp_path / "1") == _tree(tmp_path / "2")


def test_the_bytes_do_not_depend_on_how_the_catalogue_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SHOP.parent)
    assert _build("shop.yaml", "--out", tmp_path / "near") == 0
    assert _build(SHOP, "--out", tmp_path / "far") == 0
    assert _tree(tmp_path / "near") == _tree(tmp_path / "far")


def test_every_target_of_every_vendor_is_built_for_the_shop(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(offering.shop_text(), encoding="utf-8")
    assert _build(tmp_path / "shop.yaml", "--out", tmp_path / "out") == 0
    no_coordinates = {
        "widget/index.html"
    }  # nothing of the shop lies anywhere, so there is no map to search on
    no_terms = {
        "copilot/app/manifest.json",
        "copilot/app/declarativeAgent.json",
        "cowork/color.png",
        "cowork/manifest.json",
        "cowork/outline.png",
        "cowork/skills/*/SKILL.md",
        "cowork/tools.json",
        "power_platform/apiDefinition.swagger.json",
        "power_platform/apiProperties.json",
        "power_platform/icon.png",
    }  # it has none, so no store would take an app of it
    no_hosted_server = {
        "mcp/server-card.json",
        "web/ai-catalog.json",
        "web/ard.json",
    }  # clients start its MCP server themselves, so there is none to find
    patterns = {path for t in targets().values() for path in t.outputs}
    found = set(_tree(tmp_path / "out"))
    written = {pattern for pattern in patterns if any(Path(path).match(pattern) for path in found)}
    assert written == patterns - no_coordinates - no_terms - no_hosted_server
    assert [path for path in found if not any(Path(path).match(pattern) for pattern in patterns)] == []


def test_summary_counts_what_tools_cost_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _build(SHOP, "--out", tmp_path)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    tools = json.loads((tmp_path / "xai/tools.chat.json").read_bytes())
    characters = len(json.dumps(tools, ensure_ascii=False, separators=(",", ":")))
    assert f"{characters:,} chars, ~{round(characters / 4, -2):,.0f} tokens" in lines["xai/tools.chat.json"]
    assert "tokens" not in lines["openai/openapi.yaml"]
    assert all(len(line) <= 100 for line in lines.values())


def test_json_and_yaml_of_one_target_are_one_document(tmp_path: Path) -> None:
    _build(SHOP, "--out", tmp_path)
    pairs = [p for p in tmp_path.rglob("*.yaml") if p.with_suffix(".json").exists()]
    assert pairs
    for pair in pairs:
        assert yaml.safe_load(pair.read_text(encoding="utf-8")) == json.loads(
            pair.with_suffix(".json").read_bytes()
        )


def test_a_check_after_a_build_finds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _build(SHOP, "--out", tmp_path)
    assert _build(SHOP, "--out", tmp_path, "--check") == 0
    assert "is as built" in capsys.readouterr().out


def test_a_check_names_each_drift_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _build(SHOP, "--out", tmp_path)
    (tmp_path / "gemini/functions.json").unlink()
    changed = tmp_path / "xai/tools.chat.json"
    changed.write_text(
        changed.read_text(encoding="utf-8").replace("Search the shop", "Search no shop"), encoding="utf-8"
    )
    (tmp_path / "openai/left.json").write_text("{}", encoding="utf-8")
    (tmp_path / "notes.md").write_text("mine", encoding="utf-8")
    before = _tree(tmp_path)
    capsys.readouterr()
    assert _build(SHOP, "--out", tmp_path, "--check") == 1
    said = capsys.readouterr().err
    assert "gemini/functions.json is missing" in said
    assert "xai/tools.chat.json changed" in said
    assert "Search no shop" in said
    assert "openai/left.json is not a file that this catalogue generates" in said
    assert "notes.md" not in said
    assert _tree(tmp_path) == before


def test_the_diff_of_a_check_is_short(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.json").write_text("\n".join(map(str, range(1000))), encoding="utf-8")
    found = differences(tmp_path, [Artifact("a/b", "a/b.json", b"x\n")])
    assert len(found[0].diff) <= files.DIFF_LINES + 1


def test_caches_and_hidden_files_are_no_drift(tmp_path: Path) -> None:
    _build(SHOP, "--out", tmp_path)
    for name in ("pgagents/__pycache__/x.pyc", "openai/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert _build(SHOP, "--out", tmp_path, "--check") == 0


def test_a_surface_that_is_gone_takes_its_files_with_it_and_leaves_strangers(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _build(SHOP, "--out", out)
    (out / "xai/mine.txt").write_text("mine", encoding="utf-8")
    smaller = _shop(tmp_path, surfaces__xai=None)
    assert _build(smaller, "--out", out) == 0
    assert not (out / "xai/tools.chat.json").exists()
    assert (out / "xai/mine.txt").read_text(encoding="utf-8") == "mine"
    assert (out / "gemini/functions.json").exists()


def test_a_stale_file_of_a_surface_that_is_gone_is_found_by_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    _build(SHOP, "--out", out)
    assert _build(_shop(tmp_path, surfaces__xai=None), "--out", out, "--check") == 1
    assert "xai/tools.chat.json is not a file that this catalogue generates" in capsys.readouterr().err


def test_one_target_is_built_alone(tmp_path: Path) -> None:
    assert _build(SHOP, "--out", tmp_path, "--target", "gemini/functions") == 0
    assert set(_tree(tmp_path)) == {"gemini/functions.json"}
    assert _build(SHOP, "--out", tmp_path, "--target", "xai") == 0
    assert set(_tree(tmp_path)) == {
        "gemini/functions.json",
        "xai/tools.chat.json",
        "xai/tools.responses.json",
    }


def test_the_losses_built_alone_are_those_of_a_whole_build(tmp_path: Path) -> None:
    _build(SHOP, "--out", tmp_path / "whole")
    _build(SHOP, "--out", tmp_path / "alone", "--target", "pgagents/losses")
    assert _tree(tmp_path / "alone")["pgagents/losses.md"] == _tree(tmp_path / "whole")["pgagents/losses.md"]


def test_an_unknown_target_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _build(SHOP, "--out", tmp_path / "out", "--target", "gemini/function") == 2
    assert "gemini/functions" in capsys.readouterr().err
    assert _build(SHOP, "--out", tmp_path / "out", "--target", "nothing-like-it") == 2
    said = capsys.readouterr().err
    assert "name a vendor (" in said
    assert "agent_plugin, agentcore, anthropic, " in said
    assert not (tmp_path / "out").exists()


def test_a_target_without_its_surface_is_a_wrong_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _build(_shop(tmp_path, surfaces__xai=None), "--out", tmp_path / "out", "--target", "xai") == 2
    assert "add `xai:` under `surfaces`" in capsys.readouterr().err


def test_a_hosted_file_that_nothing_generates_is_refused_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = _shop(tmp_path, api__hosted={"openai/openapi.yml": "/x.yml"})
    assert _build(catalogue, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "nothing generates it" in said
    assert "openai/openapi.yml: /x.yml" in said
    assert not (tmp_path / "out").exists()


def _refused(tmp_path: Path) -> Path:
    """A catalogue that loads, but has a name that Gemini refuses."""
    return _shop(tmp_path, actions__search_products__texts={"gemini": {"name": "has-dash"}})


def test_what_a_vendor_refuses_is_told_at_the_catalogues_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _build(_refused(tmp_path), "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "error[gemini/functions/refused]" in said
    assert "name: has-dash" in said
    assert not (tmp_path / "out").exists()


def test_keep_going_writes_the_other_vendors_and_names_the_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    _build(SHOP, "--out", out)
    old = _tree(out)
    (out / "xai/tools.chat.json").write_text("old", encoding="utf-8")
    assert _build(_refused(tmp_path), "--out", out, "--keep-going") == 1
    assert "stale: " in (said := capsys.readouterr().err)
    assert "gemini/functions.json" in said
    new = _tree(out)
    assert new["xai/tools.chat.json"] == old["xai/tools.chat.json"]
    assert new["gemini/functions.json"] == old["gemini/functions.json"]


@pytest.mark.parametrize("way", ["a folder inside", "a file inside"])
def test_a_symbolic_link_inside_the_output_is_not_written_through(
    way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "theirs").write_text("theirs", encoding="utf-8")
    if way == "a folder inside":
        (out / "openai").symlink_to(elsewhere, target_is_directory=True)
    else:
        (out / "openai").mkdir()
        (out / "openai/openapi.json").symlink_to(elsewhere / "theirs")
    assert main(["build", str(SHOP), "--out", str(out)]) == 2
    assert "is a symbolic link" in capsys.readouterr().err
    assert [p.name for p in elsewhere.iterdir()] == ["theirs"]
    assert (elsewhere / "theirs").read_text(encoding="utf-8") == "theirs"
    assert [p.name for p in out.iterdir()] == ["openai"]


def test_an_output_folder_that_is_itself_a_link_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real", target_is_directory=True)
    assert main(["build", str(SHOP), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "real/openai").is_dir()


@pytest.mark.parametrize("kind", ["file", "below a file", "read-only"])
def test_an_output_folder_that_cannot_be_is_one_message(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    if kind == "read-only":
        if os.geteuid() == 0:
            pytest.skip("root may write anywhere")
        tmp_path.chmod(0o500)
    else:
        out.write_text("mine", encoding="utf-8")
        out = out / "deeper" if kind == "below a file" else out
    try:
        assert _build(SHOP, "--out", out) == 2
    finally:
        tmp_path.chmod(0o700)
    said = capsys.readouterr().err
    assert said.count("error: ") == 1
    assert "Traceback" not in said


def _artifacts(content: bytes) -> list[Artifact]:
    return [Artifact(f"v/{n}", f"v/{n}.json", content) for n in "abc"]


def test_a_write_that_fails_in_the_middle_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write(out, _artifacts(b"old")[:2])
    replaced = Path.replace
    calls = []

    def failing(self: Path, target: Any) -> Any:
        calls.append(target)
        if len(calls) == 3:
            raise OSError(28, "No space left on device", str(target))
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(PgagentsError, match="No space left"):
        write(out, _artifacts(b"new"))
    monkeypatch.undo()
    assert _tree(out) == {"v/a.json": b"old", "v/b.json": b"old"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


KILLED = """
import os, signal, sys
from pathlib import Path
from pgagents.generate.files import write
from pgagents.generate.render import Artifact
replaced, calls = Path.replace, []
def slow(self, target):
    calls.append(target)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return replaced(self, target)
Path.replace = slow
write(Path(sys.argv[1]), [Artifact(f"v/{n}", f"v/{n}.json", b"new" * 10000) for n in "abc"])
"""


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_killed_build_leaves_whole_files_and_the_next_one_cleans_up(moment: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, [Artifact(f"v/{n}", f"v/{n}.json", b"old") for n in "abc"])
    done = subprocess.run([sys.executable, "-c", KILLED, str(out), str(moment)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert set(_tree(out).values()) <= {b"old", b"new" * 10000}
    assert list(_tree(out).values()).count(b"old") == 4 - moment
    assert len(list(tmp_path.iterdir())) == 2
    write(out, _artifacts(b"newer"))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_build_that_runs_beside_is_left_in_peace(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        stage = tmp_path / f".out.pgagents-{other.pid}"
        stage.mkdir()
        write(tmp_path / "out", _artifacts(b"x"))
        assert stage.is_dir()
    finally:
        other.kill()
        other.wait()


def test_files_that_are_the_same_are_not_touched(tmp_path: Path) -> None:
    write(tmp_path, _artifacts(b"x"))
    moment = time.time() - 1000
    for file in (tmp_path / "v").iterdir():
        os.utime(file, (moment, moment))
    assert write(tmp_path, [*_artifacts(b"x")[:2], Artifact("v/c", "v/c.json", b"y")]) == ["v/c.json"]
    assert [f.stat().st_mtime < moment + 1 for f in sorted((tmp_path / "v").iterdir())] == [True, True, False]


def test_the_catalogue_of_the_bench_builds_for_every_target_it_has_a_surface_for() -> None:
    spec = importlib.util.spec_from_file_location("bench_catalogue", ROOT / "evaluation/bench/catalogue.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    built = build(load_text(made.make_catalogue(40)))
    assert not built.diagnostics
    assert {"openai/openapi", "copilot/openapi", "gemini/functions", "xai/tools_chat"} <= {
        r.made.id for r in built.rendered
    }


# what vendors take at most, and templates


def _noting(_: Any) -> View:
    return View({"functions": []}, (), (Note(("surfaces", "gemini"), "3 tools; at most 2", "offer fewer"),))


def test_counts_past_a_limit_warn_and_are_errors_when_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Target(
        "Gemini functions",
        ("gemini/functions.json",),
        _noting,
        surface="gemini",
        max_bytes=10,
        template="tool_list/gemini",
    )
    monkeypatch.setattr("pgagents.generate.build.targets", lambda: {"gemini/functions": small})
    model = load_file(SHOP)
    for strict, severity in ((False, "warning"), (True, "error")):
        found = [
            d
            for d in build(model, only=["gemini"], strict=strict).diagnostics
            if d.id == "gemini/functions/limit"
        ]
        assert {d.severity for d in found} == {severity}
        assert {d.message for d in found} == {
            "3 tools; at most 2",
            "gemini/functions.json has 33 bytes; Gemini functions takes at most 10",
        }


def _templates(tmp_path: Path, text: str) -> Path:
    (tmp_path / "gemini").mkdir()
    (tmp_path / "gemini/functions.j2").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_users_template_replaces_ours(tmp_path: Path) -> None:
    folder = _templates(
        tmp_path,
        '{"functionDeclarations": [{"name": {{ functions[0].name | json }}, "description": "mine"}]}',
    )
    out = tmp_path / "out"
    assert _build(SHOP, "--out", out, "--target", "gemini", "--templates", folder) == 0
    assert json.loads((out / "gemini/functions.json").read_bytes()) == {
        "functionDeclarations": [{"name": "search_products", "description": "mine"}]
    }


def test_a_users_shared_template_replaces_ours_except_where_a_document_has_its_own(tmp_path: Path) -> None:
    def nested(description: str) -> str:
        members = '"name": {{ tools[0].name }}, "parameters": {{ tools[0].parameters }}'
        tool = f'{{{members}, "description": "{description}"}}'
        return f'[{{"type": "function", "function": {tool}}}]'

    def described(path: str) -> list[str]:
        tools = json.loads((tmp_path / path).read_bytes())
        return [tool.get("function", tool)["description"] for tool in tools]

    (tmp_path / "tool_list").mkdir()
    (tmp_path / "tool_list/nested.j2").write_text(nested("of the form"), encoding="utf-8")
    (tmp_path / "xai").mkdir()
    (tmp_path / "xai/tools_chat.j2").write_text(nested("of the document"), encoding="utf-8")
    assert _build(SHOP, "--out", tmp_path, "--target", "xai", "--templates", tmp_path) == 0
    assert described("xai/tools.chat.json") == ["of the document"]
    assert len(described("xai/tools.responses.json")) > 1
    (tmp_path / "xai/tools_chat.j2").unlink()
    assert _build(SHOP, "--out", tmp_path, "--target", "xai", "--templates", tmp_path) == 0
    assert described("xai/tools.chat.json") == ["of the form"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ functions[0].name | md }}", "No filter named 'md'"),
        ("{{ functions[0].nothing | json }}", "has no attribute 'nothing'"),
        ("{{ nothing | json }}", "'nothing' is undefined"),
        ("{% for x in %}", "gemini/functions.j2:1"),
        ("{{ 1 / 0 }}", "gemini/functions.j2:1: division by zero"),
        ("{{ 'x' * 10**18 }}", "gemini/functions.j2:1: it asks for more memory than there is"),
        ("{{ functions[0].name + 1 }}", "gemini/functions.j2:1: can only concatenate"),
        ("{% for n in range(10 ** 9) %}x{% endfor %}", "gemini/functions.j2:1: Range too big"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "gemini/functions.j2:1: maximum recursion"),
        ('{"a": 1, "a": 2}', "the member `a` twice"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1,}', "does not write JSON"),
        ("", "does not write JSON"),
    ],
)
def test_a_template_that_does_not_write_json_is_one_message(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _templates(tmp_path, text)
    assert _build(SHOP, "--out", tmp_path / "out", "--target", "gemini/functions", "--templates", folder) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "gemini/functions.j2" in said
    assert not (tmp_path / "out").exists()


def test_a_bare_value_is_written_in_the_files_own_language(tmp_path: Path) -> None:
    """A template cannot forget the escape of its language, and has no filter of another one."""
    folder = _templates(
        tmp_path, '{"functionDeclarations": [{"name": {{ functions[0].name }}, "description": "x"}]}'
    )
    assert _build(SHOP, "--out", tmp_path, "--target", "gemini", "--templates", folder) == 0
    made = json.loads((tmp_path / "gemini/functions.json").read_bytes())
    assert made == {"functionDeclarations": [{"name": "search_products", "description": "x"}]}


def test_losses_name_the_catalogues_lines(tmp_path: Path) -> None:
    _build(SHOP, "--out", tmp_path, "--full")
    model = load_file(SHOP)
    text = (tmp_path / "pgagents/losses.md").read_text(encoding="utf-8")
    for id, target in plan(model).items():
        if isinstance(target, Target):
            for loss in target.view(model).losses:
                line = model.source.locate(loss.origin).line
                assert f"| {line} | `{'.'.join(map(str, loss.origin))}`" in text, (id, loss)


def test_odd_losses_do_not_break_their_table() -> None:
    model = load_file(SHOP)
    from pgagents.generate.targets.pgagents import losses

    odd = View({}, (Loss(("actions",), "pattern ^a|`b`|\n*$", "dropped", "a | b"),))
    target = Target("Odd | title", ("x/y.json",), lambda _: odd)
    view = losses.view(model, (BoundTarget("x/y", target, odd),))
    text = Renderer().render(BoundTarget("pgagents/losses", losses.TARGET, view)).text
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 7


def test_hosting_lists_what_the_catalogue_hosts(tmp_path: Path) -> None:
    _build(SHOP, "--out", tmp_path)
    hosted = json.loads((tmp_path / "pgagents/hosting.json").read_bytes())["files"]
    assert {
        "file": "openai/openapi.yaml",
        "url": "https://shop.example/agents/openapi.yaml",
        "contentType": "application/yaml",
    } in hosted
    assert all((tmp_path / entry["file"]).is_file() for entry in hosted)


def test_a_catalogue_with_nothing_hosted_builds() -> None:
    data = parse(SHOP.read_text(encoding="utf-8")).data
    del data["api"]["hosted"]
    data["surfaces"] = {"rest": {}}
    built = build(load_text(yaml.safe_dump(data, sort_keys=False)))
    for_every_api = {
        "openapi/openapi",
        "pgagents/losses",
        "pgagents/pytest",
        "web/llms",
    }
    assert {r.made.id for r in built.rendered} == {*for_every_api, "arazzo/workflows"}
    assert not built.diagnostics


def test_a_note_that_two_editions_of_a_document_share_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operation = {"summary": "Look", "responses": {"200": {"content": {"application/json": {"schema": {}}}}}}
    paths = {f"/r{n}": {"get": {"operationId": f"look_{n}", **operation}} for n in range(11)}
    document = {"openapi": "3.1.0", "info": {"title": "Rooms", "version": "1"}, "paths": paths}
    (tmp_path / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    api = "{server: https://api.museum.net, contact: a@museum.net}"
    catalogue = tmp_path / "rooms.yaml"
    catalogue.write_text(
        f"pgagents: 1\nopenapi: ./openapi.json\napi: {api}\nsurfaces: {{copilot: {{actions: all}}}}\n",
        encoding="utf-8",
    )
    assert main(["build", str(catalogue), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err.count("11 functions; Copilot chooses less well") == 1
