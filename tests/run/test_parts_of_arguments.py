"""Calls whose arguments consist of parts (`allOf`), or contain themselves."""

from __future__ import annotations

import pytest

from inprocess import inside, verify_sandbox
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Options
from small_api import with_resource

SCHEMAS = """schemas:
  Colour: {type: string, enum: [red, green]}
  Size: {type: integer, minimum: 1, maximum: 9}
  Base:
    type: object
    required: [id, sku]
    properties: {id: {type: string}, sku: {type: string, minLength: 2, maxLength: 9}}
  Line:
    allOf: [{$ref: Base}, {required: [size], properties: {id: {readOnly: true}, size: {$ref: Size}}}]
  Kind: {type: object, required: [name], properties: {name: {$ref: Colour}, of: OF}}
"""
INPUT = """    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {201"""
PARTS = """    input:
      text: {allOf: [{type: string, minLength: 1}, {maxLength: 40}], required: true}
      colour: {allOf: [{$ref: Colour}], default: red}
      size: {allOf: [{$ref: Size}], maximum: 5, required: true}
      line: {$ref: Line, required: true}
      lines: {type: array, items: {allOf: [{$ref: Line}]}, maxItems: 3}
      kind: {$ref: Kind}
    output: {201"""
MADE = ("input: {text: hello}", "input: {text: hello, size: 2, line: {sku: ab, size: 3}}")
FOUND = (
    "valid_calls/low/create_note",
    "valid_calls/high/create_note",
    "invalid_input/maxLength/text/create_note",
    "invalid_input/enum/colour/create_note",
    "invalid_input/maximum/size/create_note",
    "invalid_input/minLength/line",
)


def model(of: str) -> Model:
    """The catalogue of notes with such arguments; `of` is the schema of a member that contains its own."""
    return with_resource(("schemas:\n", SCHEMAS.replace("OF", of)), (INPUT, PARTS), MADE)


@pytest.mark.parametrize(
    "of", ["{$ref: Kind}", "{allOf: [{$ref: Kind}]}", "{anyOf: [{$ref: Kind}, {type: 'null'}]}"]
)
def test_right_server_keeps_the_contracts_of_arguments_with_parts(of: str) -> None:
    notes = model(of)
    report = verify_sandbox(notes, inside(notes), Options(seed=1))
    verdicts = {result.contract.id.removesuffix("@rest"): result.verdict for result in report.results}
    assert Verdict.BROKEN not in verdicts.values(), report.findings
    told = {name: [v for id, v in verdicts.items() if id.startswith(name)] for name in FOUND}
    assert all(Verdict.KEPT in found for found in told.values()), told
