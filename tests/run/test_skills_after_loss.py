"""Skills say what to do when no answer came, and `verify --skills` tries what they say of that."""

from __future__ import annotations

import pytest

from loading import load_once
from pgagents.generate.skills import write_skills
from sandboxes import ROOT, model

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
