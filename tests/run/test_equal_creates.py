"""An equal create shows that a create makes new instances, also where it needs what may be left out."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from small_api import NOTES, Notes, answer, verified, with_resource

CREATE = """  create_label:
    title: Create a label
    description: Creates a label, of a note or of none.
    http: POST /labels
    effect: write
    input:
      color: {type: string, minLength: 1, maxLength: 40, required: true}
      note_id: {type: [string, "null"], default: null, refers_to: note}
    output: {201: {$ref: Label}}
    errors: [REFUSED]
"""


def of_labels(action: str) -> str:
    """The action of notes as one of labels."""
    [text] = re.findall(rf"  {action}:\n(?:    .*\n)+", NOTES)
    return (
        str(text).replace("note", "label").replace("Note", "Label").replace("}}", ", refers_to: label}}", 1)
    )


LABELS = f"{CREATE}{of_labels('get_note')}{of_labels('delete_note')}surfaces:"
SCHEMA = """  Label:
    type: object
    properties: {id: {type: string}, color: {type: string}, note_id: {type: [string, "null"]}}
    required: [id, color, note_id]
actions:"""
WORKFLOW = """
  label:
    made_by: {action: create_label, input: {color: red, note_id: =note.id}, at: response}
    read_by: {action: get_label, input: {label_id: =resource.id}, at: response}
    undone_by: {action: delete_label, input: {label_id: =resource.id}}
    absent: no-such-label
    missing: NOT_FOUND
workflows:
  labelled:
    title: Labelled notes
    description: Writes a note, and puts a label on it, which goes again.
    only_verify: true
    steps:
      note: {action: create_note, input: {text: labelled}, keep: {id: response.id}}
      label: {action: create_label, input: {color: red, note_id: =note.id}, keep: {id: response.id}}
      gone: {action: delete_label, input: {label_id: =label.id}}
"""


class Labels(Notes):
    """Notes and labels. If `needs`, each label is of a note, although the document lets that be left out."""

    def __init__(self, needs: bool) -> None:
        super().__init__(before=self.label)
        self.needs, self.labels, self.numbers = needs, dict[str, dict[str, Any]](), count(1)

    def label(self, _: Notes, request: Request) -> Response | None:
        parts = request.path.strip("/").split("/")
        if parts[0] != "labels":
            return None
        body, id = read_json(request.body).value, parts[-1]
        if request.method == "POST":
            note = body.get("note_id") if isinstance(body, dict) else None
            if (
                not isinstance(body, dict)
                or not isinstance(body.get("color"), str)
                or (self.needs and not note)
            ):
                return answer(422, {"detail": "a color, and a note"})
            id = f"l{next(self.numbers)}"
            self.labels[id] = {"id": id, "color": body["color"], "note_id": note}
            return answer(201, self.labels[id])
        if id not in self.labels:
            return answer(404, {"detail": "no such label"})
        if request.method == "DELETE":
            del self.labels[id]
            return Response(204)
        return answer(200, self.labels[id])


@pytest.mark.parametrize("needs", [False, True])
def test_an_equal_create_has_what_the_first_one_had(needs: bool) -> None:
    """A closure of a court and an issue of parts were not shown to be the run's own (2026-11-29)."""
    end = "    missing: NOT_FOUND\n"
    live = ("prefixes: {test_: test}", "prefixes: {test_: live}")
    known = with_resource(
        live, ("surfaces:", LABELS), ("actions:\n", f"{SCHEMA}\n"), (end, end + WORKFLOW), text=NOTES
    )
    report = verified(known, Labels(needs), exclusive=True, only=("workflow_runs",), allow_writes=True)
    verdicts = {r.contract.id: (r.verdict, r.reason) for r in report.results}
    assert verdicts["workflow_runs/labelled/gone@rest"][0] is Verdict.KEPT, verdicts[
        "workflow_runs/labelled/gone@rest"
    ]
