"""A write whose answer the catalogue does not know as the instance leaves what is known of it in doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgagents.verify.fixtures.target import changes_unseen
from pgagents.verify.setting import setting_of
from verifying import model, run

NOTES = Path(__file__).parents[1] / "catalogues" / "notes.yaml"
SEARCH = """
    input: {q: {type: string, minLength: 1, maxLength: 60, description: A text}}
    laws: {holds-it: {when: has(input.q), that: "response.notes.all(n, n.text.contains(input.q))"}}
"""


@pytest.mark.parametrize(
    ("name", "unseen"),
    [("change_note", True), ("create_note", False), ("get_note", False), ("delete_note", False)],
)
def test_only_a_change_that_no_call_of_the_resource_describes_is_unseen(name: str, unseen: bool) -> None:
    notes = model(NOTES)
    action = next(a for a in notes.actions if a.name == name)
    assert changes_unseen(setting_of(notes, "http://127.0.0.1:1"), notes.resources["note"], action) is unseen


@pytest.mark.parametrize("seed", range(4))
def test_changed_note_is_not_expected_by_its_old_text(tmp_path: Path, seed: int) -> None:
    text = NOTES.read_text("utf-8").replace("    http: GET /notes\n", f"    http: GET /notes{SEARCH}", 1)
    (tmp_path / "notes.yaml").write_text(text, encoding="utf-8")
    report = run(model(tmp_path / "notes.yaml"), seed=seed, allow_writes=True, exclusive=True)
    assert [(f.contract.id, f.actual) for f in report.findings] == []
