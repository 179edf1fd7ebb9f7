"""Whatever a text of the catalogue says, it arrives in every document as it is and changes nothing else."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st

from lengths import tried
from pgagents.base.places import Node, Pointer, Text
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.generate.build import build
from pgagents.generate.render import Artifact, Renderer
from pgagents.generate.target import BoundTarget, Target, View

SHOP = Path(__file__).parents[1] / "catalogues" / "shop.yaml"
MARKER = "Marker"
LEAVES: dict[str, Pointer] = {
    "the API's title": ("api", "title"),
    "its words for models": ("api", "for_models"),
    "an action's title": ("actions", "search_products", "title"),
    "an action's description": ("actions", "search_products", "description"),
    "an argument's description": ("actions", "search_products", "input", "limit", "description"),
    "a member's description": ("schemas", "Product", "properties", "name", "description"),
    "an answer's description": ("actions", "search_products", "output", 200, "description"),
    "a value of an example": (
        "actions",
        "search_products",
        "examples",
        "kettles",
        "output",
        "products",
        0,
        "name",
    ),
}
HARD = [
    "{{ 7*7 }}", "{% for x in y %}", "{# note #}", '"', "'", "\\", '"""', "'''", "no", "12:30", "0o10",
    "2026-01-01", "null", "~",
    "=", "<<", ": ", " #", "a: b", "- a", "\x7f", "\x85", "\u2028", "\ufeff", "\t", "a\nb", "|", "`",
    "<script>", "&amp;", "\U0001f600",
    "%", "${x}", "$ref", "x" * 60,
]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | st.sampled_from(HARD)


def _with(pointer: Pointer, text: str) -> str:
    data: Any = parse(SHOP.read_text(encoding="utf-8")).data
    here = data
    for step in pointer[:-1]:
        here = here[step]
    here[pointer[-1]] = text
    return str(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=False))


def _documents(pointer: Pointer, text: str) -> dict[str, Artifact]:
    built = build(load_text(_with(pointer, text), "shop.yaml"))
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return {a.path: a for a in built.artifacts()}


@cache
def _plain(pointer: Pointer) -> dict[str, Any]:
    return {
        path: _read(a)
        for path, a in _documents(pointer, f"A {MARKER} z").items()
        if a.path.endswith((".json", ".yaml"))
    }


def _read(artifact: Artifact) -> Any:
    if artifact.path.endswith(".json"):
        return json.loads(artifact.data)
    data = yaml.load(artifact.data, Loader=yaml.CSafeLoader)
    assert data == parse(artifact.data.decode()).data
    return data


def _put(value: Any, text: str) -> Any:
    """The value with the marker replaced by the text, everywhere."""
    if isinstance(value, str):
        return value.replace(MARKER, text)
    if isinstance(value, list):
        return [_put(v, text) for v in value]
    if isinstance(value, dict):
        return {_put(k, text): _put(v, text) for k, v in value.items()}
    return value


@pytest.mark.parametrize("pointer", LEAVES.values(), ids=LEAVES)
@tried(2, 30, text=texts)
def test_any_text_arrives_as_it_is_and_changes_nothing_else(pointer: Pointer, text: str) -> None:
    text = text[:8] if pointer == ("api", "title") else text  # a plugin's name has at most 20 characters
    made = _documents(pointer, f"A {text} z")
    expected = _put(_plain(pointer), text)
    assert {path: _read(made[path]) for path in expected} == expected
    compile(made["pgagents/test_contracts.py"].data, "test_contracts.py", "exec")


@tried(6, 30, text=texts)
def test_the_property_tests_say_the_title_as_it_is(text: str) -> None:
    text = text[:8]
    code = _documents(("api", "title"), f"A {text} z")["pgagents/test_contracts.py"].data.decode()
    namespace: dict[str, Any] = {}
    docstring = compile(code.split("import json\n")[0], "head", "exec")
    exec(docstring, namespace)
    assert f"A {text} z" in namespace["__doc__"]


@tried(
    30,
    100,
    st.recursive(
        texts | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    ),
)
def test_tracing_changes_no_document(value: Any) -> None:
    """Marks go in and come out again, also where a text looks like one."""
    laid = {"a": value, "b": Node({"c": Text("\x000\x00", ("x",)), "\x00": "\x00\x00"}, origin=("y",))}
    made = BoundTarget("gemini/functions", Target("t", ("a.json",), lambda _: View({})), View({"laid": laid}))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "gemini").mkdir()
        (Path(folder) / "gemini/functions.j2").write_text("{{ laid | json }}", encoding="utf-8")
        plain = Renderer(Path(folder)).render(made)
        traced = Renderer(Path(folder), traced=True).render(made)
    assert traced.data == plain.data == laid
    assert traced.text != plain.text
    assert traced.origins == {("b",): ("y",), ("b", "c"): ("x",)}
