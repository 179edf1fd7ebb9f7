"""What is wrong stands on the first screen, however long a value or a header is."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from pgagents.base.http import Request, Silence
from pgagents.base.jsonschema.schema import say_error, validator
from pgagents.report.curl import curl
from pgagents.report.report import RecordedExchange

LONG = "Project-Id-Version: 1\nMIME-Version: 1.0 " * 40


@pytest.mark.parametrize("value", [[{"description": LONG}], {"a": LONG}, LONG, [1] * 400, 10**200])
def test_a_long_value_does_not_hide_what_is_wrong_with_it(value: Any) -> None:
    (error,) = validator({"type": "boolean"}, {}).iter_errors(value)
    said = say_error(error.message, 300)
    assert said.endswith(' is not of type "boolean"')
    assert len(said) < 100


@pytest.mark.parametrize("message", ['1 is not of type "string"', "[[[ no JSON", ""])
def test_a_short_message_stays_as_it_is(message: str) -> None:
    assert say_error(message, 300) == message


def test_a_message_without_a_value_at_its_beginning_is_cut() -> None:
    assert say_error("x" * 400, 300) == "x" * 300


def test_a_word_again_and_again_in_a_header_is_a_command_that_prints_it() -> None:
    agent = f"Mozilla/5.0 (X11) {'pgv/1.0 ' * 64}".strip()
    request = Request("GET", "/charts", (("User-Agent", agent),), b"")
    exchange = RecordedExchange(1, request, Silence("none"), 0.0, "a test")
    line = curl(exchange, "http://127.0.0.1:9", whole=True)
    assert len(line) < 200
    echo = line.replace("curl", "printf '%s\\n'", 1)
    echoed = subprocess.run(["/bin/sh", "-c", echo], capture_output=True, text=True, check=True)
    assert f"User-Agent: {agent}" in echoed.stdout.split("\n")
    assert json.dumps(agent).count("pgv/1.0") == 64
