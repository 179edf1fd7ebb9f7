"""The loader, the mock and each check read one declaration of a catalogue alike."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from inprocess import inside, verify_sandbox
from language_table import rows
from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.answers.representations import references, representations_of
from pgagents.verify.checks.idempotency.idempotency import _choose_other_value
from pgagents.verify.checks.rest.pagination import _choose_other
from pgagents.verify.lists import list_paged_lists
from pgagents.verify.plan.options import Options
from pgagents.verify.setting import setting_of
from small_api import Notes, answer, verified, with_resource
from verifying import ROOT, ids, model, run

LOANS = (Path(__file__).parents[1] / "data" / "loans.yaml").read_text(encoding="utf-8")
UNDONE = '    undone_by: {action: return_loan, input: {loan_id: "=resource.id"}}\n'
MOVES = tuple(f"state_transitions/loan/{state}/return_loan@rest" for state in ("open", "returned"))


def test_transition_without_arguments_names_the_instance_that_its_argument_refers_to() -> None:
    """The mock and the check read one declaration, so the mock answers for what its GET shows."""
    assert LOANS.count(UNDONE) == 1
    report = run(load_text(LOANS.replace(UNDONE, ""), "loans.yaml"), allow_writes=True, only=MOVES)
    assert ids(report, Verdict.KEPT) == list(MOVES)


COMMENT = """
  create_comment:
    title: Write a comment
    description: Writes a comment on a note.
    http: POST /comments
    effect: write
    input:
      NAME: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
      text: {type: string, minLength: 1, maxLength: 40, required: true}
    output:
      201:
        type: object
        properties: {id: {type: string}, NAME: {type: string}, text: {type: string}, at: {type: string}}
        required: [id, NAME, text]
    errors: [NOT_FOUND, REFUSED]
surfaces:"""
DECLARED = """  comment:
    made_by: {action: create_comment, input: {NAME: =note.id, text: a comment}, at: response}
    fixed: [id, NAME, text]
"""


def commenting(name: str, *, declared: bool = False) -> Model:
    """Return the notes with comments, whose member `name` says to which note each belongs."""
    changed = with_resource(("\nsurfaces:", COMMENT.replace("NAME", name))).source.text
    return load_text(changed + (DECLARED.replace("NAME", name) if declared else ""), "notes.yaml")


def list_kinds(of: Model) -> list[tuple[str, list[str]]]:
    """Return what the answer of a new comment is taken for, with the members that are compared."""
    setting = setting_of(of)
    action = of.action("create_comment")
    assert action is not None
    found = representations_of(setting, action, references(of))
    return sorted((each.kind, sorted(each.words)) for each in found)


def test_member_that_names_the_parent_makes_no_parent_of_a_child() -> None:
    assert list_kinds(commenting("note")) == []
    assert list_kinds(commenting("note_id")) == []
    for name in ("note", "note_id"):
        kinds: dict[str, Any] = dict(list_kinds(commenting(name, declared=True)))
        assert "text" in kinds["comment"]
        assert "text" not in kinds.get("note", [])


def test_undescribed_member_of_a_part_is_not_the_parents_of_the_same_name() -> None:
    """A treatment's `total` is not its visit's, though nothing describes either."""
    text = commenting("note_id", declared=True).source.text.replace(
        "fixed: [id, note_id, text]", "fixed: [id, note_id, text, at]"
    )
    plain, told = "at: {type: string}", "at: {type: string, description: When the note was written}"
    for written, found in ((plain, False), (told, True)):
        kinds: dict[str, Any] = dict(list_kinds(load_text(text.replace(plain, written), "notes.yaml")))
        assert ("at" in kinds["note"]) is found


def test_description_beside_a_reference_is_a_members_own() -> None:
    schemas = "\n  Amount: {type: string, description: An amount}\nactions:"
    text = commenting("note_id", declared=True).source.text.replace("\nactions:", schemas, 1)
    text = text.replace("at: {type: string}", "at: {$ref: Amount, description: The sum of all}")
    setting = setting_of(load_text(text, "notes.yaml"))
    action = setting.model.action("create_comment")
    assert action is not None
    (comment,) = (r for r in representations_of(setting, action, {}) if r.kind == "comment")
    assert "The sum of all" in comment.words["at"]


LISTED = "{notes: {type: array, items: {$ref: Note}}}, required: [notes]}}"
IN_PAGES = (
    "{page: {type: integer}, notes: {type: array, items: {$ref: Note}}}, required: [page, notes]}}\n"
    "    input: {page: {type: integer, minimum: 1, maximum: 2, default: 1}}\n"
    "    errors: [REFUSED]\n"
    "    laws:\n"
    "      page-told: response.page == input.page\n"
    '      in-order: sorted_by(response.notes, "id")'
)


def show_pages(notes: Notes, request: Request) -> Response | None:
    """Answer the page that is asked for: one note, in the order of their ids."""
    if request.method != "GET" or request.path != "/notes":
        return None
    page = dict(parse_qsl(request.target.partition("?")[2])).get("page", "1")
    if not page.isdecimal() or not 1 <= int(page) <= 2:
        return answer(422, {"detail": "a page"})
    every = sorted(notes.notes.values(), key=lambda note: str(note["id"]))
    return answer(200, {"page": int(page), "notes": every[int(page) - 1 : int(page)]})


def test_number_of_a_page_is_no_filter() -> None:
    """Page 2 holds what comes second, and not each note of ours that a law admits."""
    paged = with_resource((LISTED, IN_PAGES))
    report = verified(paged, Notes(odd=show_pages), allow_writes=True)
    assert [(f.contract.id, f.actual) for f in report.findings] == []


def choose_other(sort: dict[str, Any], used: dict[str, Any]) -> Any:
    """Return the argument with which the list of notes is another one than with those that were used."""
    sorting = {"actions": {"list_notes": {"input": {"pinned": None, "sort": {"description": "How", **sort}}}}}
    setting = setting_of(load_text(rows()["pages-of-one-list"].text(sorting), "notes.yaml"))
    paged = next(paged for paged in list_paged_lists(setting) if paged.pages.bound is not None)
    return _choose_other(paged, used)


@pytest.mark.parametrize(
    ("sort", "used", "other"),
    [
        ({"enum": ["newest", "oldest"], "default": "newest"}, {}, ("sort", "oldest")),
        ({"enum": ["newest", "oldest"], "default": "oldest"}, {}, ("sort", "newest")),
        ({"enum": ["newest", "oldest"], "default": "newest"}, {"sort": "oldest"}, ("sort", "newest")),
        ({"enum": ["newest", "oldest"]}, {}, ("sort", "oldest")),
        ({"enum": ["newest"], "default": "newest"}, {}, None),
        ({"type": "boolean", "default": True}, {}, ("sort", False)),
        ({"type": "boolean"}, {}, ("sort", True)),
    ],
)
def test_argument_with_its_default_asks_for_the_same_list(
    sort: dict[str, Any], used: dict[str, Any], other: Any
) -> None:
    assert choose_other(sort, used) == other


@pytest.mark.parametrize(("used", "other"), [({}, "oldest"), ({"sort": "oldest"}, "newest")])
def test_idempotency_key_comes_again_with_another_value_than_the_default(
    used: dict[str, Any], other: str
) -> None:
    sort = {"type": "string", "enum": ["newest", "oldest"], "default": "newest", "description": "How"}
    changed = {"actions": {"list_notes": {"input": {"sort": sort}}}}
    setting = setting_of(load_text(rows()["pages-of-one-list"].text(changed), "notes.yaml"))
    trial: Any = SimpleNamespace(
        action=setting.model.action("list_notes"), model=setting.model, setting=setting
    )
    first: Any = SimpleNamespace(input=used)
    assert _choose_other_value(trial, "sort", first) == other


def test_sandbox_that_listens_gives_the_location_that_the_catalogue_describes() -> None:
    """It serves at its root, and the pattern of the header demands the path of `api.server`."""
    of = model(ROOT / "tests" / "catalogues" / "library.yaml")
    contracts = ("response_headers/201/Location/add_title@rest", "location/add_title@rest")
    opened = inside(of)
    opened.sandbox.front.site.setting.address.url = "http://127.0.0.1:1"
    report = verify_sandbox(of, opened, Options(allow_writes=True, only=contracts))
    assert set(ids(report, Verdict.KEPT)) == set(contracts)
