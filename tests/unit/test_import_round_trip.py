"""A catalogue that is built as OpenAPI and imported again has the keys that OpenAPI can say.

tests/data/lost_by_openapi.yaml lists the keys that do not come back, each with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from importing import imported
from language_table import base, built_of, merged, rows, vendor_files
from pgagents.base.writing import to_yaml
from pgagents.catalogue.load import load_text
from pgagents.generate.build import build

LISTED: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "lost_by_openapi.yaml").read_text("utf-8")
)
LOST: dict[str, str] = LISTED["keys"]


def again(*parts: Any) -> Any:
    """Build the notes catalogue with further YAML, and import its OpenAPI document."""
    data = base()
    for part in parts:
        data = merged(data, part)
    built = build(load_text(to_yaml(data).decode(), "notes.yaml"))
    return imported_from(vendor_files(built, "openapi"))


def imported_from(files: Any) -> Any:
    made = imported(json.loads(files["openapi/openapi.json"]), offering=False)
    assert load_text(made.text).actions
    return made.data


@cache
def made_of(id: str) -> Any:
    """Return the catalogue that an import makes of the document of a row."""
    return imported_from(vendor_files(built_of(id), "openapi"))


def found_at(
    pattern: Sequence[str], data: Any, at: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the places and values that a pattern such as `actions.*.input.*.style` means."""
    if not pattern:
        yield at, data
        return
    names = [*data] if isinstance(data, dict) and pattern[0] == "*" else [pattern[0]]
    for name in names if isinstance(data, dict) else ():
        if name in data:
            yield from found_at(pattern[1:], data[name], (*at, name))


GROUPS = {
    "actions": {
        "create_note": {
            "either": [["address"], ["lat", "lng"]],
            "input": {
                "address": {"type": "string", "minLength": 1, "description": "Where it is"},
                "lat": {"type": "number", "description": "Degrees north"},
                "lng": {"type": "number", "description": "Degrees east"},
            },
            "examples": {"milk": {"input": {"address": "Rome"}}},
        }
    },
    "resources": {"note": {"made_by": {"input": {"address": "Rome"}}}},
    "workflows": {"write-and-read": {"steps": {"write": {"input": {"address": "Rome"}}}}},
}


def test_groups_of_members_come_back() -> None:
    action = again(GROUPS)["actions"]["create_note"]
    assert action["either"] == [["address"], ["lat", "lng"]]
    assert "Give exactly one of" not in action["description"]
    assert not any("required" in action["input"][name] for name in ("address", "lat", "lng"))


def test_reserved_characters_of_a_query_come_back() -> None:
    wanted = {"allow_reserved": True, "type": "string", "minLength": 1, "description": "In this folder"}
    data = again({"actions": {"list_notes": {"input": {"folder": wanted}}}})
    assert data["actions"]["list_notes"]["input"]["folder"]["allow_reserved"] is True


@pytest.mark.parametrize(
    "id", ["answer-file-of-several-types", "file-of-several-types", "file-argument", "answer-binary"]
)
def test_files_come_back_with_their_types_and_sizes(id: str) -> None:
    assert list(lost_of(id)) == []


def lost_of(id: str, keys: Collection[str] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a row that an import of its document has not, with the place and what is there.

    Those that are listed as lost are left out; or only the given ones are looked for.
    """
    row, listed = rows()[id], {*LOST, *LISTED["rows"].get(id, ())}
    written, made = yaml.safe_load(row.text()), made_of(id)
    for key in row.several("keys"):
        for place, value in found_at(key.split("."), written):
            asked = key not in listed if keys is None else key in keys
            if asked and not any(same(found, value, written, made) for found in values_at(made, place)):
                yield key, (".".join(map(str, place)), value)


def values_at(data: Any, place: Sequence[Any]) -> list[Any]:
    """Return what is at a place; of all arguments, since an import names them by their names on the wire."""
    found = [data]
    for before, step in zip(("", *place), place, strict=False):
        inner = [one for one in found if isinstance(one, dict)]
        named = before == "input"
        found = [v for one in inner for k, v in one.items() if named or k == step]
    return found


def same(found: Any, value: Any, written: Any, made: Any) -> bool:
    """True if a value came back; the name of an argument stands for its name on the wire."""
    return bool(
        found == value or (isinstance(value, str) and wires_of(written, value) & wires_of(made, found))
    )


def wires_of(data: Any, name: Any) -> set[str]:
    """Return the names that an argument of this name has on the wire, in any action."""
    inputs = [action.get("input") or {} for action in data["actions"].values()]
    return {str(given[name].get("wire", name)) for given in inputs if isinstance(name, str) and name in given}


@pytest.mark.matrix
@pytest.mark.parametrize("id", sorted(rows()))
def test_key_that_openapi_can_say_comes_back(id: str) -> None:
    assert list(lost_of(id)) == []


@pytest.mark.matrix
def test_key_is_listed_as_lost_only_where_it_is() -> None:
    """The first row that shows it suffices for a key of any row."""
    using = {key: [id for id, row in rows().items() if key in row.several("keys")] for key in LOST}
    assert [key for key, ids in using.items() if not any([*lost_of(id, [key])] for id in ids)] == []
    for id, listed in LISTED["rows"].items():
        assert {key for key, _ in lost_of(id, listed.keys())} == listed.keys()


def test_error_that_differs_comes_back_with_its_place() -> None:
    codes = imported_from(vendor_files(built_of("code-at-differs"), "openapi"))["errors"]["codes"]
    assert codes["gone"]["code_at"] == "error"
    assert codes["gone"]["content_type"] == "application/vnd.notes.error+json"
    assert codes["gone"]["envelope"] == "Flat"
    assert "code_at" not in codes["refused"]


def test_values_of_codes_come_back() -> None:
    codes = imported_from(vendor_files(built_of("code-on-the-wire"), "openapi"))["errors"]["codes"]
    wires = {code.get("wire", name) for name, code in codes.items()}
    assert {20404, "invalid-argument", "https://notes.example/errors#token"} <= wires


@pytest.mark.parametrize("id", ["etag", "if-match", "if-match-optional", "constant-headers"])
def test_conditional_calls_and_constant_headers_come_back(id: str) -> None:
    assert list(lost_of(id)) == []
