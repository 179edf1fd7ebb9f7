"""A document's next edition is merged into the catalogue: the document's changes come, the author's edits
and comments stay.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importing import SWAGGER, openapi, operation
from lengths import tried
from pgagents.base.places import Source
from pgagents.base.reading import parse
from pgagents.catalogue.load import load, load_file
from pgagents.cli.main import main
from pgagents.importer.merge import MISSING, Conflict, Edit, apply_edits, merge, patch_text, same
from pgagents.importer.surfaces import Offer
from pgagents.importer.text import render_yaml, scalar

CATALOGUE = Path("shop.yaml")
RECORD = Path("shop.imported.json")


@pytest.fixture(scope="module")
def imported_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a document was imported, and which no test changes."""
    made = tmp_path_factory.mktemp("imported")
    with contextlib.chdir(made):
        store(SWAGGER)
        assert main(["import", "doc.json", "--out", str(CATALOGUE)]) == 0
    return made


@pytest.fixture
def document(imported_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A document that was imported once."""
    shutil.copytree(imported_once, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return copy.deepcopy(SWAGGER)


def store(document: dict[str, Any]) -> None:
    Path("doc.json").write_text(json.dumps(document), encoding="utf-8")


def again(*words: str) -> int:
    return main(["import", "doc.json", "--out", str(CATALOGUE), *words])


def replace(old: str, new: str) -> None:
    text = CATALOGUE.read_text(encoding="utf-8")
    assert text.count(old) == 1, text.count(old)
    CATALOGUE.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.usefixtures("document")
def test_same_document_again_changes_no_byte() -> None:
    before = CATALOGUE.read_bytes(), RECORD.read_bytes()
    assert again() == 0
    assert (CATALOGUE.read_bytes(), RECORD.read_bytes()) == before


def test_the_authors_word_that_a_post_reads_is_kept_by_later_imports(document: dict[str, Any]) -> None:
    assert again("--force", "--reads", "POST /books") == 0
    document["paths"]["/books"]["get"]["parameters"][1]["maximum"] = 80
    store(document)
    assert again() == 0
    assert {a.name: a.effect for a in load_file(CATALOGUE).actions}["add_book"] == "read"


def test_edits_and_comments_stay_and_the_documents_changes_come(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    replace("    title: Add book\n", "    title: Put a book on the shelf # agreed with Ann\n")
    replace("  upload_cover:\n", "  # not before autumn\n  upload_cover:\n")
    document["paths"]["/books"]["get"]["parameters"][1]["maximum"] = 80
    document["paths"]["/books"]["get"]["parameters"].append({"name": "q", "in": "query", "type": "string"})
    document["paths"]["/shelves"] = {
        "get": {"operationId": "listShelves", "responses": {"200": {"description": "All"}}}
    }
    store(document)
    assert again() == 0
    text = CATALOGUE.read_text(encoding="utf-8")
    assert "title: Put a book on the shelf # agreed with Ann" in text
    assert "  # not before autumn\n  upload_cover:\n" in text
    actions = load_file(CATALOGUE)
    limit = next(a for a in actions.actions if a.name == "list_books").param("limit")
    assert limit
    assert limit.schema["exclusiveMaximum"] == 80
    assert [str(a.name) for a in actions.actions] == [
        "list_books",
        "add_book",
        "upload_cover",
        "list_shelves",
    ]
    assert "q: {type: string, description: Text to search for}" in text
    assert "taken over  actions.list_books.input.limit.exclusiveMaximum" in capsys.readouterr().out


def test_place_that_both_changed_keeps_the_authors_word_and_says_so(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    replace("default: 10", "default: 7")
    document["paths"]["/books"]["get"]["parameters"][1]["default"] = 20
    store(document)
    assert again() == 0
    text = CATALOGUE.read_text(encoding="utf-8")
    assert "default: 7" in text
    assert "conflict    actions.list_books.input.limit.default" in capsys.readouterr().out
    above = text.splitlines()[next(n for n, line in enumerate(text.splitlines()) if "default: 7" in line) - 1]
    assert "# TODO conflict: default: the document now says 20" in above
    assert again() == 0
    assert CATALOGUE.read_text(encoding="utf-8") == text  # told once


def test_what_the_document_drops_goes_unless_it_was_edited(document: dict[str, Any]) -> None:
    replace("    title: Upload cover\n", "    title: Send a picture\n")
    del document["paths"]["/books/{bookId}/cover"]
    del document["paths"]["/books"]["post"]
    store(document)
    assert again() == 0
    text = CATALOGUE.read_text(encoding="utf-8")
    assert "add_book" not in text
    assert "title: Send a picture" in text
    assert "the document has this no longer" in text


def test_operation_that_the_document_renames_keeps_the_authors_name_and_gets_the_changes(
    document: dict[str, Any],
) -> None:
    replace("    title: Add book\n", "    title: Put a book on the shelf\n")
    replace("surfaces:\n", "groups: {mine: [add_book]}\n\nsurfaces:\n")
    document["paths"]["/books"]["post"]["operationId"] = "createBook"
    document["paths"]["/books"]["post"]["description"] = "Puts a new book at the end of its shelf"
    store(document)
    assert again() == 0
    model = load_file(CATALOGUE)
    action = next(a for a in model.actions if a.name == "add_book")
    assert str(action.title) == "Put a book on the shelf"
    assert str(action.operation_id) == "createBook"
    assert str(action.description).startswith("Puts a new book at the end of its shelf")
    before = CATALOGUE.read_bytes()
    assert again() == 0
    assert CATALOGUE.read_bytes() == before


def test_action_that_the_author_renames_gets_the_documents_changes(document: dict[str, Any]) -> None:
    replace("  add_book:\n", "  shelve_book:\n")
    document["paths"]["/books"]["post"]["description"] = "Puts a new book at the end of its shelf"
    store(document)
    assert again() == 0
    (action,) = (a for a in load_file(CATALOGUE).actions if a.path == "/api/v2/books" and a.method == "POST")
    assert action.name == "shelve_book"
    assert str(action.description).startswith("Puts a new book at the end of its shelf")


def test_action_that_the_document_drops_stays_while_the_author_names_it(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    replace("surfaces:\n", "groups: {mine: [add_book]}\n\nsurfaces:\n")
    del document["paths"]["/books"]["post"]
    store(document)
    assert again() == 0
    assert "  add_book:\n" in CATALOGUE.read_text(encoding="utf-8")
    assert "another part of this file names it" in capsys.readouterr().out


def test_group_without_an_action_that_the_author_removed_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths: dict[str, Any] = {f"/a{n}": {"get": operation(operationId=f"a{n}")} for n in range(34)}
    store(openapi(paths))
    assert again() == 0
    text = CATALOGUE.read_text(encoding="utf-8")
    gone = text[text.index("  a3:\n") : text.index("  a4:\n")].partition("  # TODO")[0]
    CATALOGUE.write_text(text.replace(gone, "").replace("a2, a3, ", "a2, "), encoding="utf-8")
    ours = load_file(CATALOGUE)
    assert "a3" not in [a.name for a in ours.actions]
    paths |= {"/b/{id}": {"get": operation(operationId="b"), "delete": operation(operationId="c")}}
    store(openapi(paths))
    assert again() == 0
    names = [a.name for a in load_file(CATALOGUE).surfaces["openai"].actions]
    assert {"b", "c"} <= set(names)
    assert "a3" not in names


@pytest.mark.usefixtures("document")
def test_author_may_add_what_no_document_says() -> None:
    replace("    effect: read\n", "    effect: read\n    laws: {few: size(response) <= 50}\n")
    assert again() == 0
    assert "laws: {few: size(response) <= 50}" in CATALOGUE.read_text(encoding="utf-8")


def test_merge_that_would_not_load_writes_nothing(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    replace(
        "    effect: read\n",
        (
            "    effect: read\n    laws: {few: size(response) <= input.limit}\n    relations: {more: {widen: "
            "limit, keeps: response}}\n"
        ),
    )
    del document["paths"]["/books"]["get"]["parameters"][1]
    store(document)
    before = CATALOGUE.read_bytes(), RECORD.read_bytes()
    assert again() == 2
    assert (CATALOGUE.read_bytes(), RECORD.read_bytes()) == before
    said = capsys.readouterr().err
    assert "nothing is written" in said
    assert "limit" in said


@pytest.mark.usefixtures("document")
def test_catalogue_that_no_import_made_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    RECORD.unlink()
    before = CATALOGUE.read_bytes()
    assert again() == 2
    assert CATALOGUE.read_bytes() == before
    assert "--force" in capsys.readouterr().err
    assert again("--force") == 0
    assert RECORD.is_file()


@pytest.mark.parametrize(
    "record",
    [
        "",
        "{}",
        "[]",
        '{"pgagents_import": 1}',
        "{" * 100_000,
        '{"pgagents_import":1,"choice":{"include":[],"tags":[],"most":null},"catalogue":{"actions":[]}}',
    ],
)
@pytest.mark.usefixtures("document")
def test_broken_record_is_told_and_nothing_is_written(
    record: str, capsys: pytest.CaptureFixture[str]
) -> None:
    RECORD.write_text(record, encoding="utf-8")
    before = CATALOGUE.read_bytes()
    assert again() == 2
    assert CATALOGUE.read_bytes() == before
    assert "is no record of an import" in capsys.readouterr().err


@pytest.mark.usefixtures("document")
def test_catalogue_that_does_not_load_is_told_and_left() -> None:
    CATALOGUE.write_text("pgagents: 1\napi: [\n", encoding="utf-8")
    assert again() == 2
    assert CATALOGUE.read_text(encoding="utf-8") == "pgagents: 1\napi: [\n"


def test_choice_of_operations_is_remembered(document: dict[str, Any]) -> None:
    assert again("--force", "--include", "addBook") == 0
    assert "upload_cover" not in CATALOGUE.read_text(encoding="utf-8")
    document["paths"]["/shelves"] = {
        "get": {"operationId": "listShelves", "responses": {"200": {"description": "All"}}}
    }
    store(document)
    assert again() == 0
    assert "list_shelves" not in CATALOGUE.read_text(encoding="utf-8")


@pytest.mark.usefixtures("document")
def test_place_that_cannot_be_written_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "doc.json", "--out", "doc.json/x.yaml"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert main(["import", "doc.json", "--out", "."]) == 2


STRANGE = [
    "no", "null", "12:30", "1.0", "0o7", "~", "- a", "a: b", "a #b", "x\ny", "  x\n y", "\n", "é\u2028",
    "{a}", "'", "a\tb", "# x",
    "a\n# b\n", "1.2.3", "=x", "&a",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(STRANGE))
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(TEXTS, st.integers(100, 599)), inner, max_size=4),
    ),
    max_leaves=20,
)
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def sayable(value: Any) -> bool:
    """True if the reader takes it: no lone surrogates, no two keys that JSON makes one."""
    if isinstance(value, str):
        return not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return len({str(k) for k in value}) == len(value) and all(map(sayable, [*value, *value.values()]))
    return all(map(sayable, value)) if isinstance(value, list) else True


@pytest.mark.matrix
@QUICK
@given(st.dictionaries(TEXTS, JSON, min_size=1, max_size=4).filter(sayable), st.lists(TEXTS, max_size=3))
def test_text_says_the_same_as_the_data(data: dict[Any, Any], said: list[str]) -> None:
    comments = {(key,): said for key in data} | {(): said}
    source = parse(render_yaml(data, comments))
    assert source.problems == []
    assert same(source.data, data)


@QUICK
@given(TEXTS.filter(sayable))
def test_text_of_a_scalar_is_never_taken_for_something_else(text: str) -> None:
    import yaml

    for flow in (True, False):
        shown = scalar(text, flow=flow)
        assert parse(f"[{shown}]" if flow else f"a: {shown}").data == ([text] if flow else {"a": text})
        assert yaml.safe_load(f"[{shown}]" if flow else f"a: {shown}") == ([text] if flow else {"a": text})


PLAIN = st.recursive(
    st.one_of(st.integers(0, 3), st.sampled_from(["a", "b\nc"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["p", "q", "r"]), inner, max_size=3)
    ),
    max_leaves=12,
)
TREES = st.dictionaries(st.sampled_from(["one", "two", "three"]), PLAIN, min_size=1, max_size=3)


@pytest.mark.matrix
@QUICK
@given(TREES, TREES, TREES, st.booleans())
def test_merge_takes_the_documents_changes_and_keeps_the_authors(
    base: dict[str, Any], ours: dict[str, Any], new: dict[str, Any], commented: bool
) -> None:
    steps = list(merge(base, ours, new))
    edits, conflicts = (
        [s for s in steps if isinstance(s, Edit)],
        [s for s in steps if isinstance(s, Conflict)],
    )
    if same(base, ours):
        assert same(apply_edits(ours, edits), new)
        assert conflicts == []
    if same(base, new):
        assert steps == []
    text = render_yaml(ours)
    if commented:
        text = "".join(
            f"{' ' * (len(line) - len(line.lstrip()))}# about it\n{line}" if line.endswith(":\n") else line
            for line in text.splitlines(True)
        )
    source = parse(text)
    after = parse(patch_text(source, edits, conflicts, {}))
    assert after.problems == []
    assert same(after.data, apply_edits(ours, edits))


def test_edit_in_a_line_of_several_members_rewrites_that_entry_alone() -> None:
    source = parse("k:\n  a: {x: 1, w: {z: 2}} # kept?\n# of b\nb:\n  c: 1 # one\n  # of d\n  d: [1, 2]\n")
    after = patch_text(
        source, [Edit(("k", "a", "w", "z"), 3), Edit(("b", "e"), 4), Edit(("b", "c"), MISSING)], [], {}
    )
    assert (
        after == "k:\n  # kept?\n  a: {x: 1, w: {z: 3}}\n# of b\nb:\n  # one\n  # of d\n  d: [1, 2]\n  e: 4\n"
    )


EDITION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1.0.0", "contact": {"email": "a@shop.example"}},
    "servers": [{"url": "https://shop.example"}],
    "security": [{"key": []}],
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "summary": "List things",
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "description": "How many",
                        "schema": {"type": "integer", "maximum": 50, "default": 5},
                    },
                    {"name": "q", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {
                        "description": "Things",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            }
                        },
                    }
                },
            },
            "post": {
                "operationId": "addThing",
                "summary": "Add a thing",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "responses": {"201": {"description": "Added"}, "409": {"description": "There already"}},
            },
        },
        "/things/{id}": {
            "get": {
                "operationId": "getThing",
                "summary": "Get a thing",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": "It",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "404": {"description": "No such thing"},
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 40},
                    "size": {"type": "integer"},
                    "of": {"$ref": "#/components/schemas/Maker"},
                },
            },
            "Maker": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every pointer inside, parents first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [p for key, member in inner for p in places(member, (*at, key))]


def at(data: Any, pointer: tuple[Any, ...]) -> Any:
    for step in pointer:
        inside = (
            step in data
            if isinstance(data, dict)
            else isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if not inside:
            return MISSING
        data = data[step]
    return data


def changed(document: Any, draw: Any) -> None:
    """A change such as editions have: a member gone, a value changed, a parameter, a property or an
    operation more.
    """
    kind = draw(st.sampled_from(["drop", "change", "parameter", "property", "operation", "rename"]))
    if kind == "operation":
        n = draw(st.integers(0, 3))
        document["paths"][f"/new{n}"] = {
            "get": {
                "operationId": f"getNew{n}",
                "summary": "New",
                "responses": {"200": {"description": "It"}},
            }
        }
        return
    if kind == "property":
        schema = document.get("components", {}).get("schemas", {}).get("Thing", {})
        schema.setdefault("properties", {})[draw(st.sampled_from(["colour", "price", "size"]))] = {
            "type": draw(st.sampled_from(["string", "number"]))
        }
        return
    if kind == "parameter":
        for item in list(document["paths"].values())[:1]:
            if isinstance(item, dict) and isinstance(item.get("get"), dict):
                item["get"].setdefault("parameters", []).append(
                    {"name": draw(st.sampled_from("xyz")), "in": "query", "schema": {"type": "string"}}
                )
        return
    if kind == "rename":
        old = draw(st.sampled_from(list(document["paths"])))
        document["paths"] = {(f"/v2{p}" if p == old else p): item for p, item in document["paths"].items()}
        return
    fitting = [p for part in ("paths", "components") for p in places(document[part], (part,)) if len(p) > 3]
    wanted = [p for p in fitting if kind == "drop" or p[-1] in CHANGING]
    *path, last = draw(st.sampled_from(wanted or fitting))
    holder = at(document, tuple(path))
    if kind == "drop":
        holder.pop(last)
    elif isinstance(holder[last], str):
        holder[last] += " now"
    elif isinstance(holder[last], int):
        holder[last] += 1


CHANGING = ("summary", "description", "maximum", "default", "maxLength")
LEAVES = ("title", "description", "maximum", "default", "maxLength", "contact", "for_models", "for_people")


def authored(text: str, draw: Any, n: int) -> tuple[str, list[tuple[tuple[Any, ...], Any]], str]:
    """The text after an edit of its author: what now stands where, and the comment that came with it."""
    source = parse(text)
    lines = text.splitlines()
    kind = draw(st.sampled_from(["above", "behind", "behind", "value", "member", "removal"]))
    if kind in ("above", "behind"):
        fitting = [
            p
            for p in source.pointers()
            if len(p) > 2 and p[0] in ("actions", "schemas") and isinstance(p[-1], str)
        ]
        fitting = [p for p in fitting if lines[source.locate(p).line - 1].lstrip().startswith(str(p[-1]))]
        pointer = draw(st.sampled_from(fitting))
        number, column = source.locate(pointer).line - 1, source.locate(pointer).column - 1
        if kind == "above":
            lines.insert(number, f"{' ' * column}# remark {n}.")
        else:
            lines[number] += f" # remark {n}."
        after = "\n".join(lines) + "\n"
        return (after, [], f"# remark {n}.") if same(parse(after).data, source.data) else (text, [], "")
    if kind == "member":
        name = draw(st.sampled_from(list(source.data["actions"])))
        edit = Edit(("actions", name, "confirm"), {"body": f"Shall I, {n}?"})
    elif kind == "removal":
        fitting = [
            p
            for p in source.pointers()
            if p[-1:]
            and p[-1] in ("maximum", "default", "maxLength", "errors")
            and p[0] in ("actions", "schemas")
        ]
        if not fitting:
            return text, [], ""
        edit = Edit(draw(st.sampled_from(fitting)), MISSING)
    else:
        fitting = [
            p
            for p in source.pointers()
            if p
            and p[-1] in LEAVES
            and isinstance(at(source.data, p), str | int)
            and p[0] in ("api", "actions", "schemas")
        ]
        pointer = draw(st.sampled_from(fitting))
        value = at(source.data, pointer)
        edit = Edit(
            pointer,
            6 + n  # no value that stands there
            if isinstance(value, int)
            else f"a{n}@shop.example"
            if pointer[-1] == "contact"
            else f"The author's {n}",
        )
    return patch_text(source, [edit], [], {}), [(edit.at, edit.value)], ""


def formatted(text: str, draw: Any) -> str:
    """The text as its author may leave it: other line ends, more blank lines, actions in another order."""
    kind = draw(st.sampled_from(["as it is", "line ends", "blank lines", "order"]))
    if kind == "line ends":
        return text.replace("\n", "\r\n")
    if kind == "blank lines":
        return re.sub(r"\n(    \w+:)", r"\n\n\1", text)
    if kind == "order":
        head, _, tail = text.partition("\nactions:\n")
        actions, end, rest = tail.partition("\nsurfaces:\n")
        blocks = [block.strip("\n") for block in re.split(r"\n\n(?=  [#\w])", actions)]
        return f"{head}\nactions:\n" + "\n\n".join(reversed(blocks)) + f"\n{end}{rest}"
    return text


def common(one: Source, two: Source) -> list[Any]:
    """The members of both files, in the order of the first."""
    there = set(two.pointers())
    return [p for p in one.pointers() if p in there and not any(isinstance(step, int) for step in p)]


@pytest.mark.usefixtures("_in_a_folder")
@tried(40, 300, data=st.data())
def test_nothing_of_the_authors_is_lost_whatever_the_document_becomes(data: st.DataObject) -> None:
    """Edit the catalogue, change the document, merge: each edit and each comment is still there, or
    nothing is written at all.
    """
    document = copy.deepcopy(EDITION)
    store(document)
    CATALOGUE.unlink(missing_ok=True)
    assert again() == 0
    text, edits, comments = CATALOGUE.read_text(encoding="utf-8"), {}, []
    for n in range(data.draw(st.integers(1, 6))):
        text, made, comment = authored(text, data.draw, n)
        edits |= dict(made)
        comments += [comment] if comment else []
    text = formatted(text, data.draw)
    CATALOGUE.write_bytes(text.encode())
    ours = parse(text)
    if load(ours)[0] is None:
        return  # an author's mistake: the import says so and writes nothing, as other tests show
    for _ in range(data.draw(st.integers(1, 4))):
        changed(document, data.draw)
    store(document)
    if again() == 2:
        assert CATALOGUE.read_bytes() == text.encode()
        return
    after = parse(CATALOGUE.read_bytes().decode())
    assert ("\r\n" in text) == ("\r\n" in after.text)
    assert "\r\n" not in text or "\n" not in after.text.replace("\r\n", "")
    assert common(ours, after) == common(after, ours)
    lines = [line.strip() for line in after.text.splitlines()]
    assert not [one for one, two in pairwise(lines) if one == two and one.startswith("#")]
    assert load(after, any_key=True)[0], after.text  # the document may name a key that no catalogue can say
    for pointer, value in edits.items():
        assert same(at(after.data, pointer), value), (pointer, value, after.text)
    for comment in comments:
        assert after.text.count(comment) == 1, (comment, after.text)
    assert again() == 0
    assert CATALOGUE.read_bytes() == after.text.encode()


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and no manifests built for each of the many imports: which surfaces there are
    is not asked here.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pgagents.importer.catalogue.offer", lambda *_: Offer())
