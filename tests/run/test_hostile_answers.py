"""A report of a server whose answers contain sequences for terminals, job logs and pages."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harm.cases import CASES
from harm.runs import run, server_of, text_of
from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.catalogue.load import load_text
from pgagents.cli.inputs.report_files import render
from pgagents.cli.main import main

HOSTILE = (
    "\x1b[2J\x1b]8;;http://evil.example\x07\r\n::error::made up\n##[error]made up\n::stop-commands::x\u2028"
    "<img src=x onerror=alert(1)>](http://evil.example)|`~\u202e\x00\x9b1m"
)
LINE = HOSTILE.replace("\r", "").replace("\n", "").replace("\x00", "")
"""What can stand in a header."""
NAME = "open_door"
FORMATS = ("text", "markdown", "junit", "github", "html", "sarif", "json")


def poison(value: Any) -> Any:
    """Return an answer's value with the sequences in each text but an id, and in a member's name."""
    if isinstance(value, dict):
        kept = {k: v if k == "id" else poison(v) for k, v in value.items()}
        return {**kept, f"note{HOSTILE}": HOSTILE}
    if isinstance(value, list):
        return [poison(one) for one in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


@cache
def reported() -> bytes:
    """Return the JSON report of a run, in which answers were judged wrong."""
    server = server_of(NAME)

    def handler(request: Request) -> Response | Silence:
        answer = server(request)
        if isinstance(answer, Silence) or not answer.body:
            return answer
        bad = json_bytes(poison(read_json(answer.body).value))
        return Response(answer.status, (*answer.headers, ("X-Note", LINE)), bad)

    report = run(NAME, server, handler=handler)
    assert report.findings
    source = load_text(text_of(CASES[NAME]), f"{NAME}.yaml").source
    return render("json", report, source)


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_server_answered_is_only_text_in_every_format(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(reported())
    held = [e for f in json.loads(reported())["findings"] for e in f["exchanges"]]
    assert "\\u001b[2J" in json.dumps(held), "the report has what the server sent"
    assert main(["report", "show", str(path), "--format", form, "--odd", "--why", "-v"]) == 0
    shown = capsys.readouterr().out
    assert [c for c in shown if not c.isprintable() and c not in "\n\t"] == []
    lines = shown.splitlines()
    said = [line for line in lines if re.match(r"\s*(::|##\[)", line)]
    if form == "github":
        ours = re.compile(r"::(error|warning|notice) (file=|title=)")
        assert [line for line in said if not ours.match(line)] == []
    else:
        assert said == []
    if form == "html":
        assert "<img" not in shown
    if form == "markdown":
        fenced = re.sub(r"^(`{3,}).*?^\1`*$", "", shown, flags=re.M | re.S)
        plain = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", fenced)
        assert "<img" not in plain.replace("\\<img", "")
        assert "](http://evil" not in plain.replace("\\](", "")
    if form == "junit":
        assert ElementTree.fromstring(shown).tag == "testsuites"
    if form in ("json", "sarif"):
        assert json.loads(shown)
    elif form != "github":
        assert re.search(r"1b\\?\[2J", shown), "the answer is shown, and escaped"


@pytest.mark.parametrize("form", ["text", "markdown", "html", "junit"])
def test_what_stands_in_a_report_of_others_is_only_text(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job's log takes a line of a file for a command, wherever the line stands."""
    made = json.loads(reported())
    for finding in made["findings"]:
        finding["says"] += HOSTILE
        finding["also_curl"] = {name: line + HOSTILE for name, line in finding.get("also_curl", {}).items()}
        for exchange in finding["exchanges"]:
            exchange |= {"why": HOSTILE, "base": f"http://127.0.0.1/{HOSTILE}"}
            exchange["request"] |= {"method": HOSTILE, "target": HOSTILE, "body": HOSTILE}
    path = tmp_path / "report.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    assert main(["report", "show", str(path), "--format", form, "--odd", "--why", "-v"]) == 0
    shown = capsys.readouterr().out
    assert [c for c in shown if not c.isprintable() and c not in "\n\t"] == []
    assert [line for line in shown.splitlines() if re.match(r"\s*(::|##\[)", line)] == []
