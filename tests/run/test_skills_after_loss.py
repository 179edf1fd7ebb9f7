"""Skills say what to do when no answer came, and `pgagents skills` tries what they say of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from listing_servers import Change
from loading import load_once
from pgagents.generate.skills import write_skills
from sandboxes import ROOT, model
from skill_servers import Held, hold, lay, write

MATRIX = pytest.mark.matrix
FIRST = "first call `{}`; repeat only what it does not show."
KEYED = "repeat the call with the same `idempotency_key`"
OR_LOOK = KEYED + "; if it had none, first call `{}`, and repeat only what it does not show."
OR_ASK = f"{KEYED}; if it had none, ask the user before you call again."
ASK = "ask the user before you call again."
ADVICE = {
    "library": {"`place_hold`": FIRST.format("list_holds"), "`cancel_hold`": FIRST.format("get_hold")},
    "payments": {
        "`create_customer`": OR_LOOK.format("search_customers"),
        "`create_payment`": OR_LOOK.format("list_payments"),
        "`create_refund`": OR_ASK,
        "`create_report_run`": f"{KEYED}.",
    },
    # the folder in which a document was put does not show it
    "documents": {
        "`upload_document`": ASK,
        "`put_content`": FIRST.format("get_document"),
        "`import_markdown`": FIRST.format("list_documents"),
    },
    "park_graph": {
        "`create_session`": OR_LOOK.format("list_sessions"),
        "`end_session` or `extend_session`": OR_LOOK.format("get_session"),
        "`refund_session` or `dispatch_av_fleet`": OR_ASK,
    },
}


@pytest.mark.parametrize("name", ADVICE)
def test_skill_says_what_to_do_when_no_answer_came(name: str) -> None:
    text = next(text for skill, text in write_skills(model(name)) if not skill.steps)
    part = text.partition("## If no answer came\n")[2].partition("\n## ")[0]
    lines = [line.removeprefix("- ").partition(": ") for line in part.splitlines() if line]
    assert {tools: advice for tools, _, advice in lines} == ADVICE[name]


def test_look_up_takes_nothing_that_only_the_lost_answer_told() -> None:
    text = (ROOT / "tests/catalogues/library.yaml").read_text(encoding="utf-8")
    for known in ("", "title_id: =resource.title_id, ", "patron_id: =resource.patron_id, "):
        listed = f"list_holds, input: {{{known}limit: 100}}"
        assert listed in text
        text = text.replace(listed, "list_holds, input: {title_id: =resource.copy_id, limit: 100}")
    said = write_skills(load_once(text, "library"))[0][1]
    assert "- `place_hold`: ask the user before you call again." in said


FRONT = "---\nname: desk\ndescription: d\n---\n\n"


def hold_text(of: str, body: str, tmp_path: Path, **options: Any) -> tuple[list[tuple[str, ...]], Held]:
    """Return the outcomes of look-ups and keys, and the whole run."""
    held = hold(of, lay(tmp_path, {"desk": f"{FRONT}{body}\n"}), **options)
    assert held.report.footer.left_behind == ()
    told = [(o.kind, o.verdict, o.id, o.subject, o.member) for o in held.outcomes]
    return [one for one in told if one[0] in ("look-up", "key", "argument")], held


SAID = {
    "library": "If no answer came to `place_hold`, first call `list_holds`; repeat it only if it lacks it.",
    "payments": (
        "If no answer came to `create_customer`, first call `search_customers`; else repeat it with the same "
        "`idempotency_key`."
    ),
    "notes": "If no answer came to `create_note`, first call `list_notes` and repeat it if it is missing.",
}
LOOKS = {
    "library": ("place_hold", "list_holds"),
    "payments": ("create_customer", "search_customers"),
    "notes": ("create_note", "list_notes"),
}


@pytest.mark.parametrize("mcp", [True, False], ids=["mcp", "rest"])
@pytest.mark.parametrize("of", SAID)
def test_true_look_up_is_kept(of: str, mcp: bool, tmp_path: Path) -> None:
    told, _ = hold_text(of, SAID[of], tmp_path, mcp=mcp)
    assert ("look-up", "kept", "", *LOOKS[of]) in told
    assert {one[1] for one in told} == {"kept"}
    assert ("key" in {one[0] for one in told}) == (of == "payments")


LIES = {
    "library": ("list_titles", "look-up-blind"),
    "payments": ("list_payments", "look-up-blind"),
    "notes": ("get_note", "look-up-needs-answer"),
}


@pytest.mark.parametrize("mcp", [True, False], ids=["mcp", "rest"])
@pytest.mark.parametrize("of", LIES)
def test_look_up_that_does_not_show_what_was_made_is_a_lie(of: str, mcp: bool, tmp_path: Path) -> None:
    write, look = LOOKS[of]
    lie, id = LIES[of]
    told, _ = hold_text(of, SAID[of].replace(look, lie), tmp_path, mcp=mcp)
    assert [one for one in told if one[1] != "kept"] == [("look-up", "broken", id, write, lie)]


def test_read_that_does_not_show_a_change_is_a_lie(tmp_path: Path) -> None:
    body = "If no answer came to `cancel_hold`, first call `{}`, and repeat it only if it is not cancelled."
    told, _ = hold_text("library", body.format("get_hold"), tmp_path)
    assert told == [("look-up", "kept", "", "cancel_hold", "get_hold")]
    told, _ = hold_text("library", body.format("get_patron_card"), tmp_path)
    assert told == []
    told, _ = hold_text("library", body.format("list_copies"), tmp_path)
    assert [one[1:3] for one in told] == [("broken", "look-up-blind")]


def test_faulty_list_makes_a_lie_of_a_true_skill(tmp_path: Path) -> None:
    empty = Change(result=lambda r: {**r, "structuredContent": {**r["structuredContent"], "holds": []}})
    told, _ = hold_text("library", SAID["library"], tmp_path, change=("list_holds", empty))
    assert [one[1:3] for one in told] == [("broken", "look-up-blind")]


def test_key_that_is_forgotten_makes_a_lie_of_a_true_skill(tmp_path: Path) -> None:
    told, _ = hold_text("payments", SAID["payments"], tmp_path, mcp=False, faults=("idempotency-ignored",))
    wrong = [one for one in told if one[1] != "kept"]
    assert wrong == [("key", "broken", "key-acts-again", "create_customer", "idempotency_key")]


def test_key_that_no_call_has_is_unknown(tmp_path: Path) -> None:
    body = "If no answer came to `place_hold`, repeat it with the same `request_key`."
    told, _ = hold_text("library", body, tmp_path)
    assert told == [("argument", "broken", "argument-unknown", "place_hold", "request_key")]


WORDS = {
    "lost": "When the answer to `place_hold` is lost, check `list_holds` before you try again.",
    "turned": "Check with `list_holds` before you repeat `place_hold` after a timeout.",
    "two sentences": "`place_hold` may time out. Then look with `list_holds`. Repeat it if it is not there.",
    "heading": "## If no answer came\n\n- `place_hold`: first call `list_holds`; repeat what is missing.",
}
OTHERS = {
    "another language": "Kam keine Antwort auf `place_hold`, rufe erst `list_titles` auf, und wiederhole.",
    "no loss": "After `place_hold`, first call `list_titles`, then repeat.",
    "denied": "If no answer came to `place_hold`, do not call `list_titles` before you repeat it.",
    "no write": "If no answer came, first call `list_titles` again.",
    "another server": "If no answer came to `send_mail`, first call `list_titles`; repeat what is missing.",
    "no repeat": "If `place_hold` times out, tell the user what `list_titles` shows.",
}


@pytest.mark.parametrize("kind", WORDS)
def test_other_wording_is_understood(kind: str, tmp_path: Path) -> None:
    told, _ = hold_text("library", WORDS[kind], tmp_path)
    assert told == [("look-up", "kept", "", "place_hold", "list_holds")]


@pytest.mark.parametrize("kind", OTHERS)
def test_other_sentence_claims_nothing(kind: str, tmp_path: Path) -> None:
    told, held = hold_text("library", OTHERS[kind], tmp_path)
    assert (told, held.list_wrong()) == ([], [])


UNSEEN = {
    "payments": {("create_refund", "no read shows what the call did")},
    "park_graph": {
        ("dispatch_av_fleet", "not shown: no action reads what it writes"),
        ("refund_session", "no read shows what the call did"),
    },
}
"""The keys of writes whose effect no read shows."""


@pytest.mark.parametrize(
    "of", ["library", pytest.param("payments", marks=MATRIX), pytest.param("park_graph", marks=MATRIX)]
)
def test_advice_of_generated_skills_is_kept(of: str, tmp_path: Path) -> None:
    held = hold(of, lay(tmp_path, write(of)))
    told = [o for o in held.outcomes if o.kind in ("look-up", "key")]
    assert {o.verdict for o in told if o.kind == "look-up"} == {"kept"}
    others = {(o.subject, o.message) for o in told if o.verdict != "kept"}
    assert others == UNSEEN.get(of, set())
    assert held.report.footer.left_behind == ()
