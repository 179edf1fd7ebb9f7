"""A short catalogue over an OpenAPI document: what its lines change, and which are refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from overlaying import NOTES, notes, over, refused
from pgagents.base.errors import MOST_VALUE_LINES, Diagnostic, InputError, PgagentsError, show
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_source
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.catalogue import load_opened, load_path, refuse_unpinned
from pgagents.cli.inputs.document import import_document
from pgagents.cli.main import cli
from pgagents.cli.show import render, render_part
from pgagents.generate.build import build
from pgagents.importer.catalogue import Choice
from pgagents.importer.overlay.load import load_overlay
from pgagents.importer.overlay.merge import merge
from pgagents.importer.places import JsonPlaces, YamlPlaces
from pgagents.lint.run import lint
from pgagents.report.contract import Contract
from pgagents.report.layout import name_file
from pgagents.verify.answers.hints import find_hinted_call
from pgagents.verify.run.ledger import find_guesses
from pgagents.verify.run.run import contracts
from pgagents.verify.setting import setting_of

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    NOTES,
    *(
        ROOT / "evaluation" / "foreign" / name / "openapi.yaml"
        for name in ("documents", "library", "payments")
    ),
]


def data(text: str = "", document: dict[str, Any] | None = None) -> Any:
    """Return the merged catalogue's data."""
    return over(text, document).source.data


def list_contracts(model: Model) -> list[str]:
    """Return the contracts, without those of headers where no operation is.

    A catalogue means these too, and a document means its operations alone.
    """
    ids = [contract.id for contract in contracts(model)]
    return [id for id in ids if not (id.startswith("response_headers/") and "/framework@" in id)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.parent.name)
def test_two_lines_are_the_catalogue_that_an_import_makes(path: Path) -> None:
    made = import_document(str(path), Choice(), allow_remote=False)
    source = parse(f"pgagents: 1\nopenapi: {path.name}\n", "import.yaml", folder=path.parent)
    short = load_opened(source)
    assert short.source.data == made.data
    assert list_contracts(short) == list_contracts(made.model)
    whole = load_source(parse(made.text, "import.yaml"))
    lines = ("pgagents/losses.md", "pgagents/test_contracts.py")  # they name lines of the catalogue
    first, second = (
        {file.path: file.data for file in build(model).files if not file.path.endswith(lines)}
        for model in (short, whole)
    )
    assert first == second


def test_what_show_prints_is_the_same_catalogue() -> None:
    short = load_path(NOTES.with_suffix(".yaml"))
    whole = load_source(parse(render(short.source), "whole.yaml"))
    assert whole.source.data == short.source.data
    assert list_contracts(whole) == list_contracts(short)
    assert "# from tests" not in render(over().source)  # names are as the caller gave them
    assert "# from notes.json (/paths/~1notes/get)" in render(over().source)


# -- which operation an entry names


@pytest.mark.parametrize(
    "entry",
    [
        "list_tags: {title: Mine}",
        "GET /tags: {title: Mine}",
        "my_tags: {operation: list_tags, title: Mine}",
        "my_tags: {operation: GET /tags, title: Mine}",
    ],
)
def test_an_entry_names_its_operation(entry: str) -> None:
    actions = data(f"actions:\n  {entry}\n")["actions"]
    assert len(actions) == 8
    assert [a["title"] for a in actions.values() if a["http"] == "GET /tags"] == ["Mine"]


def test_names_of_placeholders_do_not_count_and_a_base_path_may_stand() -> None:
    document = notes() | {"servers": [{"url": "https://notes.example.com/v1"}]}
    text = "actions:\n  'DELETE /notes/{id}': {title: A}\n  'PATCH /v1/notes/{}': {title: B}\n"
    actions = data(text, document)["actions"]
    assert actions["delete_note"]["title"] == "A"
    assert actions["update_note"]["title"] == "B"


def test_guesses_follow_a_new_name() -> None:
    merged = data('actions:\n  one: {operation: "GET /notes/{id}"}\n  all: {operation: GET /notes}\n')
    assert merged["resources"]["note"]["read_by"]["action"] == "one"
    assert "`all` answers it" in merged["actions"]["one"]["input"]["note_id"]["description"]


def test_entries_that_name_no_operation_or_one_twice() -> None:
    assert refused("actions:\n  list_note: {title: A}\n  tag_note: {}\n  'PUT /notes/{}/tags/{}': {}\n") == [
        (
            "pgagents.yaml:4 overlay/unknown-operation: the document has no operation `list_note` "
            "(GET /notes is called `list_notes` now; `operation: GET /notes` keeps the old name)"
        ),
        (
            "pgagents.yaml:6 overlay/same-operation: this is PUT /notes/{note_id}/tags/{name}, of which "
            "`tag_note` speaks already (join the two entries: an operation has one name)"
        ),
    ]
    twice = "actions:\n  one: {operation: GET /notes}\n  two: {operation: GET /notes}\n"
    assert refused(twice) == [
        (
            "pgagents.yaml:5 overlay/same-operation: this is GET /notes, of which `one` speaks already "
            "(join the two entries: an operation has one name)"
        )
    ]
    assert refused("actions: {list_tags: {operation: GET /notes}}") == [
        (
            "pgagents.yaml:3 overlay/name-taken: `list_tags` is the name of GET /tags already "
            "(take another name, or give that operation another one too)"
        )
    ]
    document = notes()
    document["paths"]["/notes"]["get"]["operationId"] = "listNotes"
    document["paths"]["/tags"]["get"]["operationId"] = "list_notes"
    assert (
        "`list_notes` may mean GET /notes or GET /tags" in refused("actions: {list_notes: {}}", document)[0]
    )


def test_an_operation_with_another_id_is_found_by_verb_and_nouns() -> None:
    document = notes()
    document["paths"]["/notes"]["get"]["operationId"] = "find_notes"
    document["paths"]["/notes/{note_id}"]["get"]["operationId"] = "read"
    found = refused("actions: {list_notes: {}, get_note: {}, 'GET /note/{id}': {}}", document)
    assert found[0].endswith(
        "(GET /notes is called `find_notes` now; `operation: GET /notes` keeps the old name)"
    )
    assert '`operation: "GET /notes/{note_id}"` keeps the old name' in found[1]
    assert 'write "GET /notes/{note_id}"' in found[2]


def test_a_new_action_is_written_whole() -> None:
    whole = "{title: T, description: Says how it is., http: GET /health, effect: read, output: {204: null}}"
    assert "health" in data(f"actions: {{health: {whole}}}")["actions"]


def test_who_names_another_customer_has_one_of_his_own() -> None:
    roles = over("auth: {roles: {second: {description: Another, project: second}}}", notes()).auth.roles
    assert {name: role.project for name, role in roles.items()} == {"main": "main", "second": "second"}


# -- mappings, nulls, lists


def test_mappings_merge_and_null_removes() -> None:
    text = (
        "actions:\n  delete_note: null\n  create_note: {confirm: null, input: {text: null}}\n"
        "  list_notes: {output: {200: null, 202: {}}}\n"
    )
    merged = data(text)
    assert "delete_note" not in merged["actions"]
    assert "undone_by" not in merged["resources"]["note"]
    assert merged["actions"]["create_note"]["input"].keys() == {"title"}
    assert "confirm" not in merged["actions"]["create_note"]
    assert merged["actions"]["list_notes"]["output"] == {202: None}


def test_a_code_that_import_named_by_its_status_has_no_text_until_the_author_says_it() -> None:
    """The author says where errors have their code: no error of the server says UNPROCESSABLE for it."""
    model = over("errors: {code_at: error}")
    assert model.codes["UNPROCESSABLE"].code_at is None
    named = over("errors: {code_at: error, codes: {UNPROCESSABLE: {wire: unfit}}}").codes["UNPROCESSABLE"]
    assert (named.status, named.code_at, named.wire) == (422, "error", "unfit")


def test_null_is_a_value_inside_data() -> None:
    merged = data("errors: {code_at: null}\nactions: {get_note: {input: {note_id: {examples: [null, 1]}}}}")
    assert merged["errors"]["code_at"] is None
    assert merged["actions"]["get_note"]["input"]["note_id"]["examples"] == [None, 1]


def test_signs_change_a_list_of_names() -> None:
    text = (
        "errors: {codes: {GONE: 410}}\nactions: {get_note: {errors: [+GONE]}, list_notes: {errors: [GONE]}}\n"
        "surfaces: {gemini: {actions: [-delete_note]}}\n"
    )
    merged = data(text)
    assert merged["actions"]["get_note"]["errors"] == ["UNPROCESSABLE", "GONE"]
    assert merged["actions"]["list_notes"]["errors"] == ["GONE"]
    assert merged["surfaces"]["gemini"]["actions"] == [a for a in merged["actions"] if a != "delete_note"]
    agents = data("groups: {agents: [-delete_note]}")
    assert "delete_note" not in agents["groups"]["agents"]
    assert len(agents["groups"]["agents"]) == 7
    assert agents["surfaces"]["xai"] == {"actions": "agents"}


def test_a_sign_is_data_outside_lists_of_names() -> None:
    merged = data("actions: {list_notes: {input: {tag: {enum: [-id, +id]}}}}")
    assert merged["actions"]["list_notes"]["input"]["tag"]["enum"] == ["-id", "+id"]


def test_a_list_with_and_without_signs_is_refused() -> None:
    assert refused(
        "actions: {get_note: {errors: [+UNPROCESSABLE, NO_KEY]}}\ngroups: {agents: [-deletenote]}"
    ) == [
        (
            "pgagents.yaml:3 overlay/mixed-list: `+UNPROCESSABLE` changes the document's list, and `NO_KEY` "
            "replaces it (write a sign before each name of the list, or before none)"
        ),
        (
            "pgagents.yaml:4 overlay/changes-nothing: `deletenote` is not in the list "
            "(did you mean `delete_note`?)"
        ),
    ]


def test_calls_are_replaced_whole() -> None:
    text = "resources: {note: {made_by: {action: create_note, input: {title: Milk}}}}"
    call = {"inferred": False, "action": "create_note", "input": {"title": "Milk"}}
    assert data(text)["resources"]["note"]["made_by"] == call


def test_a_shape_replaces_a_shape() -> None:
    text = (
        "actions:\n"
        "  transcribe: {input: {minutes: {type: string}, url: {maxLength: 90}}}\n"
        "  get_note: {output: {200: {type: array, items: {$ref: Note}}}}\n"
        "  list_notes: {output: {200: {items: {description: One note}}}, input: {limit: {maximum: 50}}}\n"
    )
    actions = data(text)["actions"]
    assert actions["transcribe"]["input"]["minutes"].keys() == {"type", "required"}
    assert actions["transcribe"]["input"]["url"] == {
        "type": "string", "format": "uri", "required": True, "maxLength": 90
    }  # fmt: skip
    assert actions["get_note"]["output"][200] == {
        "type": "array", "items": {"$ref": "Note"}, "description": "Successful Response"
    }  # fmt: skip
    assert actions["list_notes"]["output"][200]["items"] == {"$ref": "Note", "description": "One note"}
    assert actions["list_notes"]["input"]["limit"]["maximum"] == 50
    assert actions["list_notes"]["input"]["limit"]["minimum"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("actions: {list_notes: {input: {tga: {type: string}}}}", "`tga` here (did you mean `tag`?)"),
        ("actions: {list_tags: {input: {tga: {description: x}}}}", "no argument `tga` here"),
        ("schemas: {Not: {description: x}}", "no schema `Not` here (did you mean `Note`?)"),
        ("schemas: {Note: {properties: {tilte: {type: null}}}}", "`tilte` here (did you mean `title`?)"),
        ("resources: {nte: {absent: 1}}", "no resource `nte` here (did you mean `note`?)"),
        ("auth: {schemes: {APIKey: {prefixes: {a: test}}}}", "no key scheme `APIKey` here"),
        ("errors: {codes: {NOPE: {meaning: x}}}", "no error code `NOPE` here (did you mean `NO_KEY`?)"),
    ],
)  # fmt: skip
def test_a_new_part_says_what_it_is(text: str, said: str) -> None:
    assert said in refused(text)[0]


def test_short_forms_keep_the_other_members() -> None:
    merged = data(
        "errors: {codes: {UNPROCESSABLE: 400}}\nactions: {transcribe: {effect: {reason: It costs money.}}}"
    )
    assert merged["errors"]["codes"]["UNPROCESSABLE"] == {"status": 400, "meaning": "Validation Error"}
    assert merged["actions"]["transcribe"]["effect"] == {"value": "write", "reason": "It costs money."}


def test_facts_come_before_guesses() -> None:
    merged = data("actions: {transcribe: {effect: read}}")
    assert "confirm" not in merged["actions"]["transcribe"]
    assert "confirm" in data()["actions"]["transcribe"]


def test_what_is_stated_of_a_code_drops_the_marks_of_a_guess() -> None:
    assert "only" in data()["errors"]["codes"]["NO_KEY"]
    assert data("errors: {codes: {NO_KEY: {meaning: No key}}}")["errors"]["codes"]["NO_KEY"] == {
        "status": 401, "meaning": "No key"
    }  # fmt: skip


def test_options_choose_a_part_of_the_document() -> None:
    tagged = notes()
    tagged["paths"]["/tags"]["get"]["tags"] = ["tags"]
    assert list(over("", tagged, openapi="{document: notes.json, tags: tags}").source.data["actions"]) == [
        "list_tags"
    ]
    some = over(openapi="{document: notes.json, include: ['GET *'], max: 2}").source.data
    assert list(some["actions"]) == ["list_notes", "get_note"]
    assert (
        over(openapi="{document: notes.json, base_path: /v2}").source.data["actions"]["list_tags"]["http"]
        == "GET /v2/tags"
    )


# -- guesses


def test_the_calls_that_the_author_writes_are_firm_and_the_others_stay_guesses() -> None:
    text = (
        "resources:\n  note:\n    made_by: {action: create_note, input: {title: Milk}}\n"
        "    read_by: {action: get_note, input: {note_id: =note.id}}\n"
    )
    guessed, written = (over(lines) for lines in ("", text))
    assert list_broken_by_guess(guessed) == {"made_by", "read_by", "listed_by", "undone_by"}
    assert list_broken_by_guess(written) == {"listed_by", "undone_by"}
    assert written.resources["note"].inferred
    every = f"{text}    listed_by: {{action: list_notes}}\n    found_by: {{action: list_notes}}\n"
    every += "    undone_by: {action: delete_note, input: {note_id: =note.id}}\n"
    assert list_broken_by_guess(over(every)) == set()
    assert not over(every).resources["note"].inferred


def list_broken_by_guess(model: Model) -> set[str]:
    """Return the calls of the notes of which no contradiction would be broken."""
    guesses = find_guesses(model)
    promised = [c for c in contracts(model) if c.origin[:2] == ("resources", "note") and len(c.origin) > 2]
    assert {c.origin[2] for c in promised} >= {"read_by", "undone_by"}
    keys = ("made_by", "read_by", "listed_by", "undone_by")
    shown = {key: Contract("x", "x", "", "", "", ("resources", "note", key)) for key in keys}
    return {key for key, contract in shown.items() if guesses.cover(contract, ())}


def test_a_word_alone_makes_no_guess_firm() -> None:
    assert refused(
        "resources: {note: {inferred: false, made_by: {action: create_note, input: {title: a}}}}"
    ) == [
        (
            "pgagents.yaml:3 overlay/unwritten-calls: `inferred: false` is the author's word for calls that "
            "only the document shows: `found_by`, `read_by`, `listed_by`, `undone_by` "
            "(`pgagents import --settle note` writes them: keep those that are right; or write "
            "`confirmed: [found_by, read_by, listed_by, undone_by]` in its place)"
        )
    ]
    printed = render_part(over().source, "resources.note")
    assert printed.startswith("resources:\n  note:\n")
    assert "made_by: {action: create_note" in printed


# -- places


def test_each_part_is_found_in_the_file_that_says_it() -> None:
    source = over(
        "actions:\n  get_note: {errors: [+GONE]}\n  GET /tags: {title: Mine}\nerrors: {codes: {GONE: 410}}\n"
    ).source
    places = {
        ("actions", "list_tags", "title"): "pgagents.yaml:5:15",
        ("actions", "list_tags", "description"): "notes.json:306:5 (/paths/~1tags/get/description)",
        ("actions", "get_note", "errors", 0): "notes.json:115:4 (/paths/~1notes~1{note_id}/get)",
        ("actions", "get_note", "errors", 1): "pgagents.yaml:4:23",
        ("errors", "codes", "GONE", "status"): "pgagents.yaml:6:18",
        ("surfaces", "gemini"): "pgagents.yaml:2:1",
        ("actions", "create_note", "input", "title", "maxLength"): (
            "notes.json:417:7 (/components/schemas/NoteIn/properties/title/maxLength)"
        ),
    }
    assert {at: str(source.locate(at)) for at in places} == places


def test_what_no_file_says_names_its_evidence() -> None:
    source = over("errors: {codes: {GONE: 410}}\n").source
    shown = {
        (
            "errors",
            "envelope",
        ): "guessed: errors.envelope, from the 422 of 7 operations",
        ("errors", "codes", "UNPROCESSABLE", "meaning"): "from the 422 of 7 operations",
        ("surfaces", "gemini"): "default: surfaces.gemini, as nobody says what is offered to whom",
        ("api", "title"): "guessed: api.title, from the document's `info` and `servers`",
    }
    for at, said in shown.items():
        assert show(Diagnostic(source.locate(at), "x/y", "note", "A text"), source).endswith(said)
    assert not source.locate(("errors", "codes", "GONE", "status")).guess
    assert not source.locate(("actions", "get_note")).guess


def test_a_fault_of_the_overlay_is_told_at_the_overlay() -> None:
    found = refused("actions:\n  get_note: {input: {note_id: null}}\n  create_note: {input: {title: null}}\n")
    assert {line.split(" ")[0] for line in found} == {"pgagents.yaml:4"}


def test_what_a_concluded_call_contradicts_is_told_at_the_line_of_its_argument() -> None:
    text = "actions:\n  get_note: {title: One}\n  create_note: {input: {title: {enum: [Milk, Tea]}}}\n"
    assert [line.partition(" ")[0] for line in refused(text)] == ["pgagents.yaml:5"]


def test_a_section_that_the_document_lacks_has_no_new_part_without_its_kind() -> None:
    document = notes()
    document["components"].pop("securitySchemes")
    document.pop("security", None)
    for path in document["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    assert "no key scheme `K` here" in refused("auth: {schemes: {K: {prefixes: {a: test}}}}", document)[0]


def test_parts_that_no_catalogue_can_hold_are_left_out_as_an_import_does() -> None:
    document = notes()
    document["components"]["schemas"]["Note"]["properties"]["title"]["pattern"] = "("
    short = over("actions: {list_tags: {title: Mine}}", document)
    assert "pattern" not in short.source.data["schemas"]["Note"]["properties"]["title"]
    assert any(note.kind == "lost" and "pattern" in note.message for note in short.source.notes)


def test_a_document_on_one_line_shows_the_value_behind_the_pointer() -> None:
    source = over("", json.loads(NOTES.read_bytes()), indent=None).source
    found = Diagnostic(source.locate(("actions", "tag_note", "description")), "x/y", "note", "A text")
    assert show(found, source).split("\n")[1:] == [
        f"  --> {found.span}",
        "     |",
        '     | "description": "Puts a tag on a note."',
    ]
    assert found.span.line == 1
    assert found.span.pointer == "/paths/~1notes~1{note_id}~1tags~1{name}/put/description"
    whole = show(Diagnostic(source.locate(("actions", "tag_note")), "x/y", "note", "An operation"), source)
    assert whole.count("\n") == 2 + MOST_VALUE_LINES


@pytest.mark.parametrize("indent", [None, 1])
def test_places_of_json_are_those_that_a_reader_of_yaml_finds(indent: int | None) -> None:
    text = json.dumps(notes(), indent=indent)
    scanned, read = JsonPlaces(text), YamlPlaces(text)
    for pointer in parse(text, foreign=True).pointers():
        for at_value in (False, True):
            assert scanned.find(pointer, at_value=at_value) == read.find(pointer, at_value=at_value)


def test_what_is_kept_names_a_part_of_the_document_by_its_pointer() -> None:
    short = load_path(NOTES.with_suffix(".yaml"), "pgagents.yaml")
    losses = next(f.data.decode() for f in build(short, full=True).files if f.path == "pgagents/losses.md")
    rows = [line.split("|")[1].strip() for line in losses.splitlines() if "`actions." in line]
    assert rows
    assert all(row.startswith(("/paths/", "/components/")) or row.isdecimal() for row in rows)
    assert any(row.startswith("/paths/") for row in rows)
    span = short.source.locate(("actions", "create_note"))
    for file in ("notes.json", "pgagents.yaml"):
        place = replace(span, file=file)
        assert name_file(place, short.source, "api/pgagents.yaml") == f"api/{file}"
        assert name_file(place, short.source, "") == file


# -- bad input


@pytest.mark.parametrize(
    ("openapi", "said"),
    [
        ("3.1.0", "`3.1.0` is a version of OpenAPI"),
        ("[notes.json]", "the path or URL of an OpenAPI document stands here"),
        ("{document: notes.json, tag: [a]}", "unknown key `tag` (did you mean `tags`?)"),
        ("{tags: [a]}", "key `document` is missing"),
        ("{document: notes.json, max: 0}", "`max` is a whole number from 1"),
        ("{document: notes.json, sha256: abc}", "`sha256` is 64 hexadecimal digits"),
        ("nowhere.json", "nowhere.json: No such file or directory"),
        (".", "Is a directory"),
        ("ftp://host/openapi.json", "neither a path nor an http address"),
        ("notes.yaml", "notes.yaml is a catalogue itself"),
        ("{document: notes.json, sha256: '" + "0" * 64 + "'}", "the document's SHA-256 is"),
        ("{document: notes.json, include: [nothing]}", "none of the document's 8 operations fits"),
    ],
)
def test_a_wrong_document_is_one_message(openapi: str, said: str) -> None:
    found = refused("", openapi=openapi)
    assert len(found) == 1
    assert found[0].startswith("pgagents.yaml:2 overlay/")
    assert said in found[0]
    assert not found[0].endswith("()")


@pytest.mark.parametrize(
    "said",
    [
        "https://notes.example.com/openapi.json redirects to https://elsewhere.example/login",
        "https://notes.example.com/openapi.json has more than 48,000,000 bytes; that is the most read",
    ],
)
def test_a_document_that_is_not_had_is_told_at_its_line(said: str) -> None:
    source = parse("pgagents: 1\nopenapi: https://notes.example.com/openapi.json\n", "pgagents.yaml")

    def fetch(_: str) -> bytes:
        raise PgagentsError(said, "give that address, if you trust it")

    with pytest.raises(InputError) as caught:
        load_overlay(source, fetch)
    assert [(str(d.span), d.message, d.help) for d in caught.value.diagnostics] == [
        ("pgagents.yaml:2:10", said, "give that address, if you trust it")
    ]


def test_a_catalogue_from_elsewhere_names_no_file_of_its_reader() -> None:
    source = parse(f"pgagents: 1\nopenapi: {NOTES}\n", "https://elsewhere.example/pgagents.yaml")
    with pytest.raises(InputError) as caught:
        load_overlay(source, lambda _: NOTES.read_bytes())
    assert "may name no file of yours" in caught.value.diagnostics[0].message


def test_sections_and_entries_of_wrong_types() -> None:
    assert refused("actions: []")[0].startswith("pgagents.yaml:3 catalogue/type: `actions` is a mapping")
    assert refused("actions: {list_tags: 3}")[0].startswith("pgagents.yaml:3 catalogue/type")
    assert refused("actions: {x: {operation: 3}}")[0].startswith("pgagents.yaml:3 overlay/operation")
    assert refused("groups: {agents: 3}")[0].startswith("pgagents.yaml:3 catalogue/type")
    assert refused("api: {title: a, title: b}")[0].startswith("pgagents.yaml:3 catalogue/duplicate-key")
    assert refused("actions: {get_note: {nonsense: 3}}")[0].startswith(
        "pgagents.yaml:3 catalogue/unknown-key"
    )


# -- a document that changed


def test_lint_notes_what_the_document_says_too() -> None:
    text = "api: {server: https://notes.example.com}\n"
    text += "actions: {transcribe: {effect: read}, list_tags: {title: List tags}}\n"
    found = [d for d in lint(over(text)).found if d.id == "overlay/says-nothing-new"]
    assert [(d.severity, d.id, str(d.span)) for d in found] == [
        ("note", "overlay/says-nothing-new", "pgagents.yaml:3:7"),
        ("note", "overlay/says-nothing-new", "pgagents.yaml:4:51"),
    ]


def test_a_secret_in_the_url_of_a_document_is_an_error_and_never_shown() -> None:
    for url, what in (
        ("https://me:hush@notes.example.com/openapi.json", "a user or a password"),
        ("https://notes.example.com/openapi.json?token=hush&format=json", "a value of `token`"),
    ):
        model = over_remote(f"openapi: {{document: '{url}'}}")
        found = [d for d in lint(model).found if d.id == "overlay/secret-in-url"]
        assert [(d.severity, str(d.span)) for d in found] == [("error", "pgagents.yaml:2:21")]
        assert what in found[0].message
        assert "hush" not in show(found[0]) + str(model.source.locate(("actions", "get_note")))
    quiet = over_remote("openapi: https://notes.example.com/openapi.json?format=json")
    assert not [d for d in lint(quiet).found if d.id == "overlay/secret-in-url"]


def test_what_gives_away_tools_takes_no_document_from_a_url_without_its_hash() -> None:
    url = "https://notes.example.com/openapi.json"
    model = over_remote(f"openapi: {url}")
    digest = hashlib.sha256(NOTES.read_bytes()).hexdigest()
    with pytest.raises(PgagentsError) as caught:
        refuse_unpinned(model, "pgagents mcp")
    assert f"sha256: {digest}" in caught.value.help
    refuse_unpinned(over_remote(f"openapi: {{document: '{url}', sha256: {digest}}}"), "pgagents mcp")
    refuse_unpinned(over(), "pgagents mcp")


def over_remote(lines: str) -> Model:
    """Return the model of a catalogue over the notes at a URL."""
    source = parse(f"pgagents: 1\n{lines}\n", "pgagents.yaml", folder=NOTES.parent)
    return load_overlay(source, lambda _: NOTES.read_bytes())


def test_diff_lists_lines_that_fit_nothing_any_more_and_guesses(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    document = notes()
    document["paths"]["/notes"]["get"]["operationId"] = "find_notes"
    del document["paths"]["/notes/{note_id}"]["delete"]
    for folder, held in ((before, notes()), (after, document)):
        folder.mkdir()
        (folder / "notes.json").write_text(json.dumps(held, indent=1), encoding="utf-8")
        (folder / "pgagents.yaml").write_text(
            "pgagents: 1\nopenapi: notes.json\nactions:\n  list_notes: {title: My notes}\n", encoding="utf-8"
        )
    done = CliRunner().invoke(cli, ["diff", str(before / "pgagents.yaml"), str(after / "pgagents.yaml")])
    assert "the document has no operation `list_notes`: GET /notes is called `find_notes` now" in done.output
    assert f"overlay/unknown-operation  --> {after / 'pgagents.yaml'}:4:3" in done.output
    assert "Guessed (" in done.output
    assert "note.undone_by: is gone" in done.output


@pytest.mark.parametrize(
    ("lines", "gone", "said"),
    [
        (
            "resources: {note: {made_by: {action: create_note, input: {title: Milk}}}}",
            ("/notes", "post"),
            "`create_note` is not an action of this catalogue",
        ),
        (
            "groups: {agents: [list_notes, delete_note]}",
            ("/notes/{note_id}", "delete"),
            "`delete_note` is not an action of this catalogue",
        ),
    ],
)
def test_a_line_that_names_what_is_gone_counts_as_if_not_written(
    lines: str, gone: tuple[str, str], said: str
) -> None:
    document = notes()
    del document["paths"][gone[0]][gone[1]]
    source = parse(f"pgagents: 1\nopenapi: notes.json\n{lines}\n", "pgagents.yaml", folder=NOTES.parent)
    raw = json.dumps(document, indent=1).encode()
    with pytest.raises(InputError):
        load_overlay(source, lambda _: raw)
    misfits: list[Diagnostic] = []
    model = load_overlay(source, lambda _: raw, misfits)
    assert len(model.actions) == 7
    assert {(d.span.file, d.span.line) for d in misfits} == {("pgagents.yaml", 3)}
    assert all(said in d.message for d in misfits)


def test_endpoint_of_oauth_that_the_document_lists_as_an_operation_is_no_action() -> None:
    """JupyterHub's document lists its authorization endpoint. A full import leaves it out too."""
    document = notes()
    urls = {
        "authorizationUrl": "https://api.example.com/oauth/authorize",
        "tokenUrl": "https://api.example.com/t",
    }
    flow = {"authorizationCode": {**urls, "scopes": {"read": "Read"}}}
    document["components"]["securitySchemes"] = {"APIKeyHeader": {"type": "oauth2", "flows": flow}}
    document["paths"]["/oauth/authorize"] = {
        "get": {**document["paths"]["/tags"]["get"], "operationId": "authorize"}
    }
    document["servers"] = [{"url": "https://api.example.com"}]
    assert "authorize" not in [str(action.name) for action in over(document=document).actions]
    chosen = over("groups: {agents: [-delete_note]}\n", document)
    assert len(chosen.surfaces["gemini"].actions) == 7


def test_a_comment_above_an_entry_holds_for_all_that_the_document_says_of_it() -> None:
    rule = "catalogue/thin-description"
    asked = (
        "actions:\n  # pgagents: ignore[catalogue/thin-description] short is enough here\n  list_tags: {}\n"
    )
    document = notes()
    document["paths"]["/tags"]["get"]["description"] = "Tags."
    assert [d.span.file for d in lint(over("", document), [rule]).found] == ["notes.json"]
    found = lint(over(asked, document), [rule])
    assert found.found == ()
    assert [d.id for d in found.ignored] == [rule]


@pytest.mark.parametrize(
    ("written", "to"), [({"from": ["open"], "otherwise": "late"}, None), ({"from": ["new"]}, "sent")]
)
def test_a_whole_move_of_the_authors_has_no_guessed_end(written: dict[str, Any], to: str | None) -> None:
    guess = {"from": ["new"], "to": "sent", "otherwise": "late", "inferred": True}
    base, lines = ({"resources": {"visit": {"moves": {"issue": move}}}} for move in (guess, written))
    move = merge(base, lines).data["resources"]["visit"]["moves"]["issue"]
    assert move.get("to") == to
    assert move["from"] == written["from"]
    assert "inferred" not in move


def test_a_guessed_move_goes_with_its_code_unless_the_author_names_it() -> None:
    guessed = {name: {"from": ["open"], "to": "done", "otherwise": "CONFLICT"} for name in ("finish", "stop")}
    base = {"resources": {"visit": {"moves": guessed}}, "errors": {"codes": {"CONFLICT": {"status": 409}}}}
    named = {"visit": {"moves": {"finish": {"otherwise": "wrong_state"}}}}
    made = merge(base, {"errors": {"codes": {"CONFLICT": None}}, "resources": named}).data
    moves = made["resources"]["visit"]["moves"]
    assert moves == {"finish": {"from": ["open"], "to": "done", "otherwise": "wrong_state"}}


def test_what_a_path_names_refers_to_the_resource_whose_calls_fill_it_in() -> None:
    """Import concludes nothing of Kubernetes' `metadata.name`, so the author writes the resource himself."""
    text = {"type": "string"}
    meta = {"type": "object", "properties": {"name": text, "uid": text}, "required": ["name", "uid"]}
    spec = {"type": "object", "properties": {"image": text}, "required": ["image"]}
    shown = {"type": "object", "properties": {"metadata": meta, "spec": spec}}
    answer = {"description": "So", "content": {"application/json": {"schema": shown}}}
    named = [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/pods": {
            "post": {
                "operationId": "makePod",
                "requestBody": {"required": True, "content": answer["content"]},
                "responses": {"201": answer},
            }
        },
        "/pods/{name}": {
            "parameters": named,
            "get": {"operationId": "readPod", "responses": {"200": answer}},
            "delete": {"operationId": "removePod", "responses": {"200": answer}},
        },
        "/pods/{name}/log": {
            "get": {"operationId": "readLog", "parameters": named, "responses": {"200": answer}}
        },
        "/nodes/{name}": {
            "get": {"operationId": "readNode", "parameters": named, "responses": {"200": answer}}
        },
    }
    document = {"openapi": "3.1.0", "info": {"title": "Pods", "version": "1"}, "paths": paths}
    lines = """resources:
  pod:
    id: metadata.name
    made_by: {action: make_pod}
    read_by: {action: read_pod, input: {name: =resource.metadata.name}}
"""
    written = "actions: {read_log: {input: {name: {refers_to: pod.metadata.name}}}}\n"
    in_a_list = lines.replace("{action: read_pod", "[{action: read_pod").replace("name}}", "name}}]")
    for own in (lines, lines + written, in_a_list):
        actions = {a.name: a for a in over(own, document).actions}
        refers = {name: a.param("name").refers_to for name, a in actions.items() if a.param("name")}
        assert refers == {"read_pod": "pod", "remove_pod": "pod", "read_log": "pod", "read_node": None}


@pytest.mark.parametrize(
    "line", ["id: 5", "id: {a: 1}", "id: [{a: 1}]", "read_by: {action: [get_note]}", "read_by: 5"]
)
def test_a_resource_of_a_wrong_form_is_one_message(line: str) -> None:
    """An id that is a number, and an action that is a list, ended with a traceback."""
    lines = {
        "read_by": "read_by: {action: get_note, input: {note_id: =resource.id}}",
        line.partition(":")[0]: line,
    }
    assert len(refused("resources:\n  note:\n" + "".join(f"    {one}\n" for one in lines.values()))) == 1


def test_a_part_is_not_removed_by_the_id_of_its_parent() -> None:
    """A workshop's `DELETE /orders/{order_id}/lines/{line_id}` got the order's id twice (2026-11-27)."""
    text = {"type": "string"}
    lines = {"type": "array", "items": {"type": "object", "properties": {"id": text}, "required": ["id"]}}
    order = {"type": "object", "properties": {"id": text, "lines": lines}, "required": ["id", "lines"]}
    answer = {"description": "So", "content": {"application/json": {"schema": order}}}
    named = [{"name": f"{n}_id", "in": "path", "required": True, "schema": text} for n in ("order", "line")]
    at = "/orders/{order_id}"
    paths = {
        "/orders": {"post": {"operationId": "createOrder", "responses": {"201": answer}}},
        at: {"parameters": named[:1], "get": {"operationId": "getOrder", "responses": {"200": answer}}},
        f"{at}/lines": {
            "post": {"operationId": "addLine", "parameters": named[:1], "responses": {"201": answer}}
        },
        f"{at}/lines/{{line_id}}": {
            "delete": {"operationId": "removeLine", "parameters": named, "responses": {"200": answer}}
        },
    }
    document = {"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": paths}
    written = """resources:
  order:
    inferred: false
    made_by: {action: create_order}
    read_by: {action: get_order, input: {order_id: =resource.id}}
  line:
    within: order
    made_by: {action: add_line, input: {order_id: =order.id}, at: "response.lines[-1]"}
    undone_by: {action: remove_line, input: {order_id: =order.id, line_id: =resource.id}}
"""
    setting = setting_of(over(written, document), "http://127.0.0.1:1")
    [endpoint] = [e for e in setting.endpoints if e.leads and e.action.name == "remove_line"]
    found = find_hinted_call(setting, endpoint)
    assert isinstance(found, str) or found.resource.name == "line"


def test_an_id_that_an_author_makes_of_several_members_is_filled_in_by_his_calls() -> None:
    """What import had concluded of `id` alone was refused at the catalogue's first line, which has no id."""
    number, text = {"type": "integer"}, {"type": "string"}
    note = {"type": "object", "properties": {"id": number, "team": text}, "required": ["id", "team"]}
    answer = {"description": "So", "content": {"application/json": {"schema": note}}}
    several = {"type": "array", "items": note}
    listed = {"description": "So", "content": {"application/json": {"schema": several}}}
    at = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in (("team", text), ("id", number))
    ]
    body = {"required": True, "content": {"application/json": {"schema": {"properties": {"text": text}}}}}
    paths = {
        "/teams": {"get": {"operationId": "listTeams", "responses": {"200": listed}}},
        "/teams/{team}": {
            "parameters": at[:1],
            "get": {"operationId": "getTeam", "responses": {"200": answer}},
        },
        "/teams/{team}/notes": {
            "parameters": at[:1],
            "get": {"operationId": "listNotes", "responses": {"200": listed}},
            "post": {"operationId": "makeNote", "requestBody": body, "responses": {"201": answer}},
        },
        "/teams/{team}/notes/{id}": {
            "parameters": at,
            "get": {"operationId": "readNote", "responses": {"200": answer}},
            "delete": {"operationId": "removeNote", "responses": {"204": {"description": "Gone"}}},
        },
    }
    filled = "input: {team: =resource.team, id: =resource.id}"
    lines = f"""resources:
  note:
    id: [team, id]
    made_by: {{action: make_note, input: {{team: a}}}}
    read_by: {{action: read_note, {filled}}}
    undone_by: {{action: remove_note, {filled}}}
"""
    document = {"openapi": "3.1.0", "info": {"title": "Notes", "version": "1"}, "paths": paths}
    actions = {a.name: a for a in over(lines, document).actions}
    for name in ("read_note", "remove_note"):
        assert (found := actions[name].param("id")) is not None
        assert (found.refers_to, found.refers_member) == ("note", "id")
