"""`pgagents diff` of OpenAPI documents: places, names, several files, revisions, and documents that mean
harm.
"""

# schemas are easier to compare in one line each
from __future__ import annotations

import copy
import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lengths import share
from pgagents.base.errors import PgagentsError
from pgagents.base.reading import parse
from pgagents.cli.main import main
from test_diff_openapi import ADD, BASE, BOOK, LIST, OK, edited, found

Data = dict[str, Any]


def saved(folder: Path, *documents: Data, indent: int | None = 1) -> list[str]:
    paths = []
    for name, data in zip(("old.json", "new.json"), documents, strict=True):
        (folder / name).write_text(json.dumps(data, indent=indent), encoding="utf-8")
        paths.append(str(folder / name))
    return paths


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    main(["diff", *words, "--format", "json"])
    changes: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["changes"]
    return changes


@pytest.mark.parametrize("indent", [None, 1])
def test_places_are_the_documents_own_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], indent: int | None
) -> None:
    new = edited(
        BASE,
        {f"{BOOK}|properties|state|enum": ["new", "sold", "lost"], f"{LIST}|parameters|1|schema|maximum": 40},
    )
    paths = saved(tmp_path, BASE, new, indent=indent)
    text = Path(paths[1]).read_text(encoding="utf-8")
    changes = told(capsys, *paths)
    assert {c["subject"] for c in changes} == {"add_book", "get_book", "list_books"}
    for change in changes:
        place, _, pointer = change["place"].partition(" ")
        name, line, column = place.rsplit(":", 2)
        assert name == paths[1]
        if pointer == "(/paths/~1books/get/parameters/1)":
            assert json.loads(text)["paths"]["/books"]["get"]["parameters"][1]["name"] == "limit"
            assert text.splitlines()[int(line) - 1][int(column) - 1 :].startswith("{")


def test_change_of_a_shared_schema_is_told_of_each_operation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = edited(BASE, {f"{BOOK}|properties|state|enum": ["new", "sold", "lost"]})
    breaking = [c for c in told(capsys, *saved(tmp_path, BASE, new)) if c["severity"] == "breaking"]
    assert {c["subject"] for c in breaking} == {"add_book", "get_book", "list_books"}
    assert {c["example"] for c in breaking} == {'"lost"'}


def test_operation_without_an_id_goes_by_the_name_that_an_import_gives() -> None:
    (change,) = found(BASE, edited(BASE, {"paths|/books/{id}|delete|deprecated": True}))
    assert change.subject == "delete_book"


def test_yaml_and_json_of_one_document_do_not_differ_and_have_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import yaml

    (tmp_path / "old.yaml").write_text(yaml.safe_dump(BASE, sort_keys=False), encoding="utf-8")
    new = tmp_path / "new.yaml"
    assert main(["diff", saved(tmp_path, BASE, BASE)[0], str(tmp_path / "old.yaml")]) == 0
    capsys.readouterr()
    new.write_text(
        yaml.safe_dump(edited(BASE, {f"{ADD}|operationId": "makeBook"}), sort_keys=False), encoding="utf-8"
    )
    change = next(
        c for c in told(capsys, str(tmp_path / "old.yaml"), str(new)) if c["id"] == "operation-renamed"
    )
    line = int(change["place"].partition(" ")[0].split(":")[-2])
    assert new.read_text(encoding="utf-8").splitlines()[line - 1].strip() == "post:"


def test_change_in_another_file_has_the_line_that_refers_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, most in (("a", 9), ("b", 8)):
        (tmp_path / folder).mkdir()
        data = edited(BASE, {BOOK: {"$ref": "parts.json#/Book"}})
        (tmp_path / folder / "api.json").write_text(json.dumps(data), encoding="utf-8")
        part = edited(BASE["components"]["schemas"], {"Book|properties|name|maxLength": most})
        (tmp_path / folder / "parts.json").write_text(json.dumps(part, indent=1), encoding="utf-8")
    changes = told(capsys, str(tmp_path / "a/api.json"), str(tmp_path / "b/api.json"))
    assert {c["severity"] for c in changes} == {"breaking", "addition"}
    for change in changes:
        assert change["place"].startswith(f"{tmp_path}/b/api.json:"), change


def test_documents_of_git_revisions_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["init", "-q"], ["config", "user.email", "a@x.example"], ["config", "user.name", "A"]):
        subprocess.run(["git", *words], check=True)
    Path("api.json").write_text(json.dumps(BASE), encoding="utf-8")
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", "commit", "-qm", "One"], check=True)
    Path("api.json").write_text(
        json.dumps(edited(BASE, {f"{OK}|headers|X-Count|required": False})), encoding="utf-8"
    )
    assert main(["diff", "--git", "HEAD", "api.json"]) == 1
    assert "list_books: answer 200 may lack the header X-Count now" in capsys.readouterr().out


def test_document_that_is_none_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *saved(tmp_path, BASE, edited(BASE, {"openapi": "4.0.0"}))]) == 2
    said = capsys.readouterr().err
    assert "the document says `openapi: 4.0.0`" in said
    assert "Traceback" not in said


# documents that mean harm


def holding(schema: Data) -> Data:
    """A document that sends and answers a member with this schema."""
    return with_schemas({"S": {"type": "object", "properties": {"a": schema}}}, "S")


def with_schemas(schemas: Data, first: str) -> Data:
    held = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{first}"}}}}
    post = {"requestBody": held, "responses": {"200": {"description": "x", **held}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "components": {"schemas": schemas},
        "paths": {"/x": {"post": post}},
    }


def ref(n: int) -> Data:
    return {"$ref": f"#/components/schemas/S{n}"}


def layers(count: int, layer: Any, leaf: Data) -> Data:
    return {**{f"S{n}": layer(n) for n in range(count)}, f"S{count}": leaf}


SHAPES: dict[str, Any] = {
    "each names the next twice": (
        40,
        lambda n: {"type": "object", "properties": {"a": ref(n + 1), "b": ref(n + 1)}},
    ),
    "twice in a union": (
        40,
        lambda n: {
            "type": "object",
            "properties": {"a": {"anyOf": [ref(n + 1), {"type": "array", "items": ref(n + 1)}]}},
        },
    ),
    "twice in one schema": (
        40,
        lambda n: {"type": "object", "properties": {"a": {"allOf": [ref(n + 1), ref(n + 1)]}}},
    ),
    "a long chain": (300, lambda n: {"type": "object", "properties": {"a": ref(n + 1)}}),
    "references to references": (
        300,
        lambda n: {"type": "object", "properties": {"a": ref(1)}} if not n else ref(n + 1),
    ),
    "a ring": (60, lambda _: {"type": "object", "properties": {f"m{k}": ref(k) for k in range(61)}}),
}


@pytest.mark.parametrize("shape", share(SHAPES, 2))
def test_schemas_that_refer_without_end_are_compared(shape: str) -> None:
    """Each pair of named schemas is entered once, so this ends; the break at the end of all references is
    found.
    """
    count, layer = SHAPES[shape]
    old, new = (with_schemas(layers(count, layer, {"type": "string", "maxLength": n}), "S0") for n in (5, 4))
    changes = found(old, new)
    assert {c.severity for c in changes} >= {"breaking"}
    assert {c.severity for c in found(old, old)} == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "pattern": "^(a{1,2}){60}$"}, {"type": "string", "pattern": "^(a{1,2}){61}$"}),
        ({"type": "array", "minItems": 10**9}, {"type": "array", "minItems": 10**9 + 1}),
        ({"type": "string", "minLength": 10**9}, {"type": "string", "minLength": 10**9 + 1}),
        ({"type": "object", "minProperties": 10**9}, {"type": "object", "minProperties": 10**9 + 1}),
    ],
)
def test_bounds_that_cannot_be_tried_are_left_open(old: Data, new: Data) -> None:
    assert "may break" in {c.severity for c in found(holding(old), holding(new))}


def test_long_enum_is_decided() -> None:
    old, new = ({"enum": [f"v{n}" for n in range(count)]} for count in (5_000, 5_001))
    changes = found(holding(old), holding(new))
    assert sorted((c.severity, c.example) for c in changes) == [
        ("addition", '"v5000"'),
        ("breaking", '"v5000"'),
    ]


JUNK: list[Any] = [
    None, True, 5, -1, 1.5, "x", "", [], {}, [1], {"a": 1}, [None], {"$ref": "#/components/schemas/Book"},
    {"$ref": "#/nowhere"}, {"$ref": "#"},
    {"$ref": 5}, {"$ref": "#/paths"}, {"$ref": "/x"}, {"type": "strin"}, {"type": ["object", 5]}, {"enum": 5},
    {"properties": [1]}, {"required": {"a": 1}},
    {"minimum": "a"}, {"allOf": []}, {"anyOf": [1, None]}, {"items": [{}]}, {"pattern": "("}, {"format": []},
    {"multipleOf": 0}, {"maxLength": 10**30},
]  # fmt: skip


def pointers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inside:
        yield from pointers(member, (*path, key))


def tainted(data: Data, rng: random.Random) -> Data:
    made = copy.deepcopy(data)
    path = rng.choice(list(pointers(made)))
    at: Any = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = copy.deepcopy(rng.choice(JUNK))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_document_with_anything_anywhere_is_compared_or_refused(seed: int) -> None:
    rng = random.Random(seed)
    compared = 0
    for _ in range(60):
        old = tainted(BASE, rng) if rng.random() < 0.5 else copy.deepcopy(BASE)
        new = tainted(old, rng)
        old["openapi"] = new["openapi"] = rng.choice(["3.0.3", "3.1.0"])
        with suppress(PgagentsError):  # refused in words
            found(old, new)
            found(new, old)
            compared += 1
    assert compared > 0


def test_members_of_a_merge_key_stay_in_their_order() -> None:
    """An import writes them in this order, so it must not change from run to run."""
    names = [f"X-Header-{letter}" for letter in "QWERTYUIOP"]
    text = f"a: &a {{{', '.join(f'{name}: 1' for name in names)}}}\nb:\n  X-Header-E: 2\n  <<: *a\n"
    merged = parse(text, "x", foreign=True).data["b"]
    assert list(merged) == ["X-Header-E", *(name for name in names if name != "X-Header-E")]
    assert merged["X-Header-E"] == 2


def test_merge_key_takes_a_list_of_mappings_and_one_written_there() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\nd: {<<: {x: 4}, w: 4}\n"
    held = parse(text, "x", foreign=True)
    assert held.data["c"] == {"x": 1, "y": 1, "z": 3}
    assert held.data["d"] == {"x": 4, "w": 4}
    assert held.data["a"] == {"x": 1, "y": 1}
    assert parse('c: {"<<": {x: 1}}\n', "x", foreign=True).data == {"c": {"<<": {"x": 1}}}
    assert not held.problems


def test_document_and_the_catalogue_imported_from_it_do_not_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An import adds what a person is asked before a write, which no document has."""
    monkeypatch.chdir(tmp_path)
    Path("api.json").write_text(json.dumps(BASE, indent=1), encoding="utf-8")
    assert main(["import", "--full", "api.json", "--out", "mine.yaml"]) == 0
    assert main(["diff", "mine.yaml", "api.json"]) == 0
    assert main(["diff", "api.json", "mine.yaml"]) == 0
    assert "nothing that an agent" in capsys.readouterr().out


def test_change_of_a_document_beside_a_catalogue_has_the_line_of_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.json").write_text(json.dumps(BASE, indent=1), encoding="utf-8")
    new = edited(BASE, {f"{BOOK}|properties|name|maxLength": 8})
    Path("new.json").write_text(json.dumps(new, indent=1), encoding="utf-8")
    assert main(["import", "--full", "old.json", "--out", "mine.yaml"]) == 0
    capsys.readouterr()
    changes = told(capsys, "mine.yaml", "new.json")
    assert "breaking" in {c["severity"] for c in changes}
    assert {c["place"].partition(":")[0] for c in changes} == {"new.json"}
