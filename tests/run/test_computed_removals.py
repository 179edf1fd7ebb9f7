"""A removal whose argument is computed from the id: it removes what the run made, or nothing is made."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.lint.run import lint
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.run.named_instances import is_removal_of
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.call import Call, Raw
from small_api import KNOWN, NOTES, Notes, answer, catalogue, verified

PLAIN = "{action: delete_note, input: {note_id: =resource.id}}"
COMPUTED = """{action: delete_note, input: {note_id: '="notes-" + resource.id'}}"""
NAMELESS = "{action: delete_note, input: {note_id: =resource.text}}"


def model_of(undone_by: str) -> Model:
    """Return the catalogue of notes, in which no argument refers to a note."""
    return catalogue(NOTES + KNOWN, (PLAIN, undone_by))


def prefixed() -> Notes:
    """Return a server whose notes are removed by `notes-` and the id."""

    def remove(server: Notes, request: Request) -> Response | None:
        if request.method != "DELETE":
            return None
        id = request.path.removeprefix("/notes/").removeprefix("notes-")
        return Response(204) if server.notes.pop(id, None) else answer(404, {"detail": "no such note"})

    return Notes(odd=remove)


def test_what_was_made_is_removed_by_a_text_with_its_id() -> None:
    server = prefixed()
    report = verified(model_of(COMPUTED), server)
    assert any(request.method == "POST" for request in server.log)
    removed = [r.path.removeprefix("/notes/") for r in server.log if r.method == "DELETE"]
    assert removed
    assert (server.notes, report.footer.left_behind) == ({}, ())
    assert not [d for d in lint(model_of(COMPUTED)).found if d.id == "catalogue/unnamed-removal"]


def test_nothing_is_made_that_could_not_be_removed() -> None:
    server = prefixed()
    report = verified(model_of(NAMELESS), server)
    assert not server.notes
    assert report.footer.left_behind == ()
    reasons = {r.reason for r in report.results}
    assert any("delete_note would not remove the note" in reason for reason in reasons)
    (found,) = [d for d in lint(model_of(NAMELESS)).found if d.id == "catalogue/unnamed-removal"]
    assert "does not name it by its id" in found.message


def test_whatever_is_left_behind_has_its_reason() -> None:
    def refuse(_: Notes, request: Request) -> Response | None:
        return answer(500, {"detail": "no"}) if request.method == "DELETE" else None

    report = verified(model_of(COMPUTED), Notes(odd=refuse))
    assert report.footer.left_behind
    assert all("(delete_note answered 500" in line for line in report.footer.left_behind)


@pytest.mark.parametrize(
    ("value", "id", "sent", "names"),
    [
        ('"notes-" + resource.id', "n1", "notes-n1", True),
        ('"n1/" + resource.id', "n1", "n1/n1", True),
        ('resource.id + ".json"', "n1", "n1.json", True),
        ('"notes-" + resource.id', "n1", "notes-n2", False),
        ('"notes-" + resource.text', "n1", "notes-hello", False),
        ('"notes-" + string(size(resource.id))', "n1", "notes-2", False),
        ('resource.id == "n1" ? "n1" : "n2"', "n1", "n1", False),
        ('"notes-" + resource.id', "..", "notes-..", False),
    ],
)
def test_a_removal_names_an_instance_only_by_its_whole_id(
    value: str, id: str, sent: str, names: bool
) -> None:
    model = model_of(f"{{action: delete_note, input: {{note_id: '={value}'}}}}")
    resource, setting = model.resources["note"], setting_of(model)
    instance = Instance(resource, id, {"id": id, "text": "hello"}, "main", True, None)
    endpoint = setting.find_usable_lead("delete_note")
    assert resource.undone_by is not None
    call = Call(endpoint, resource.undone_by.input, "clean", "", subject=resource, made=instance.body)
    given: Mapping[str, object] = {"note_id": sent}
    assert is_removal_of(instance, call, given, {}) is names
    other = Call(endpoint, resource.undone_by.input, "valid", "", subject=resource, made=instance.body)
    assert not is_removal_of(instance, other, given, {})
    elsewhere = Call(endpoint, resource.undone_by.input, "clean", "", raw=Raw(target="/notes/x"))
    assert not is_removal_of(instance, elsewhere, given, {})
