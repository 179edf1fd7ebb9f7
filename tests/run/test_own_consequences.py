"""An earlier call of a probe may explain its answer; then the answer is not the server's fault."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import Notes, answer, verified, with_resource

FREED = "uniqueness/freed/note/text/create_note@rest"
TAKEN = "    TAKEN: {status: 409, meaning: The text is taken}\n"


def judge(second: int, *, frees: bool = True) -> tuple[Verdict, str]:
    """Return the verdict on freed texts, and its reason, of a server that keeps texts unique.

    A second note with a text is answered `second`; for 500 and 503 it is stored all the same. Without `frees`
    the text of a removed note stays taken.
    """
    former: set[str] = set()

    def odd(server: Notes, request: Request) -> Response | None:
        id = request.path.removeprefix("/notes").strip("/")
        if request.method == "DELETE" and id in server.notes and not frees:
            former.add(server.notes[id]["text"])
        text = server.text(request) if request.method == "POST" else None
        same = [note for note in server.notes.values() if note["text"] == text]
        if text is None or not (same or text in former):
            return None
        if same and second != 409 and len(same) == 1 and "again" not in same[0]:
            same[0]["again"] = True
            server.make(f"again{len(server.log)}", text)
            server.notes[f"again{len(server.log)}"]["again"] = True
            return answer(second, {"detail": "the server failed"})
        return answer(409, {"detail": "the text is taken"})

    model = with_resource(
        ("  framework: {invalid", f"{TAKEN}  framework: {{invalid"),
        (
            "    output: {201: {$ref: Note}}\n    errors: [REFUSED]",
            "    output: {201: {$ref: Note}}\n    errors: [REFUSED, TAKEN]",
        ),
        (
            "    absent: no-such-note",
            "    unique: [{members: [text], otherwise: TAKEN}]\n    absent: no-such-note",
        ),
        (
            "made_by: {action: create_note, input: {text: hello}",
            "made_by: {action: create_note, input: {text: =fresh.text}",
        ),
    )
    report = verified(model, Notes(odd=odd), only=(FREED,), allow_writes=True)
    result = next(r for r in report.results if r.contract.id == FREED)
    return result.verdict, result.reason


def test_a_second_instance_that_a_failing_create_made_has_the_values_still() -> None:
    verdict, reason = judge(500)
    assert verdict is Verdict.UNTESTED
    assert "a second note with the values may be there: 500" in reason


@pytest.mark.parametrize(("frees", "verdict"), [(True, Verdict.KEPT), (False, Verdict.ODD)])
def test_values_of_a_removed_instance_are_judged_where_no_second_was_made(
    frees: bool, verdict: Verdict
) -> None:
    assert judge(409, frees=frees)[0] is verdict
