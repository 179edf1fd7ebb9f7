"""A webhook's address is called on purpose, so its registration promises no closed world about it."""

from __future__ import annotations

from dataclasses import replace

from language_table import rows
from pgagents.catalogue.load import load_text
from pgagents.verify.checks.hints.hint_closed_world import CHECK
from pgagents.verify.setting import setting_of

URL = "http://127.0.0.1:1"


def test_address_that_registers_a_webhook_is_left_out() -> None:
    closed = {"actions": {"create_hook": {"open_world": False}}}
    model = load_text(rows()["webhook-signatures"].text(closed), "notes.yaml")
    assert model.webhooks is not None
    assert not list(CHECK.promises(setting_of(model, URL)))
    other = replace(model, webhooks=model.webhooks.model_copy(update={"registered_by": "create_note"}))
    assert [contract.detail for contract in CHECK.promises(setting_of(other, URL))] == ["url"]
