"""A change sends a value that a server cannot hold for the present one."""

from __future__ import annotations

import pytest

from pgagents.verify.cases.argument_values import choose_other
from pgagents.verify.setting import setting_of
from small_api import catalogue


@pytest.mark.parametrize("shown", ["X" * 40, "x" * 40, "  " + "x" * 40])
def test_the_same_text_in_other_letters_is_no_other_value(shown: str) -> None:
    setting = setting_of(catalogue(), "http://127.0.0.1:1")
    endpoint = setting.find_lead("create_note")
    assert endpoint is not None
    param = endpoint.action.param("text")
    assert param is not None
    assert choose_other(setting, endpoint, param, "hello") == "x" * 40
    assert choose_other(setting, endpoint, param, shown) == "x"
