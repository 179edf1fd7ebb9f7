"""Nothing lists everything for each thing: a plan's work grows as its document does, counted in calls."""

from __future__ import annotations

import cProfile
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from importing import openapi
from inprocess import inside, verify_sandbox
from pgagents.cli.main import main
from pgagents.report.contract import Contract
from pgagents.verify.plan.options import Options
from pgagents.verify.promise import Case
from verifying import model

FEW, MANY = 10, 40
URL, PACKAGE = "http://127.0.0.1:9", "/pgagents/"
MOST_GROWTH = 4.5
FEWEST = 2_000
"""A function with fewer calls is not judged: a part of what it does is the same for each document."""


def _resource(noun: str, index: int) -> dict[str, Any]:
    """The paths of a collection with list, create, read, change and removal."""
    shown = {"$ref": f"#/components/schemas/{noun}"}
    body = {"required": True, "content": {"application/json": {"schema": shown}}}
    id = {"name": f"{noun}_id", "in": "path", "required": True, "schema": {"type": "string"}}
    limit = {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 9 + index},
    }

    def answer(status: str, schema: Any) -> dict[str, Any]:
        return {status: {"description": "Done", "content": {"application/json": {"schema": schema}}}}

    many = {"type": "array", "items": shown}
    listed = {"operationId": f"list_{noun}", "parameters": [limit], "responses": answer("200", many)}
    made = {"operationId": f"create_{noun}", "requestBody": body, "responses": answer("201", shown)}
    read = {"operationId": f"get_{noun}", "parameters": [id], "responses": answer("200", shown)}
    changed = {
        "operationId": f"change_{noun}",
        "requestBody": body,
        **{k: read[k] for k in ("parameters", "responses")},
    }
    removed = {
        "operationId": f"delete_{noun}",
        "parameters": [id],
        "responses": {"204": {"description": "Gone"}},
    }
    return {
        f"/{noun}": {"get": listed, "post": made},
        f"/{noun}/{{{noun}_id}}": {"get": read, "patch": changed, "delete": removed},
    }


def _write_document(folder: Path, count: int) -> Path:
    nouns = [f"thing{n}" for n in range(count)]
    members = {"id": {"type": "string"}, "name": {"type": "string", "maxLength": 40}}
    schema = {"type": "object", "required": ["name"], "properties": members}
    paths = {path: item for n, noun in enumerate(nouns) for path, item in _resource(noun, n).items()}
    document = openapi(paths, components={"schemas": dict.fromkeys(nouns, schema)})
    path = folder / f"{count}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _count_calls(document: Path) -> Counter[str]:
    """The calls of the package's functions while a plan is made, by file and name. A generator's and a
    comprehension's steps count, too.
    """
    profile = cProfile.Profile(builtins=False)
    with profile:
        assert main(["verify", "--openapi", str(document), "--url", URL, "--allow-writes", "--plan"]) == 0
    counts: Counter[str] = Counter()
    for entry in profile.getstats():
        if not isinstance(entry.code, str) and PACKAGE in entry.code.co_filename:
            file = entry.code.co_filename.rpartition(PACKAGE)[2]
            counts[f"{file}:{entry.code.co_firstlineno} {entry.code.co_name}"] += entry.callcount
    return counts


def test_the_work_of_a_plan_grows_as_its_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few, many = (_count_calls(_write_document(tmp_path, count)) for count in (FEW, MANY))
    assert many.total() <= MOST_GROWTH * few.total()
    faster = {
        name: (few[name], count)
        for name, count in many.items()
        if count > max(FEWEST, MOST_GROWTH * few[name])
    }
    assert not faster
    assert "requests" in capsys.readouterr().out


def test_no_contract_is_made_anew_to_learn_what_a_run_without_an_aid_would_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Counter[str]()
    make = Case.contract

    def counted(case: Case, check: str) -> Contract:
        contract = make(case, check)
        made[contract.id] += 1
        return contract

    monkeypatch.setattr(Case, "contract", counted)
    of = model()
    verify_sandbox(of, inside(of), Options(max_requests=1))
    assert made.total() < 2 * len(made)  # several cases may be of one contract
