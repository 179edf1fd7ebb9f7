"""A default is tried wherever a document writes it: in the argument, or in the schema that it names."""

from __future__ import annotations

import pytest

from pgagents.catalogue.load import load_text
from pgagents.verify.run.run import contracts
from small_api import NOTES

ORDER = "Order: {type: string, enum: [asc, desc]%s}"


@pytest.mark.parametrize(
    ("argument", "inside", "said"),
    [
        ("{$ref: Order}", ", default: asc", "asc"),
        ("{$ref: Order, default: desc}", "", "desc"),
        ("{$ref: Order, default: desc}", ", default: asc", "desc"),
        ("{type: string, enum: [asc, desc], default: asc}", "", "asc"),
        ("{$ref: Order}", "", ""),
    ],
)
def test_default_is_found_in_each_place(argument: str, inside: str, said: str) -> None:
    text = NOTES.replace("schemas:\n", f"schemas:\n  {ORDER % inside}\n", 1)
    listed = "    http: GET /notes\n    effect: read\n"
    assert listed in text
    text = text.replace(listed, f"{listed}    input: {{order: {argument}}}\n", 1)
    found = [c.says for c in contracts(load_text(text, "notes.yaml")) if c.check == "default_values"]
    assert found == ([f"list_notes without order answers as with order {said}"] if said else [])
