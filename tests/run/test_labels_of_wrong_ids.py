"""What a wrong id is called is what is sent."""

from __future__ import annotations

from importing import imported
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.setting import setting_of
from shelves import TEXT, document
from small_api import URL


def test_a_text_without_a_digit_for_the_id_of_a_removal_is_called_a_word() -> None:
    """Superset 6.1.0, 2026-11-30: "a number with its unit" was `qkmkzhqvjxwfmtbdgnplc`."""
    sent = {"type": "object", "properties": {"label": TEXT}}
    setting = setting_of(imported(document("queries", sent, "application/json")).model, URL)

    def say(action: str) -> list[str]:
        endpoint = setting.endpoint(action, "rest")
        assert endpoint is not None
        cases = (one for one in invalid_cases_of(setting, endpoint) if one.detail == "type/id")
        return [one.says for one in cases if isinstance(one.call.input["id"], str)]

    assert set(say("delete_query")) == {"id is a word"}
    assert "id is a number with its unit" in say("get_query")
