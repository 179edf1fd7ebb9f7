"""Words of a skill's prose: those that are arguments or tools for sure are tried, all others stay unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgagents.submit.skills.claims import find_claims
from pgagents.submit.skills.files import read_folder
from pgagents.submit.skills.words import read_model
from sandboxes import model
from skill_servers import hold, lay

FRONT = "---\nname: desk\ndescription: d\n{more}---\n\n"


def read(folder: Path, text: str, more: str = "") -> tuple[set[str], set[tuple[str, str, str]]]:
    """The arguments that a text claims, and what is said of it without a call, by the library."""
    skills = read_folder(str(lay(folder, {"desk": f"{FRONT.format(more=more)}{text}\n"})))
    found = find_claims(skills, skills.skills[0], read_model(model("library"), None, None))
    arguments = {claim.member for claim in found.claims if claim.kind == "argument"}
    return arguments, {(o.verdict, o.id, o.subject) for o in found.outcomes if o.verdict != "untested"}


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Call `place_hold` with `patron_name`.", {"patron_name"}),
        ("Call `place_hold` with the `title_id` and `card_number`.", {"card_number"}),
        ("Use `place_hold` with `card_number` and `title_id`.", {"card_number"}),
        ("Call `place_hold` with the argument `card_number`.", {"card_number"}),
        ("Run the `place_hold` tool using the `card_number` parameter.", {"card_number"}),
        ("Call `place_hold` with `card_number=7`.", {"card_number"}),
    ],
)
def test_argument_without_doubt_is_tried(text: str, unknown: set[str], tmp_path: Path) -> None:
    arguments, _ = read(tmp_path, text)
    assert arguments - {"title_id"} == unknown


@pytest.mark.parametrize(
    "text",
    [
        "Call `place_hold` with `in_progress`.",  # it may be a value
        "Call `place_hold` with `jq`.",
        "Call `place_hold` with its `shelf_mark`.",
        "Call `place_hold` with care, and keep `patron_name`.",
        "Call `place_hold` with the name in `patron_name`.",
        "Call `place_hold`, then print `patron_name`.",
        "`place_hold` is not `patron_name`.",
        "Call `place_hold` with `ready`.",  # a state of the library
        "Call `place_hold` with `get_hold`.",
    ],
)
def test_word_that_may_be_something_else_is_silent(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) == (set(), set())


def test_argument_in_prose_is_broken_where_the_server_refuses_it(tmp_path: Path) -> None:
    text = f"{FRONT.format(more='')}Call `place_hold` with `title_id` and `patron_name`.\n"
    held = hold("library", lay(tmp_path, {"desk": text}))
    assert held.list_wrong() == [("broken", "argument-unknown", "place_hold", "patron_name")]
    assert held.report.footer.left_behind == ()


GRANTED = "allowed-tools: mcp__lendingdesk__place_hold\n"


def test_called_tool_of_nobody_is_odd_in_a_skill_of_this_server_alone(tmp_path: Path) -> None:
    text = "Call `place_hold`. Then call `frobnicate_widget`."
    odd = {("odd", "tool-missing", "frobnicate_widget")}
    assert read(tmp_path / "a", text, GRANTED)[1] == odd
    assert read(tmp_path / "b", text)[1] == set()
    assert read(tmp_path / "c", f"{text} See mcp__forge__open_issue.", GRANTED)[1] == set()


@pytest.mark.parametrize(
    "text",
    [
        "Then call `web_search`.",
        "Then run `npm`, and keep `frobnicate_widget`.",
        "Then call `frobnicate`.",
        "Then run `scripts/frobnicate_widget.py`.",
    ],
)
def test_word_that_is_no_tool_of_such_a_skill_is_silent(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"Call `place_hold`. {text}", GRANTED)[1] == set()
