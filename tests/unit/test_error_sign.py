"""`errors.when` compares one member of the answer with a constant, on either side."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.cel.parser import parse
from pgagents.catalogue.checks.refusals import read_sign


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("response.ok == false", (("ok",), "==", False)),
        ("0 != response.meta.code", (("meta", "code"), "!=", 0)),
        ("(response.error) != null", (("error",), "!=", None)),
        ("has(response.error)", (("error",), "has", None)),
        ("has(input.error)", None),
        ("response == null", None),
        ("input.a == 1", None),
        ("response.a == response.b", None),
        ("1 == 2", None),
        ("response.a > 1", None),
        ("response.a + 1", None),
        ("response.a == b'x'", None),
        ("!response.ok", None),
        ("response.a == 1 && response.b == 2", None),
    ],
)
def test_a_sign_is_one_member_and_one_constant(text: str, sign: Any) -> None:
    assert read_sign(parse(text)) == sign
