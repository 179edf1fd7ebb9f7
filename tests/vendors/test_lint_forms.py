"""The forms in which `pgagents lint` prints findings, which findings fail, and what is bounded however
large a file is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import Diagnostic, shorten, show
from pgagents.base.places import Span
from pgagents.cli.inputs import report_files
from pgagents.cli.main import main
from pgagents.lint import formats
from pgagents.lint import formats as as_text
from pgagents.lint.document import read
from pgagents.lint.importers.gpt_builder import judge as gpt_builder
from pgagents.lint.judge import judge

OPERATION = {
    "operationId": "getThing",
    "description": "Gets it.",
    "responses": {"200": {"description": "ok"}},
}
OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "https://t.example"}],
    "paths": {"/a": {"get": OPERATION}},
    "components": {"schemas": {}},
}
SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "t", "version": "1"},
    "host": "t.example",
    "paths": {"/a": {"parameters": [{"name": "id", "in": "query", "type": "string"}], "get": OPERATION}},
}


def written(folder: Path, data: Any) -> str:
    file = folder / "document.json"
    file.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return str(file)


def said(data: Any, name: str) -> Any:
    source = read(json.dumps(data).encode(), "document.json")
    return gpt_builder(source)[0] if name == "gpt-builder" else judge(source, name)


def test_short_form_is_a_line_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, SWAGGER)
    assert main(["lint", file, "--for", "gpt-builder", "--format", "short"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        f"{file}:1:2: warning: [gpt-builder/advice-swagger] the document is Swagger 2.0, which the "
        "builder does not read (/swagger)"
    )
    assert all(line.startswith(f"{file}:1:") for line in lines)
    main(["lint", file, "--for", "gpt-builder", "--format", "json"])
    found = json.loads(capsys.readouterr().out)["files"][0]["findings"]
    assert [
        f"{file}:{f['line']}:{f['column']}: {f['severity']}: [{f['id']}] {f['message']}"
        + (f" ({f['pointer']})" if "pointer" in f else "")
        for f in found
    ] == lines


def test_short_form_of_nothing_found_is_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", written(tmp_path, OPENAPI), "--for", "gpt-builder", "--format", "short"]) == 0
    assert capsys.readouterr().out == ""


QUIET = {"readOnlyHint": True, "openWorldHint": True}
TOOLS = {
    "error": [
        {"name": "find", "description": "Find.", "inputSchema": {"type": "array"}, "annotations": QUIET}
    ],
    "warning": [
        {"name": "créer", "description": "Find.", "inputSchema": {"type": "object"}, "annotations": QUIET}
    ],
    "note": [
        {
            "name": "find",
            "description": "Find.",
            "inputSchema": {"type": "object"},
            "annotations": {"readOnlyHint": True},
        }
    ],
}
FAILS = {
    "error": {"error"},
    "warning": {"error", "warning"},
    "note": {"error", "warning", "note"},
    "never": set[str](),
    "": {"error", "warning"},
}


@pytest.mark.parametrize("on", FAILS)
@pytest.mark.parametrize("worst", TOOLS)
def test_exit_code_is_as_fail_on_says(
    on: str, worst: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["lint", written(tmp_path, TOOLS[worst]), *(["--fail-on", on] if on else [])]
    assert main(words) == (1 if worst in FAILS[on] else 0)
    assert f"1 {worst}" in capsys.readouterr().out


def test_unreadable_input_fails_whatever_fail_on_says(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert main(["lint", str(tmp_path / "broken.json"), "--fail-on", "never"]) == 2


def test_terminal_gets_colours_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["lint", written(tmp_path, SWAGGER), "--for", "copilot"]
    main(words)
    plain = capsys.readouterr().out
    assert "\x1b" not in plain
    monkeypatch.setattr(report_files, "colour", lambda: True)
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    main(words)
    assert capsys.readouterr().out == plain.replace(
        "warning[copilot-import/convert-swagger-to-openapi]",
        "\x1b[1;33mwarning[copilot-import/convert-swagger-to-openapi]\x1b[0m",
    )


@pytest.mark.parametrize("name", ["gpt-builder", "copilot"])
def test_first_line_says_that_a_document_is_swagger(name: str) -> None:
    assert "Swagger 2.0" in as_text.render_text([said(SWAGGER, name)]).splitlines()[0]


def test_parameters_of_a_path_get_their_own_help() -> None:
    data = {
        **OPENAPI,
        "paths": {"/a": {"parameters": [], "summary": "s", "head": OPERATION, "get": OPERATION}},
    }
    helps = {
        d.message.split()[-2]: d.help
        for d in said(data, "gpt-builder").found
        if d.id == "gpt-builder/unrecognized-method"
    }
    assert "into each operation" in helps["parameters;"]
    assert "imports these all the same" in helps["summary;"]
    assert "the operation is not imported" in helps["head;"]


def test_size_that_the_builder_counts_is_said_beside_the_files() -> None:
    data = {**OPENAPI, "x-deep": [[[[[[[[["a"] * 60_000]]]]]]]]}
    raw = json.dumps(data, separators=(",", ":")).encode()
    (found,) = [d for d in gpt_builder(read(raw, "document.json"))[0].found if d.id == "gpt-builder/too-big"]
    laid_out = len(json.dumps(data, indent=2).encode())
    assert laid_out > 1_000_000 > len(raw)
    assert (
        f"size: {laid_out:,} bytes as the builder lays the document out, "
        f"with an indent of two; the file has {len(raw):,}" in found.notes
    )


@pytest.mark.parametrize("char", ["\x7f", "\x80", "\x9f", "\u2028", "\ufffe", "\U0001f600", "\x85"])
def test_every_character_that_json_takes_is_read(char: str) -> None:
    source = read(
        json.dumps({"openapi": "3.1.0", "info": {"title": char}}, ensure_ascii=False).encode(),
        "document.json",
    )
    assert source.data["info"]["title"] == char
    assert source.locate(("info", "title")) == Span("document.json", 1, 31)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud800"}',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "{a: 1}",
        '{"a": 1e999}',
        '{"a": 1} x',
        "[" * 200 + "]" * 200,
    ],
)
def test_what_is_no_json_is_left_to_the_reader_of_yaml(text: str) -> None:
    from pgagents.base.reading import read_json

    assert read_json(text, "document.json", 1000) is None


@pytest.mark.parametrize("indent", [None, 0, 3])
@pytest.mark.parametrize("text", ["é😀", 'a\\b"c', "{[,:]}", ""])
def test_places_and_values_are_those_of_the_reader_of_yaml(indent: int | None, text: str) -> None:
    from pgagents.base.reading import parse, read_json

    data = {text: [1, -2.5, True, None, {}, [], {"b": [text, {text: text}]}], "c": {"d": {"e": 1}}}
    written = json.dumps(data, indent=indent, ensure_ascii=False)
    ours, theirs = read_json(written, "d.json", 1000), parse(written, "d.json", foreign=True)
    assert ours is not None
    assert (ours.data, ours.root) == (theirs.data, theirs.root) == (data, theirs.root)


@pytest.mark.matrix
def test_text_of_megabytes_is_shown_shortened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 1_600_000
    data = {
        **OPENAPI,
        "openapi": "3.0.3",
        "paths": {"/a": {"get": {**OPERATION, "description": long, "operationId": "x" * 1_000_000}}},
    }
    file = written(tmp_path, data)
    for words in (
        ["--for", "copilot"],
        ["--for", "gpt-builder"],
        ["--for", "copilot", "--format", "short"],
        ["--for", "copilot", "--format", "github"],
    ):
        main(["lint", file, *words])
        assert max(map(len, capsys.readouterr().out.splitlines())) < 2_000, words


def test_shortened_text_says_how_long_it_was() -> None:
    assert shorten("a\n b", 20) == "a b"
    assert shorten("x" * 50, 20) == f"{'x' * 20}… (50 characters)"
    assert shorten("x " * 5_000, 20).endswith("… (10,000 characters)")


def test_every_form_shortens_what_it_prints() -> None:
    found = Diagnostic(Span("a.yaml", 1, 1), "a/b", "error", "m" * 5_000, "h" * 5_000)
    one = said(OPENAPI, "gpt-builder")
    one = type(one)(one.source, one.judge, one.title, (found,))
    for text in (
        show(found),
        as_text.render_text([one]),
        formats.render_short([one]),
        formats.render_github([one]),
    ):
        assert "m" * 601 not in text
        assert "(5,000 characters)" in text
