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
from pgagents.diff.openapi.tree import lines
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
    assert {c["subject"] for c in changes} == {"Book", "listBooks"}
    for change in changes:
        name, line, column = change["place"].rsplit(":", 2)
        assert name == paths[1]
        member = '"state"' if change["subject"] == "Book" else '"schema"'
        assert text.splitlines()[int(line) - 1][int(column) - 1 :].startswith(member), change


def test_shared_schema_is_told_once_with_those_who_read_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = edited(BASE, {f"{BOOK}|properties|state|enum": ["new", "sold", "lost"]})
    breaking = [c for c in told(capsys, *saved(tmp_path, BASE, new)) if c["severity"] == "breaking"]
    assert [(c["subject"], c["example"]) for c in breaking] == [("Book", '"lost"')]
    assert breaking[0]["operations"] == ["addBook", "bookDone", "getBook", "listBooks"]
    assert "`state` may be what it could not be before" in breaking[0]["message"]


def test_operation_without_an_id_goes_by_method_and_path() -> None:
    (change,) = found(BASE, edited(BASE, {"paths|/books/{id}|delete|deprecated": True}))
    assert change.subject == "DELETE /books/{id}"


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
    (change,) = told(capsys, str(tmp_path / "old.yaml"), str(new))
    line = int(change["place"].split(":")[-2])
    assert new.read_text(encoding="utf-8").splitlines()[line - 1].strip() == "post:"


def test_place_in_another_file_is_told_with_that_file(
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
        assert change["place"].startswith("parts.json:"), change


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
    assert "listBooks: answer 200: header X-Count may be missing now" in capsys.readouterr().out


def test_version_that_is_not_semantic_gets_no_next_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = edited(BASE, {"info|version": "2026-11-20"})
    assert main(["diff", *saved(tmp_path, old, edited(old, {f"{LIST}|operationId": "x"}))]) == 1
    assert "major; no next version is named" in capsys.readouterr().out


def test_document_that_is_none_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *saved(tmp_path, BASE, edited(BASE, {"openapi": "4.0.0"}))]) == 2
    said = capsys.readouterr().err
    assert "the document says `openapi: 4.0.0`" in said
    assert "Traceback" not in said


def test_lines_of_json_are_those_of_yaml() -> None:
    text = json.dumps(BASE, indent=2)
    pointers = [
        ("paths", "/books", "get"),
        ("servers", "1", "url"),
        ("info",),
        ("paths",),
        ("paths", "/nowhere"),
        ("tags", "7"),
        ("tags",),
    ]
    told = lines(text, "x", pointers)
    source = parse(text, "x", foreign=True)
    for pointer in pointers[:3]:
        steps = (int(step) if step.isdecimal() else step for step in pointer)
        assert told[pointer] == source.locate(steps).position
    assert told[("paths", "/nowhere")] == told[("paths",)]
    assert told[("tags", "7")] == told[("tags",)]
    assert lines(text, "x", [()]) == {(): "x:1:1"}
    assert lines("{a: {b: 1}}", "x", [("a", "b")]) == {("a", "b"): "x:1:6"}


# documents that mean harm


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
    "twice in a union": (40, lambda n: {"anyOf": [ref(n + 1), {"type": "array", "items": ref(n + 1)}]}),
    "twice in one schema": (40, lambda n: {"allOf": [ref(n + 1), ref(n + 1)]}),
    "a long chain": (3_000, lambda n: {"type": "object", "properties": {"a": ref(n + 1)}}),
    "references to references": (3_000, lambda n: ref(n + 1)),
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
    assert "may break" in {
        c.severity for c in found(with_schemas({"S": old}, "S"), with_schemas({"S": new}, "S"))
    }


def test_long_enum_is_decided() -> None:
    old, new = ({"enum": [f"v{n}" for n in range(count)]} for count in (5_000, 5_001))
    changes = found(with_schemas({"S": old}, "S"), with_schemas({"S": new}, "S"))
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
