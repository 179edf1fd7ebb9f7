"""Words of a skill's prose: those that are arguments or tools for sure are tried, others are not claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgagents.submit.skills.claims import find_claims
from pgagents.submit.skills.files import read_folder
from pgagents.submit.skills.report import SkillsReport
from pgagents.submit.skills.words import read_model
from sandboxes import model
from skill_servers import hold, lay

FRONT = "---\nname: desk\ndescription: d\n{more}---\n\n"


def read(folder: Path, text: str, more: str = "") -> tuple[set[str], set[tuple[str, str, str]]]:
    """The arguments that a text claims, and what is said of it without a call, by the library."""
    skills = read_folder(str(lay(folder, {"desk": f"{FRONT.format(more=more)}{text}\n"})))
    found = find_claims(skills, skills.skills[0], read_model(model("library"), None, None))
    arguments = {claim.member for claim in found.claims if claim.kind == "argument"}
    return arguments, {(o.verdict, o.id, o.subject) for o in found.outcomes if o.verdict in ("broken", "odd")}


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Call `place_hold` with the `title_id` and `patron_idd`.", {"patron_idd"}),
        ("Use `place_hold` with `patron_idd` and `title_id`.", {"patron_idd"}),
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
        "Call `place_hold` with `patron_name`.",
        "Rufe `place_hold` mit dem Argument `card_number` auf.",
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
    text = f"{FRONT.format(more='')}Call `place_hold` with `title_id` and the parameter `patron_name`.\n"
    held = hold("library", lay(tmp_path, {"desk": text}))
    assert held.list_wrong() == [("broken", "argument-unknown", "place_hold", "patron_name")]
    assert held.report.footer.left_behind == ()


CALLED = "Call `place_hold`. Then call `frobnicate_widget`, {}. See `get_hold` and `get_hold(hold_id=<id>)`."


def test_word_that_no_claim_reads_is_said_once_with_its_line(tmp_path: Path) -> None:
    folder = read_folder(
        str(lay(tmp_path, {"desk": FRONT.format(more="") + CALLED.format("or `jq .id`, `npm`")}))
    )
    found = find_claims(folder, folder.skills[0], read_model(model("library"), None, None))
    assert [(o.subject, o.line) for o in found.outcomes if o.verdict == "unclaimed"] == [
        ("frobnicate_widget", 6),
        ("npm", 6),
    ]
    held = hold("library", folder=tmp_path)
    report = SkillsReport("desk", "here", ("desk",), held.outcomes, called=True)
    assert report.find_code(strict=True) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Then call `web_search`.",
        "Then call `place_order`.",
        "Then run `place-holds`, and keep `frobnicate_widget`.",
        "Then run `scripts/place_holds.py`.",
        "Then see `place_holds`.",
    ],
)
def test_word_that_may_be_a_tool_of_another_server_is_silent(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"Call `place_hold`. {text}")[1] == set()


def test_called_word_that_misspells_a_tool_is_broken(tmp_path: Path) -> None:
    assert read(tmp_path, "Call `place_holdd`.") == (set(), set())  # it names no tool of this server
    wrong = {("broken", "tool-missing", "place_holdd")}
    assert read(tmp_path, "Call `place_hold`, never call `place_holdd`.")[1] == wrong
