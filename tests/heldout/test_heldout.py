"""Every held-out fault really misbehaves: its own calls are answered otherwise than by the plain sandbox."""

from __future__ import annotations

import pytest

from heldout.calls import NAMES, Shown, module


@pytest.mark.parametrize("name", NAMES)
def test_held_out_fault_answers_otherwise(name: str) -> None:
    fault = module(name)
    assert fault.__doc__
    assert fault.CLASS
    assert fault.PROMISE
    plain = fault.shows(Shown())
    assert fault.shows(Shown()) == plain
    assert fault.shows(Shown(name)) != plain
