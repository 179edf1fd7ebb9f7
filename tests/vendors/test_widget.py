"""The page to try a search on: one file, safe by its own policy, and of any catalogue."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loading import read_once
from pgagents.base.errors import InputError, PgagentsError
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build, document, plan
from pgagents.generate.render import Renderer
from pgagents.generate.target import BoundTarget, Target, View
from sandboxes import ROOT, Caller, model

FILE = "widget/index.html"
HARD = "</script><script>alert(1)</script>\"'&<!-- {{ 7*7 }}"
TREES: dict[str, Any] = {
    "page": {
        "path": "/try",
        "dispatcher": "forest",
        "one": "tree",
        "many": "trees",
        "lat": "lat",
        "lng": "lng",
        "radius_km": "radius_km",
        "items": "trees",
        "label": "name",
        "columns": [{"title": "Height", "show": "height"}],
        "places": {HARD: {"lat": 1.5, "lng": 2}},
    },
    "title": HARD,
    "description": HARD,
    "actions": ["find_trees"],
}
_NUMBER = {"type": "number", "minimum": -180, "maximum": 180}
FIND_TREES: dict[str, Any] = {
    "title": "Find trees",
    "description": "Find trees near a coordinate.",
    "http": "GET /trees",
    "effect": "read",
    "input": {
        "lat": {**_NUMBER, "required": True, "description": "Latitude"},
        "lng": {**_NUMBER, "required": True, "description": "Longitude"},
        "radius_km": {"type": "number", "default": 1, "description": "Radius"},
        "kind": {"type": "string", "enum": ["oak", HARD], "description": "Which kind"},
        "named": {"type": "string", "description": "Part of its name"},
        "old": {"type": "boolean", "default": False, "description": HARD},
        "ids": {"type": "array", "items": {"type": "string"}, "description": "Only these"},
    },
    "output": {
        200: {"required": ["trees"], "properties": {"trees": {"type": "array", "items": {"type": "object"}}}}
    },
}
FOREST = {
    "title": "Run one",
    "description": "Runs one.",
    "http": "POST /run",
    "selector": "do",
    "arguments": "with",
    "actions": ["find_trees"],
}


class Quoted(yaml.SafeDumper):
    """Quotes every text: by YAML 1.1 PyYAML leaves `1e5` bare, which YAML 1.2 reads as a number."""


Quoted.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def other(**changes: Any) -> Model:
    """The shop's catalogue with a search for trees and a page for it; `changes` replace members of the
    surface.
    """
    data = yaml.safe_load((ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8"))
    data["actions"]["find_trees"] = FIND_TREES
    data.setdefault("surfaces", {}).update({"forest": FOREST, "widget": {**TREES, **changes}})
    return load_text(yaml.dump(data, Dumper=Quoted, sort_keys=False), "shop.yaml")


def page(of: Model) -> str:
    """The page of a catalogue."""
    return document(of, FILE).artifacts()[0].data.decode()


@cache
def park_graph() -> str:
    return page(model("park_graph"))


class Elements(HTMLParser):
    """All elements with their attributes, and the text of styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self._in: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in = tag if tag == "style" or (tag == "script" and dict(attrs).get("type") is None) else None
        if self._in:
            self.raw[self._in].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = None if tag == self._in else self._in

    def handle_data(self, data: str) -> None:
        if self._in:
            self.raw[self._in][-1] += data


def policy(text: str) -> dict[str, list[str]]:
    """The page's own policy by directive."""
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert found
    return {words[0]: words[1:] for part in html.unescape(found[1]).split(";") if (words := part.split())}


def setting(text: str) -> Any:
    """Return the setting that the page gives its script."""
    found = re.search(r'<script type="application/json" id="setting">(.*?)</script>', text, re.S)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("of", ["park_graph", "other"])
def test_policy_names_the_style_and_the_script_by_their_hashes(of: str) -> None:
    text = park_graph() if of == "park_graph" else page(other())
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (inside,) = Elements(text).raw[tag]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert policy(text)[directive] == [f"'sha256-{digest}'"]


def test_policy_lets_nothing_else_through() -> None:
    found = policy(park_graph())
    assert found["default-src"] == found["base-uri"] == found["form-action"] == ["'none'"]
    assert found["connect-src"] == [
        "'self'",
        "https://parkgraph.com",
        "https://api.parkgraph.com",
        "http://127.0.0.1:*",
        "http://localhost:*",
    ]
    assert found["img-src"] == ["data:"]
    assert found["require-trusted-types-for"] == ["'script'"]
    assert found["trusted-types"] == ["'none'"]
    assert "unsafe" not in str(found)


def test_page_asks_for_nothing_from_outside() -> None:
    for tag, attributes in Elements(park_graph()).found:
        for name in ("src", "href", "srcset", "action", "formaction", "poster", "data", "style"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")) or tag == "a", (tag, name, value)
        assert not any(name.startswith("on") for name in attributes)
    css, script = Elements(park_graph()).raw["style"][0], Elements(park_graph()).raw["script"][0]
    assert not re.search(r"url\(|@import|@font-face", css)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|Storage|cookie|\.style\b",
        script,
    )


def test_page_is_the_same_to_the_byte_small_and_as_committed() -> None:
    assert len(park_graph()) < 60_000
    assert park_graph() == page(model("park_graph"))
    assert (ROOT / "generated" / FILE).read_bytes() == park_graph().encode()


def test_call_is_the_dispatchers() -> None:
    found = setting(park_graph())
    assert found["call"] == {
        "method": "POST",
        "path": "/api/v1/agents/openai/actions",
        "selector": "action",
        "arguments": "parameters",
        "action": "search_parking",
    }
    assert [f["name"] for f in found["fields"]] == ["lat", "lng", "radius_km", "limit", "autonomous_entry"]
    assert found["places"]["Vail Village"] == {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5}


def test_every_control_has_a_label_and_messages_are_announced() -> None:
    found = Elements(park_graph()).found
    labelled = {a.get("for") for tag, a in found if tag == "label"}
    controls = [a for tag, a in found if tag in ("input", "select")]
    assert len(controls) == 7
    ids = {a["id"] for _, a in found if "id" in a}
    for control in controls:
        assert control["id"] in labelled
        assert set(str(control["aria-describedby"]).split()) <= ids
    roles = {a["id"]: a.get("role") for _, a in found if "id" in a}
    assert (roles["status"], roles["problem"], roles["map"]) == ("status", "alert", "img")
    token = next(a for a in controls if a["id"] == "token")
    assert token["type"] == "password"
    assert not any("name" in a for a in controls), "nothing of the form can end in an address"


def test_page_of_another_catalogue_has_its_own_words_and_fields() -> None:
    text = page(other())
    found = setting(text)
    assert not re.search(r"parking|\blots?\b|vail", text, re.I)
    assert found["call"] == {
        "method": "POST",
        "path": "/run",
        "selector": "do",
        "arguments": "with",
        "action": "find_trees",
    }
    assert [(f["name"], f["kind"]) for f in found["fields"]] == [
        ("lat", "number"),
        ("lng", "number"),
        ("radius_km", "number"),
        ("kind", "choice"),
        ("named", "text"),
        ("old", "boolean"),
    ]


def test_key_of_another_scheme_is_said_in_a_sentence_and_sent_after_its_own_word() -> None:
    text = page(read_once(ROOT / "tests/catalogues/parcels.yaml"))
    assert "A shop's key. It stays in this page's memory" in html.unescape(text)
    assert '"Authorization": `ParcelwayToken ${token}`' in text
    assert "Old town" in text


def test_texts_of_a_catalogue_stay_texts() -> None:
    text = page(other())
    tags = [tag for tag, _ in Elements(text).found]
    assert tags.count("script") == 2
    assert list(setting(text)["places"]) == [HARD]
    assert html.escape(HARD) in text
    assert HARD not in text


@pytest.mark.matrix
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
    | st.sampled_from([HARD, "{% x %}", "1e5", "0o7", "\t&amp;\n", "</h1>"])
)
def test_any_text_arrives_as_it_is(text: str) -> None:
    made = page(other(title=text, page={**TREES["page"], "many": text}))
    found = re.search(r"<h1>(.*?)</h1>", made, re.S)
    assert found
    assert html.unescape(found[1]) == text
    assert setting(made)["many"] == text
    assert Elements(made).found[-1][0] == "script"


def test_server_that_would_loosen_the_policy_is_not_named_in_it() -> None:
    data = yaml.safe_load((ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8"))
    data["actions"]["find_trees"] = FIND_TREES
    data.setdefault("surfaces", {}).update({"forest": FOREST, "widget": TREES})
    data["api"]["server"] = "https://*;script-src"
    found = policy(page(load_text(yaml.safe_dump(data), "shop.yaml")))
    assert found["connect-src"] == ["'self'", "http://127.0.0.1:*", "http://localhost:*"]
    assert len(found["script-src"]) == 1


def test_catalogue_without_the_surface_has_no_page() -> None:
    assert "widget/page" not in plan(model("shop"))
    assert FILE in build(model("shop")).stale
    assert Caller("shop")("GET", "/widget", key=None).status in (401, 404)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"page": None}, "needs `page`"),
        ({"actions": ["place_order"]}, "writes"),
        ({"actions": ["find_trees", "search_products"]}, "for one action"),
        ({"page": {**TREES["page"], "dispatcher": "widget"}}, "is not a dispatcher"),
        ({"actions": ["search_products"]}, "not an action of the dispatcher `forest`"),
        ({"page": {**TREES["page"], "lat": "latitude"}}, "`latitude` is not an argument"),
        ({"page": {**TREES["page"], "places": {"A": {"lat": 1, "long": 2}}}}, "takes no argument `long`"),
        ({"page": {**TREES["page"], "labels": {"lon": "Longitude"}}}, "takes no argument `lon`"),
    ],
)
def test_page_that_names_what_is_not_there_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        other(**changes)
    assert any(said in found.message for found in refused.value.diagnostics), refused.value.diagnostics


@pytest.mark.parametrize("text", ["a</style>", "<!--", "\r"])
def test_style_that_would_end_its_element_is_refused(text: str, tmp_path: Any) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.j2").write_text("{{ text | inline }}", encoding="utf-8")
    made = BoundTarget("a/b", Target("t", ("a.html",), lambda _: View({})), View({"text": text}))
    with pytest.raises(PgagentsError, match="cannot contain"):
        Renderer(tmp_path).render(made)


def test_sandbox_serves_the_page_with_its_policy_as_a_header() -> None:
    answer = Caller()("GET", "/widget", key=None)
    assert answer.status == 200
    assert answer.body == (ROOT / "generated" / FILE).read_bytes()
    said = {
        words[0]: words[1:]
        for part in str(answer.header("content-security-policy")).split(";")
        if (words := part.split())
    }
    assert said == {**policy(park_graph()), "frame-ancestors": ["'none'"]}
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.header("x-content-type-options") == "nosniff"
    assert Caller()("POST", "/widget", {}, key=None).status == 405


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_text_have_contrast(scheme: str) -> None:
    """WCAG 2.2: 4.5 for text, 3 for the edge of a control and for the focus ring."""
    css = Elements(park_graph()).raw["style"][0]
    blocks = re.findall(r":root \{(.*?)\}", css, re.S)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", blocks[0 if scheme == "light" else 1]))
    for ink, grounds in {
        "text": ("ground", "card", "map", "bad-soft", "accent-soft"),
        "soft": ("ground", "card", "map", "bad-soft"),
        "accent": ("ground", "card", "accent-soft"),
        "on-accent": ("accent",),
        "bad": ("card", "bad-soft"),
    }.items():
        for ground in grounds:
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for edge in ("edge", "accent", "ring"):
        assert _contrast(colours[edge], colours["map" if edge == "ring" else "card"]) >= 3, edge
