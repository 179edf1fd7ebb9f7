"""The JSON of show and lint is valid by its schema, also where a catalogue does not load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from jsonschema import Draft202012Validator

from pgagents.cli.main import cli
from test_questions import write

SCHEMAS = Path(__file__).parents[2] / "schemas"


def call(name: str, *words: str, code: int = 0) -> dict[str, Any]:
    result = CliRunner().invoke(cli, [name, *words, "--format", "json"], standalone_mode=False)
    assert result.return_value == code
    data = json.loads(result.stdout)
    Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))).validate(data)
    return data  # type: ignore[no-any-return]


def test_show_says_who_says_each_part(tmp_path: Path) -> None:
    told = call("show", str(write(tmp_path, "resources: {customer: {fixed: [email]}}")))
    by = {part["pointer"]: part["by"] for part in told["parts"]}
    assert by["/resources/customer/fixed"] == "said"
    assert by["/resources/order"] == "guessed"
    assert by["/actions"] == "document"
    assert told["catalogue"]["actions"]["list_orders"]


def test_lint_of_a_catalogue_that_does_not_load_is_json_too(tmp_path: Path) -> None:
    path = write(tmp_path, "actions: {pay_ordr: {costs: false}}")
    [file] = call("lint", str(path), code=2)["files"]
    [finding] = file["findings"]
    assert (finding["id"], finding["line"]) == ("overlay/unknown-operation", 3)
    assert finding["help"] == "did you mean `pay_order`?"
